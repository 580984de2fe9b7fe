"""What goes wrong while people label is one clear sentence on the page, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from corpus.settings import Settings
from rl.annotation.items import Candidate, Cited, Role
from rl.annotation.queue import assignments
from rl.annotation.queue.adjudication import disputes, settle
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.queue.labels import log
from rl.annotation.queue.tables import leases
from tests.rl.annotation.projects import chosen, fresh, item, text_of
from tests.ui.labelling_home import create_project, environment, labels_at, settings_under
from tests.ui.test_labelling_pages import _adjudicate, click, decide, seated, shown
from ui.labelling import desk as desk_module
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


def told(app: AppTest) -> list[str]:
    return [error.value.replace("\\", "") for error in app.error]


def test_a_decision_after_the_lease_ran_out_is_refused_and_what_was_typed_stays(
    queue: LabelQueue,
) -> None:
    app = seated()
    name = app.session_state["review-screen"].assignment.item
    app.text_area[0].input("see section 2").run()
    with queue.engine.begin() as connection:
        connection.execute(sa.update(leases).values(expires=0.0))
    for person in ("ben", "cid"):
        queue.add_person("fees", person, Role.ANNOTATOR)
        assert decide(queue, person, "A") == name
    click(app, "Unsure")
    assert len(told(app)) == 1
    assert "ran out" in told(app)[0]
    assert {row.person for row in log(queue, "fees")} == {"ben", "cid"}
    with queue.engine.connect() as connection:
        [kept] = connection.scalars(sa.text("select content from label_drafts"))
    assert "see section 2" in kept


def test_of_two_adjudicators_at_once_the_second_is_told_who_was_first(queue: LabelQueue) -> None:
    decide(queue, "ann", "A")
    decide(queue, "ben", "B")
    queue.add_person("fees", "john", Role.ADJUDICATOR)
    app = seated("judith", _adjudicate)
    [dispute] = disputes(queue, "fees")
    settle(queue, "fees", dispute, "john", chosen("B"), fresh(), text_of)
    click(app, "A is right")
    assert told(app) == [f"john has settled item {dispute.item.id} already."]
    assert [row.person for row in log(queue, "fees") if row.act == "adjudicated"] == ["john"]


def test_a_project_whose_run_is_gone_is_said_and_can_still_be_labelled(
    queue: LabelQueue, tmp_path: Path
) -> None:
    (tmp_path / "run" / "traces.jsonl").unlink()
    app = seated("judith", _adjudicate)
    assert [one.value.replace("\\", "") for one in app.warning] == [
        f"The run '{tmp_path / 'run' / 'traces.jsonl'}' of project 'fees' is gone: what is decided"
        " is kept and can be exported, but no more questions can be chosen from it."
    ]
    click(seated("ann"), "Unsure")
    assert len(log(queue, "fees")) == 1


def test_a_version_that_the_corpus_has_not_is_named_and_nothing_hides_it(queue: LabelQueue) -> None:
    gone = Candidate(letter="A", text="£1", citations=(Cited(version_id="gone@1", quote="£1"),))
    odd = item(7)
    shown_odd = odd.shown.model_copy(update={"candidates": (gone, *odd.shown.candidates[1:])})
    queue.add_items("fees", [odd.model_copy(update={"shown": shown_odd})])
    app = seated()
    for _ in range(4):
        click(app, "Unsure")
    assert "The corpus has no version <code>gone@1</code>." in shown(app)
    click(app, "Faulty question")
    assert len(log(queue, "fees")) == 5


@pytest.mark.usefixtures("queue")
def test_a_store_gone_read_only_is_said_and_no_decision_is_acknowledged(
    queue: LabelQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = seated()
    item_before = app.session_state["review-screen"].assignment.item
    served = desk_module._opened(labels_at(tmp_path))

    @sa.event.listens_for(served.engine, "begin")
    def refuse(connection: sa.Connection) -> None:
        connection.exec_driver_sql("pragma query_only=on")

    click(app, "Unsure")
    assert len(told(app)) == 1
    assert "cannot be written: attempt to write a readonly database" in told(app)[0]
    assert "nothing was saved" in told(app)[0]
    assert "0 decided by you" in shown(app)
    assert log(queue, "fees") == []
    assert app.session_state["review-screen"].assignment.item == item_before


def test_the_settled_can_no_longer_be_undone_or_changed(queue: LabelQueue) -> None:
    app = seated()
    click(app, "A is right")
    decide(queue, "ben", "B")
    [dispute] = disputes(queue, "fees")
    settle(queue, "fees", dispute, "judith", chosen("A"), fresh(), text_of)
    app.run()
    undo = next(button for button in app.button if button.label == "Undo the last")
    assert undo.disabled
    assert next(b for b in app.button if b.label == "Settled by an adjudicator").disabled


def test_earlier_decisions_can_be_changed_too(queue: LabelQueue) -> None:
    app = seated()
    first = app.session_state["review-screen"].assignment.item
    click(app, "Unsure")
    click(app, "Faulty question")
    app.session_state["lately"] = True
    app.run()
    changes = [button for button in app.button if button.label == "Change"]
    assert len(changes) == 2
    changes[-1].click().run()
    assert app.session_state["review-screen"].assignment.item == first
    click(app, "A is right")
    [again, _] = assignments.recent(queue, "fees", "ann")
    assert (again.item, again.decision.choice) == (first, chosen("A").choice)
