"""The Matters page without a browser: what it shows, what it takes, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from agent.matters.filing import file_question
from agent.matters.records import CaseFrame, MatterRecord
from agent.matters.store import Matters, matters_url
from agent.people import local_person
from agent.trace import Trace
from agent.trace_store import TraceStore, traces_url
from corpus.applicability import Role
from corpus.model import EndReason
from corpus.settings import Settings
from corpus.store import Store
from retrieval.index_build import refresh_index
from tests.agent.matters_cases import ANNA, HOSTILE, answered, stored
from tests.corpus.build import history, version
from tests.ui.page_state import press, shown, started, well
from ui.library import _opened
from ui.matters import desk, overview

QUESTION = "What does s 1 Widgets Act 1990 say?"
LOCAL = local_person()


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    monkeypatch.setenv("INFORCE_TODAY", "2026-11-22")
    monkeypatch.setenv("INFORCE_ENCODER", "none")
    found = Settings.load()
    with stored(found, history(version("1990-01-01"))):
        yield found
    _opened.clear()
    desk._opened.clear()
    overview._checked.clear()


@pytest.fixture
def matters(settings: Settings) -> Iterator[Matters]:
    with Matters.open(matters_url(settings)) as opened:
        yield opened


def filed(settings: Settings, matters: Matters, matter: MatterRecord) -> Trace:
    trace = answered(settings, QUESTION, "2026-11-20")
    with TraceStore.open(traces_url(settings)) as traces, Store.open(settings.store_url) as store:
        traces.save(trace)
        file_question(matters, LOCAL, matter.id, trace, store)
    return trace


def _page() -> None:
    from ui.pages.matters import page

    page()


def opened(matter: str = "") -> AppTest:
    app = AppTest.from_function(_page, default_timeout=60)
    return started(app, **({"matter": matter} if matter else {}))


def test_a_matter_is_made_filled_and_renamed(matters: Matters) -> None:
    app = opened()
    app.text_input(key="matter-name").input("Smith v Jones")
    app.text_input(key="new-as-at").input("5 April 2012")
    press(app, "Create")
    (made,) = matters.all(LOCAL)
    assert (made.name, made.frame.as_at) == ("Smith v Jones", date(2012, 4, 5))
    assert app.query_params["matter"] in (made.id, [made.id])
    app.text_input(key=f"frame-{Role.ACT}").input("2012-04-01")
    press(app, "Save")
    assert matters.get(LOCAL, made.id).frame.facts == {Role.ACT: date(2012, 4, 1)}
    app.selectbox(key="frame-topic").select("equality-act-2010").run()
    app.multiselect(key="frame-places").set_value(["uk"])
    app.text_input(key="frame-known-at").input("2012-06-01")
    press(app, "Save")
    frame = matters.get(LOCAL, made.id).frame
    assert (frame.topic, frame.jurisdictions) == ("equality-act-2010", ("uk",))
    assert frame.known_at == date(2012, 6, 1)
    assert frame.facts == {Role.ACT: date(2012, 4, 1)}
    app.text_area(key="note-text").input("Called the client.\n\nTwice.")
    press(app, "Add a note")
    assert "<p>Called the client.</p><p>Twice.</p>" in shown(app)
    app.text_input(key=f"name-{made.id}").input("Appeal")
    app.text_input(key=f"reference-{made.id}").input(" ACME/2026-118 ")
    press(app, "Save name and reference")
    assert "Appeal" in shown(app)
    assert "Client&#x27;s reference: ACME/2026-118" in shown(app)
    assert matters.get(LOCAL, made.id).reference == "ACME/2026-118"


def test_a_matter_is_found_by_its_reference_and_nothing_else_is(matters: Matters) -> None:
    smith = matters.create(LOCAL, "Smith v Jones", reference="ACME/2026-118")
    other = matters.create(LOCAL, "Ng v Roy", reference="ACME/2026-119")
    app = opened()
    assert {f"matter-{one.id}" for one in (smith, other)} <= keys(app)
    app.text_input(key="matter-find").input("acme/2026-118").run()
    assert f"matter-{smith.id}" in keys(app)
    assert f"matter-{other.id}" not in keys(app)
    app.text_input(key="matter-find").input("nobody").run()
    assert [caption.value for caption in app.caption if "No matter" in caption.value]


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def test_an_impossible_day_makes_no_matter_and_is_said(matters: Matters) -> None:
    app = opened()
    app.text_input(key="matter-name").input("Smith v Jones")
    app.text_input(key="new-as-at").input("30 February 2012")
    press(app, "Create")
    assert matters.all(LOCAL) == []
    assert any("is no day of the calendar" in e.value.replace("\\", "") for e in app.error)


def test_an_answer_of_a_matter_is_shown_and_replayed(settings: Settings, matters: Matters) -> None:
    matter = matters.create(LOCAL, "Smith v Jones")
    trace = filed(settings, matters, matter)
    app = opened(matter.id)
    assert QUESTION in shown(app)
    assert 'class="answer"' not in shown(app)
    well(app.toggle(key=f"show-{trace.id}").set_value(True).run())
    assert 'class="answer"' in shown(app)
    press(app, "Replay")
    assert "The answer came out as it was." in shown(app)
    press(app, "Take out")
    assert "No question is filed here yet" in app.caption[0].value


def test_a_change_on_record_is_an_alert_until_it_is_acknowledged(
    settings: Settings, matters: Matters
) -> None:
    matter = matters.create(LOCAL, "Smith v Jones")
    filed(settings, matters, matter)
    assert "new alert" not in shown(opened())
    with Store.open(settings.store_url) as store:
        store.write(history(version("1990-01-01", "2026-12-01", ended=EndReason.REPEALED)))
        refresh_index(store, settings.index_url, lambda *_: None)
    app = opened()
    assert "1 new alert" in shown(app)
    assert "Widgets Act 1990, s 1: will be repealed on 1 December 2026." in shown(app)
    press(app, "Acknowledge")
    assert "new alert" not in shown(app)
    assert "will be repealed" in shown(opened(matter.id)), "it stays in the history"


@pytest.mark.parametrize("whose", ["another's", "nobody's"])
def test_a_matter_that_is_not_yours_is_one_sentence(matters: Matters, whose: str) -> None:
    hers = matters.create(ANNA, "Secret client").id
    app = opened(hers if whose == "another's" else "f" * 32)
    (problem,) = app.error
    assert "There is no matter" in problem.value
    assert "Secret" not in shown(app)


def test_a_matter_deleted_while_it_is_looked_at_is_one_sentence(matters: Matters) -> None:
    matter = matters.create(LOCAL, "Smith v Jones")
    first, second = opened(matter.id), opened(matter.id)
    first.checkbox(key=f"sure-{matter.id}").check().run()
    press(first, "Delete for good")
    assert first.success[0].value.startswith("Deleted")
    assert matters.all(LOCAL) == []
    second.text_area(key="note-text").input("too late")
    press(second, "Add a note")
    assert ["There is no matter" in e.value for e in second.error] == [True, True]


def test_an_archived_matter_takes_no_note_and_no_question(matters: Matters) -> None:
    matter = matters.create(LOCAL, "Smith v Jones")
    matters.archive(LOCAL, matter.id)
    app = opened(matter.id)
    assert "Archived" in shown(app)
    assert [b.label for b in app.button if b.label in {"Add a note", "Save"}] == []
    press(app, "Open again")
    assert matters.get(LOCAL, matter.id).archived is None


def test_markup_in_every_field_is_text(settings: Settings, matters: Matters) -> None:
    frame = CaseFrame(topic=HOSTILE, extent=HOSTILE, jurisdictions=("zz",))
    matter = matters.create(LOCAL, HOSTILE, frame)
    matters.add_note(LOCAL, matter.id, HOSTILE)
    matters.share(LOCAL, matter.id, "<b>@firm.example")
    filed(settings, matters, matter)
    app = opened(matter.id)
    assert "<img" not in shown(app)
    assert "<b>" not in shown(app).replace("In<b>Force</b>", "")
    listed = [b.label for b in opened().button if "evil" in b.label]
    assert listed
    assert all("![" not in label and "**b" not in label for label in listed)


def test_a_note_of_20000_characters_is_shown_whole_and_a_longer_one_refused(
    matters: Matters,
) -> None:
    matter = matters.create(LOCAL, "Smith v Jones")
    app = opened(matter.id)
    app.text_area(key="note-text").input("x" * 20_000)
    press(app, "Add a note")
    assert "x" * 20_000 in shown(app)
    app.text_area(key="note-text").input("y" * 20_001)
    press(app, "Add a note")
    assert "20,001" in app.error[0].value.replace("\\", "")
    assert app.text_area(key="note-text").value == "y" * 20_001, "what was typed is not lost"
