"""Ask with matters: filing, follow-ups, and the date and facts of the matter asked in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from agent.graph.checkpoints import Thread, open_checkpoints, threads_url
from agent.graph.threads import kept
from agent.matters.deletion import delete_matter
from agent.matters.records import CaseFrame, MatterRecord
from agent.matters.store import Matters, matters_url
from agent.people import local_person
from agent.trace_store import TraceStore, traces_url
from corpus.applicability import Issue, Role
from corpus.settings import Settings
from tests.agent.matters_cases import ANNA, stored
from tests.corpus.build import history, version
from tests.ui.page_state import address, press, shown, started
from ui.library import _opened
from ui.matters import desk

APP = Path(__file__).parents[2] / "ui/app.py"
QUESTION = "What does s 1 Widgets Act 1990 say?"
LOCAL = local_person()


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    monkeypatch.setenv("INFORCE_TODAY", "2026-11-22")
    monkeypatch.setenv("INFORCE_ENCODER", "none")
    found = Settings.load()
    act = history(version("1990-01-01", "2010-01-01"), version("2010-01-01"))
    with stored(found, act):
        yield found
    _opened.clear()
    desk._opened.clear()


@pytest.fixture
def matters(settings: Settings) -> Iterator[Matters]:
    with Matters.open(matters_url(settings)) as opened:
        yield opened


@pytest.fixture
def matter(matters: Matters) -> MatterRecord:
    frame = CaseFrame(
        as_at=date(2005, 1, 1), issue=Issue.CIVIL, facts={Role.CONTRACT: date(2005, 1, 1)}
    )
    return matters.create(LOCAL, "Smith v Jones", frame)


def opened(**address: str) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    return started(app, **address)


def follow(app: AppTest, question: str) -> AppTest:
    app.text_area(key="follow-up-text").input(question)
    return press(app, "Ask the follow-up")


def test_an_answer_is_filed_in_a_matter_by_one_click(
    matters: Matters, matter: MatterRecord
) -> None:
    app = opened(q=QUESTION, as_at="2005-01-01")
    press(app, "File")
    assert "Filed in" in app.success[0].value
    (filed,) = matters.contents(LOCAL, matter.id).questions
    assert 'class="answer"' in shown(app)
    again = opened(id=filed.trace_id)
    assert "The widget duty as from 1990-01-01" in shown(again)


def test_ask_opened_from_a_matter_has_its_date_and_facts_and_files_the_answer(
    matters: Matters, matter: MatterRecord, settings: Settings
) -> None:
    app = opened(matter=matter.id)
    assert "In the matter Smith v Jones" in shown(app)
    assert app.text_input(key="as_at").value == "2005-01-01"
    assert app.text_input(key="fact-contract").value == "2005-01-01"
    app.text_area(key="question").input(QUESTION)
    press(app, "Ask")
    assert "as from 1990-01-01" in shown(app)
    assert address(app)["matter"] == matter.id
    follow(app, "And what does s 1 Widgets Act 1990 require?")
    questions = matters.contents(LOCAL, matter.id).questions
    assert len(questions) == 2
    with TraceStore.open(traces_url(settings)) as traces:
        found = [traces.load(one.trace_id) for one in questions]
    assert {trace.facts[Role.CONTRACT] for trace in found} == {date(2005, 1, 1)}
    assert {t.governing.as_at for t in found if t.governing} == {date(2005, 1, 1)}
    thread = found[0].id
    with open_checkpoints(threads_url(settings)) as checkpoints:
        assert kept(Thread(checkpoints, thread))["asked"].question.startswith("And what")
    assert delete_matter(matters, LOCAL, matter.id, settings).threads == 1
    with open_checkpoints(threads_url(settings)) as checkpoints:
        assert not kept(Thread(checkpoints, thread))


def test_a_follow_up_keeps_the_day_of_the_answer(settings: Settings) -> None:
    app = opened(q="What did s 1 Widgets Act 1990 say on 1 January 2005?")
    follow(app, QUESTION)
    assert "as from 1990-01-01" in shown(app)
    assert address(app) == {"q": QUESTION, "as_at": "2005-01-01"}


def test_a_follow_up_that_names_another_day_is_asked_back(settings: Settings) -> None:
    app = opened(q=QUESTION, as_at="2005-01-01")
    follow(app, "What does s 1 Widgets Act 1990 say on 1 January 2015?")
    assert "The days differ" in shown(app)
    assert 'class="answer"' not in shown(app)
    next(b for b in app.button if b.label.startswith("1 January 2015")).click().run()
    assert "as from 2010-01-01" in shown(app)


def test_a_matter_that_is_not_yours_or_is_archived_is_asked_in_by_nobody(
    matters: Matters, matter: MatterRecord, settings: Settings
) -> None:
    hers = matters.create(ANNA, "Secret client")
    app = opened(matter=hers.id, q=QUESTION, as_at="2005-01-01")
    assert "There is no matter" in app.error[0].value
    assert "Secret" not in shown(app)
    matters.archive(LOCAL, matter.id)
    app = opened(matter=matter.id, q=QUESTION, as_at="2005-01-01")
    assert "is archived" in app.error[0].value
    assert 'class="answer"' not in shown(app)
    with TraceStore.open(traces_url(settings)) as traces:
        assert traces.lines() == []
