"""A conversation keeps date and facts; another day is asked about and never mixed in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from agent.graph.checkpoints import Checkpoints, Thread, in_memory, open_checkpoints
from agent.graph.nodes import ANEW, Context, State
from agent.graph.run import Done, Event, Paused, Reply, follow, resume, start
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.request import AskRequest
from agent.trace import Trace
from corpus.applicability import Issue, Role
from corpus.errors import BadInputError
from tests.agent.matters_cases import home, stored
from tests.corpus.build import history, version

QUESTION = "What does s 1 Widgets Act 1990 say?"
BEFORE, AFTER = date(2005, 1, 1), date(2015, 1, 1)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    act = history(version("1990-01-01", "2010-01-01"), version("2010-01-01"))
    settings = home(tmp_path)
    with stored(settings, act), Library.open(settings) as library:
        yield Context(library, ExtractivePolicy(library.works), interactive=True)


@pytest.fixture
def thread() -> Thread:
    return Thread(in_memory(), "talk")


def ended(events: Iterator[Event]) -> Trace:
    *_, last = events
    assert isinstance(last, Done), last
    return last.trace


def cited(trace: Trace) -> list[str]:
    return [c.version_id.rpartition("@")[2] for c in trace.answer.citations] if trace.answer else []


def test_a_follow_up_is_answered_from_the_law_of_the_same_day(
    context: Context, thread: Thread
) -> None:
    first = ended(start(context, AskRequest(question=QUESTION, as_at=BEFORE), thread))
    second = ended(follow(context, thread, "And what is the widget duty?"))
    third = ended(follow(context, thread, QUESTION))
    assert first.id == thread.id
    assert len({first.id, second.id, third.id}) == 3
    assert [t.governing.as_at for t in (first, second, third) if t.governing] == [BEFORE] * 3
    assert cited(first) == cited(third) == ["1990-01-01"]
    assert ended(resume(context, thread)).question == QUESTION


def test_nothing_of_the_question_before_is_in_the_next_answer(
    context: Context, thread: Thread
) -> None:
    first = ended(start(context, AskRequest(question=QUESTION, as_at=BEFORE), thread))
    assert first.answer is not None
    second = ended(follow(context, thread, "Quis custodiet ipsos custodes?"))
    assert second.answer is None
    assert [turn.index for turn in second.turns] == list(range(len(second.turns)))
    third = ended(follow(context, thread, QUESTION))
    assert third.abstention is None
    assert (third.closest, third.looked_at) == ((), None)
    assert ANEW.keys() | {"begun", "asked"} == State.__annotations__.keys()


def test_a_follow_up_that_names_another_day_is_asked_back(context: Context, thread: Thread) -> None:
    ended(start(context, AskRequest(question=QUESTION, as_at=BEFORE), thread))
    *_, last = follow(context, thread, "What does s 1 Widgets Act 1990 say on 1 January 2015?")
    assert isinstance(last, Paused)
    assert {choice.day for choice in last.missing.choices} == {BEFORE, AFTER}
    chosen = ended(resume(context, thread, Reply(as_at=AFTER)))
    assert cited(chosen) == ["2010-01-01"]
    assert chosen.governing is not None
    assert chosen.governing.confirmed


def test_a_day_read_in_the_first_question_is_kept_for_the_next(
    context: Context, thread: Thread
) -> None:
    asked = AskRequest(question="What did s 1 Widgets Act 1990 say on 1 January 2005?")
    ended(start(context, asked, thread))
    assert cited(ended(follow(context, thread, QUESTION))) == ["1990-01-01"]


def test_facts_and_filters_of_the_case_are_kept(context: Context, thread: Thread) -> None:
    facts = {Role.ACT: BEFORE}
    asked = AskRequest(
        question=QUESTION, issue=Issue.CIVIL, facts=facts, jurisdictions=("uk",), as_at=BEFORE
    )
    ended(start(context, asked, thread))
    again = ended(follow(context, thread, QUESTION))
    assert (again.facts, again.issue, again.jurisdictions) == (facts, Issue.CIVIL, ("uk",))


def test_a_conversation_goes_on_in_another_process(context: Context, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'threads.db'}"

    def opened(ask: object) -> Trace:
        with open_checkpoints(url) as checkpoints:
            return ended(ask(checkpoints))  # type: ignore[operator]

    def first(kept: Checkpoints) -> Iterator[Event]:
        return start(context, AskRequest(question=QUESTION, as_at=BEFORE), Thread(kept, "talk"))

    opened(first)
    later = opened(lambda kept: follow(context, Thread(kept, "talk"), QUESTION))
    assert cited(later) == ["1990-01-01"]


def test_a_thread_that_waits_or_is_not_there_takes_no_follow_up(
    context: Context, thread: Thread
) -> None:
    with pytest.raises(BadInputError, match="There is no thread 'talk'"):
        follow(context, thread, QUESTION)
    *_, last = start(context, AskRequest(question=QUESTION), thread)
    assert isinstance(last, Paused)
    with pytest.raises(BadInputError, match="has not ended"):
        follow(context, thread, QUESTION)


def test_an_empty_or_endless_follow_up_is_one_sentence(context: Context, thread: Thread) -> None:
    ended(start(context, AskRequest(question=QUESTION, as_at=BEFORE), thread))
    with pytest.raises(BadInputError, match="is empty"):
        follow(context, thread, " ")
    with pytest.raises(BadInputError, match="20001 characters"):
        follow(context, thread, "x" * 20_001)
