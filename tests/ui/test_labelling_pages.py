"""The labelling pages without a browser: who may sit down, what is kept, what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from corpus.settings import Settings
from rl.annotation.items import Decision, Faulty, Role, Skipped, Unsure
from rl.annotation.queue import assignments
from rl.annotation.queue.adjudication import disputes, settle
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.queue.labels import log
from tests.rl.annotation.projects import chosen, fresh, project, text_of
from tests.ui.labelling_home import create_project, environment, settings_under
from tests.ui.page_state import shown, started
from ui.labelling import desk as desk_module
from ui.languages.catalogue import SOURCE, catalogue, in_language, word
from ui.library import _opened


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    found = settings_under(tmp_path)
    for name, value in environment(found, tmp_path).items():
        monkeypatch.setenv(name, value)
    yield found
    _opened.clear()
    desk_module._opened.clear()


@pytest.fixture
def queue(settings: Settings, tmp_path: Path) -> Iterator[LabelQueue]:
    with create_project(settings, tmp_path) as made:
        yield made


def _review() -> None:
    from ui.pages.review import page

    page()


def _adjudicate() -> None:
    from ui.pages.adjudicate import page

    page()


def opened(page: object = _review, **address: str) -> AppTest:
    app = AppTest.from_function(page, default_timeout=30)  # type: ignore[arg-type]
    return started(app, **address)


def seated(person: str = "ann", page: object = _review) -> AppTest:
    return opened(page, project="fees", person=person)


def click(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if button.label == words).click().run()
    assert not app.exception
    return app


def decide(queue: LabelQueue, person: str, letter: str) -> str:
    held = assignments.next_item(queue, "fees", person)
    assert held is not None
    assignments.submit(queue, held, person, chosen(letter), fresh(), text_of)
    return held.item


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("page", [_review, _adjudicate])
def test_a_missing_database_says_how_to_make_one(page: object) -> None:
    app = opened(page)
    assert len(app.error) == 1
    assert "inforce labels create" in app.markdown[-1].value


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("page", "address", "words"),
    [
        (_review, {"project": "taxes", "person": "ann"}, "no labelling project"),
        (_review, {"project": "fees", "person": "eve"}, "eve does not work on project"),
        (_adjudicate, {"project": "fees", "person": "ann"}, "ann is an annotator"),
    ],
)
def test_who_may_not_sit_here_is_told_so(page: object, address: dict[str, str], words: str) -> None:
    app = opened(page, **address)
    assert len(app.error) == 1
    assert words in app.error[0].value.replace("\\", "")
    assert "card candidate" not in shown(app)


@pytest.mark.usefixtures("queue")
def test_project_and_person_are_chosen_once() -> None:
    app = opened()
    app.selectbox[1].set_value("ben").run()
    click(app, "Begin")
    assert "card candidate" in shown(app)
    assert "".join(app.query_params["person"]) == "ben"
    assert "".join(app.query_params["project"]) == "fees"


def test_nothing_that_would_bias_is_shown_before_the_decision(queue: LabelQueue) -> None:
    app = seated()
    before = shown(app)
    assert before.count("card candidate") == 3
    assert "<mark>pays a fee of £40 for every stall</mark>" in before
    assert "In force from 1 January 1980 to 31 December 1999" in before
    assert before.count("source read on") == before.count('class="provenance"') > 0
    assert '<figure class="redline">' in before
    assert "low_confidence" not in before
    assert "Rollouts behind" not in before
    click(app, "Unsure")
    assert "Why this item: chosen by low_confidence" in shown(app)
    assert len(log(queue, "fees")) == 1


def test_a_refused_decision_keeps_the_note_and_says_why(queue: LabelQueue) -> None:
    app = seated()
    item = app.session_state["review-screen"].assignment.item
    app.text_area[0].input("The earlier text governs.").run()
    for person, letter in (("ben", "A"), ("cid", "B")):
        queue.add_person("fees", person, Role.ANNOTATOR)
        held = assignments.next_item(queue, "fees", person)
        assert held is not None
        if held.item == item:
            assignments.submit(queue, held, person, chosen(letter, flagged=True), fresh(), text_of)
    [dispute] = disputes(queue, "fees")
    settle(queue, "fees", dispute, "judith", chosen("A"), fresh(), text_of)
    click(app, "Faulty question")
    assert "settled item" in app.error[0].value
    assert app.text_area[0].value == "The earlier text governs."


def test_pause_gives_the_item_back_and_the_draft_returns(queue: LabelQueue) -> None:
    app = seated()
    item = app.session_state["review-screen"].assignment.item
    app.text_area[0].input("so far").run()
    click(app, "High")
    click(app, "Pause")
    assert "card candidate" not in shown(app)
    click(app, "Go on")
    screen = app.session_state["review-screen"]
    assert screen.assignment.item == item
    assert app.text_area[0].value == "so far"
    click(app, "Unsure")
    [row] = log(queue, "fees")
    assert row.decision is not None
    assert (row.decision.note, row.decision.confidence.value) == ("so far", "high")


def test_a_half_marked_span_survives_a_restart(queue: LabelQueue) -> None:
    app = seated()
    item = app.session_state["review-screen"].assignment.item
    click(app, "None: another version")
    click(app, next(b.label for b in app.button if "2000" in b.label and "since" in b.label))
    words = next(area for area in app.text_area if area.label == "The words that answer")
    words.input("a fee of £65").run()
    again = seated()
    assert again.session_state["review-screen"].assignment.item == item
    words = next(area for area in again.text_area if area.label == "The words that answer")
    assert words.value == "a fee of £65"
    assert log(queue, "fees") == []
    click(again, "Save this version")
    [row] = log(queue, "fees")
    assert row.decision is not None
    assert row.decision.choice.quote == "a fee of £65"


def test_undo_brings_the_item_and_its_note_back(queue: LabelQueue) -> None:
    app = seated()
    item = app.session_state["review-screen"].assignment.item
    app.text_area[0].input("too quick").run()
    click(app, "Unsure")
    click(app, "Undo the last")
    assert app.session_state["review-screen"].assignment.item == item
    assert app.text_area[0].value == "too quick"
    assert [row.act for row in log(queue, "fees")] == ["decided", "withdrawn"]


def test_a_decision_reopened_and_left_alone_stands(queue: LabelQueue) -> None:
    app = seated()
    click(app, "Unsure")
    click(app, "Change")
    assert "You decided: Unsure" in app.info[0].value.replace("\\", "")
    click(app, "Pause")
    [recent] = assignments.recent(queue, "fees", "ann")
    assert recent.decision.choice == Unsure()
    click(app, "Change")
    click(app, "Faulty question")
    [recent] = assignments.recent(queue, "fees", "ann")
    assert recent.decision.choice == Faulty()


def test_another_version_is_saved_with_words_and_offsets(queue: LabelQueue) -> None:
    app = seated()
    click(app, "None: another version")
    click(app, next(b.label for b in app.button if "2000" in b.label and "since" in b.label))
    words = next(area for area in app.text_area if area.label == "The words that answer")
    words.input("a fee of £66").run()
    click(app, "Save this version")
    assert "do not stand in the version" in app.error[0].value
    words = next(area for area in app.text_area if area.label == "The words that answer")
    words.input("a fee of £65").run()
    click(app, "Save this version")
    [row] = log(queue, "fees")
    assert isinstance(row.decision, Decision)
    choice = row.decision.choice
    assert choice.kind == "version"
    assert (choice.quote, choice.end - choice.start) == ("a fee of £65", 12)


@pytest.mark.usefixtures("queue")
def test_a_skip_needs_a_reason() -> None:
    app = seated()
    click(app, "Skip")
    click(app, "Skip for this reason")
    assert "Type a reason" in app.error[0].value


def test_a_project_of_another_corpus_is_one_sentence(queue: LabelQueue) -> None:
    queue.create(project("other"), "", owner="olga")
    for page in (_review, _adjudicate):
        app = opened(page, project="other", person="olga")
        assert "is about corpus abc" in app.error[0].value.replace("\\", "")
        assert len(app.error) == 1
    assert "0 of 0 items labelled" in shown(app)


def test_guidelines_and_notes_of_others_are_text(queue: LabelQueue) -> None:
    hostile = "<img src=https://evil.example/y.png>"
    for person, letter in (("ann", "A"), ("ben", "B")):
        held = assignments.next_item(queue, "fees", person)
        assert held is not None
        made = chosen(letter, note=hostile)
        assignments.submit(queue, held, person, made, fresh(), text_of)
    assert "<img" not in shown(seated("ann"))
    app = seated("judith", _adjudicate)
    assert "&lt;img src" in shown(app)
    assert "<img" not in shown(app)


def test_disputes_stand_side_by_side_and_are_settled(queue: LabelQueue) -> None:
    decide(queue, "ann", "A")
    decide(queue, "ben", "B")
    app = seated("judith", _adjudicate)
    assert shown(app).count('<section class="made">') == 2
    assert "0 of 4 items labelled" in shown(app)
    assert "Rollouts behind" not in shown(app)
    click(app, "A is right")
    assert "Nothing is to be settled." in app.info[0].value
    assert "1 of 4 items labelled" in shown(app)


def test_a_settlement_of_decisions_that_changed_meanwhile_is_refused(queue: LabelQueue) -> None:
    item = decide(queue, "ann", "A")
    decide(queue, "ben", "B")
    app = seated("judith", _adjudicate)
    app.text_area[0].input("A, since s 1 says so").run()
    again = assignments.reopen(queue, "fees", "ben", item)
    assignments.submit(queue, again, "ben", chosen("C"), fresh(), text_of)
    click(app, "A is right")
    assert "changed meanwhile" in app.error[0].value
    assert app.text_area[0].value == "A, since s 1 says so"
    assert len(disputes(queue, "fees")) == 1


# -- languages -----------------------------------------------------------------------------------


def _review_in_the_language_of_the_address() -> None:
    from ui.languages.choice import in_chosen_language
    from ui.pages.review import page

    with in_chosen_language():
        page()


def _adjudicate_in_the_language_of_the_address() -> None:
    from ui.languages.choice import in_chosen_language
    from ui.pages.adjudicate import page

    with in_chosen_language():
        page()


OF_LABELLING = ("labelling.", "skip_reason.", "confidence.", "label_status.", "abstaining.")


def english_on(app: AppTest, language: str) -> list[str]:
    """Return the sentences of the English catalogue that a page in another language shows."""
    kinds = ("button", "caption", "error", "info", "markdown", "expander")
    texts = [
        getattr(one, "label", "") or getattr(one, "value", "") for k in kinds for one in app.get(k)
    ]
    for field in (*app.text_input, *app.text_area, *app.selectbox):
        texts += [field.label, field.proto.placeholder]
    said = f" {' | '.join(map(str, texts))} {shown(app)} "
    ours, theirs = catalogue(SOURCE), catalogue(language)
    return [
        key
        for key, entry in ours.items()
        if key.startswith(OF_LABELLING) and entry != theirs[key]
        for part in [re.split(r"\{\w+\}", str(entry))]
        if all(re.search(rf"(?<!\w){re.escape(p.strip())}(?!\w)", said) for p in part if p.strip())
    ]


def test_english_left_on_a_page_is_found(queue: LabelQueue) -> None:
    assert queue
    assert "labelling.unsure" in english_on(seated(), "fr")


@pytest.mark.parametrize("language", ["fr", "de"])
def test_no_english_is_left_on_the_labelling_pages(queue: LabelQueue, language: str) -> None:
    where = {"project": "fees", "person": "ann", "lang": language}
    asked = opened(_review_in_the_language_of_the_address, project="fees", lang=language)
    assert english_on(asked, language) == []
    app = opened(_review_in_the_language_of_the_address, **where)
    assert '<p class="ground" lang="en">' in shown(app)
    assert '<p lang="en">' in shown(app)
    with in_language(language):
        steps = [word(f"labelling.{name}") for name in ("none_right", "abstain", "skip")]
        back, pause, unsure = (word(f"labelling.{n}") for n in ("back", "pause", "unsure"))
        skip = word("labelling.skip_for")
    for step in steps:
        assert english_on(app, language) == []
        click(app, step)
        assert english_on(app, language) == []
        if step == steps[-1]:
            click(app, skip)
            assert app.error
            assert english_on(app, language) == []
        click(app, back)
    click(app, unsure)
    assert english_on(app, language) == []
    click(app, pause)
    assert english_on(app, language) == []
    decide(queue, "ann", "A")
    decide(queue, "ben", "B")
    decide(queue, "ben", "B")
    settled = opened(
        _adjudicate_in_the_language_of_the_address,
        project="fees",
        person="judith",
        lang=language,
    )
    assert english_on(settled, language) == []


def test_a_reason_to_skip_is_kept_in_english_and_shown_in_the_readers_language(
    queue: LabelQueue,
) -> None:
    where = {"project": "fees", "person": "ann", "lang": "de"}
    app = opened(_review_in_the_language_of_the_address, **where)
    click(app, "Überspringen")
    click(app, "Nicht mein Fachgebiet")
    (row,) = [row for row in log(queue, "fees") if row.decision is not None]
    assert row.decision is not None
    assert row.decision.choice == Skipped(reason="Not my field")
    assert "Übersprungen: Nicht mein Fachgebiet" in shown(app)
