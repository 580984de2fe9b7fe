from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import pytest

from agent.graph.nodes import AskRequest, Context, Step, ToolReturned
from agent.graph.run import Done, ask, run, stream
from agent.library import Library
from agent.policy import (
    Act,
    Draft,
    DraftCitation,
    PolicyError,
    PolicyState,
    Sentence,
    ToolRequest,
)
from agent.trace import Abstention, AbstentionReason, StopReason, Trace
from corpus.errors import BadInputError, SearchFailedError
from retrieval.query import Hit, StatuteQuery

DAY = date(2001, 1, 1)
LICENCE = "uk/widgets-1990#licence@1990-01-01"
QUOTE = "Nobody may make widgets without a licence."


@dataclass
class Scripted:
    """A policy that plays its acts in order and keeps what it was shown."""

    acts: Sequence[Act | PolicyError]
    name: str = "scripted"

    def __post_init__(self) -> None:
        self.shown: list[PolicyState] = []

    def act(self, state: PolicyState) -> Act:
        self.shown.append(state)
        move = self.acts[min(len(self.shown), len(self.acts)) - 1]
        if isinstance(move, PolicyError):
            raise move
        return move


def search(query: str = "licence widgets", as_at: str = "2001-01-01") -> Act:
    arguments = {"query": query, "as_at": as_at}
    return Act(calls=(ToolRequest(id="1", name="search_statutes", arguments=arguments),))


def draft(version_id: str = LICENCE, quote: str = QUOTE, text: str = "A licence is needed.") -> Act:
    cited = DraftCitation(version_id=version_id, quote=quote)
    return Act(draft=Draft(sentences=(Sentence(text=text, citations=(cited,)),)))


def played(library: Library, *acts: Act | PolicyError, as_at: date | None = DAY) -> Trace:
    return ask(library, "Is a licence needed?", as_at=as_at, policy=Scripted(acts))


@dataclass(frozen=True)
class BrokenIndex:
    corpus_hash: str = "broken"

    def search(self, query: StatuteQuery) -> list[Hit]:
        raise SearchFailedError("The engine is down.")

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        raise SearchFailedError("The engine is down.")

    def close(self) -> None:
        pass


def test_search_then_answer(library: Library) -> None:
    trace = played(library, search(), draft())
    assert trace.stop is StopReason.ANSWERED
    assert trace.answer is not None
    assert trace.answer.text == "A licence is needed. [1]"
    assert [c.version_id for c in trace.answer.citations] == [LICENCE]
    assert trace.abstention is None
    assert [len(turn.calls) for turn in trace.turns] == [1, 0]
    assert trace.corpus_hash == library.corpus_hash


def test_a_trace_survives_json(library: Library) -> None:
    for trace in (
        played(library, search(), draft()),
        played(library, draft()),
        played(library, as_at=None),
    ):
        assert Trace.model_validate_json(trace.model_dump_json()) == trace


def test_token_ids_travel_unchanged(library: Library) -> None:
    ids = {"prompt_ids": (5, 3), "completion_ids": (8, 1, 9), "logprobs": (-0.5, -0.25, 0.0)}
    trace = played(library, search().model_copy(update=ids), draft())
    kept = trace.turns[0]
    assert (kept.prompt_ids, kept.completion_ids) == (ids["prompt_ids"], ids["completion_ids"])
    assert kept.logprobs == ids["logprobs"]


def test_no_date_no_search(library: Library) -> None:
    policy = Scripted([search(), draft()])
    deaf = replace(library, index=BrokenIndex())
    trace = ask(deaf, "Is a licence needed?", as_at=None, policy=policy)
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.NO_DATE
    assert trace.governing is None
    assert policy.shown == []


def test_a_date_in_the_question_is_used_and_said(library: Library) -> None:
    question = "Was a licence needed on 3 March 2004?"
    trace = ask(library, question, as_at=None, policy=Scripted([search(), draft()]))
    assert trace.governing is not None
    assert (trace.governing.as_at, trace.governing.assumed) == (date(2004, 3, 3), True)
    assert "3 March 2004" in trace.governing.ground


def test_a_given_date_beside_another_one_in_the_question_counts_when_it_is_confirmed(
    library: Library,
) -> None:
    asked = AskRequest(question="Was a licence needed on 3 March 2004?", as_at=DAY)
    context = Context(library, Scripted([search(), draft()]))
    open_ = run(context, asked)
    assert open_.abstention is not None
    assert open_.abstention.reason is AbstentionReason.NO_DATE
    trace = run(context, asked.model_copy(update={"confirmed": True}))
    assert trace.governing is not None
    assert (trace.governing.as_at, trace.governing.assumed) == (DAY, False)


@pytest.mark.parametrize(
    "question",
    [
        "What changed between 1 May 2004 and 1 May 2005?",
        "What does the Widgets Act of 1 January 1990 require?",
        "Was a licence needed in 2004?",
    ],
)
def test_two_dates_a_title_or_a_year_do_not_date_a_question(
    library: Library, question: str
) -> None:
    trace = ask(library, question, as_at=None, policy=Scripted([search()]))
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.NO_DATE


def test_an_unverified_draft_does_not_ship(library: Library) -> None:
    for bad in (
        draft(version_id="uk/widgets-1990#licence@2031-01-01"),
        draft(version_id="uk/widgets-1990#register@1990-01-01", quote="five years"),
        draft(quote="Anybody may make widgets without a licence."),
    ):
        trace = played(library, search(), bad)
        assert trace.answer is None
        assert trace.abstention is not None
        assert trace.abstention.reason is AbstentionReason.UNVERIFIED
        assert any(not finding.passed for finding in trace.findings)


def test_an_id_that_was_guessed_may_not_be_cited(library: Library) -> None:
    trace = played(library, draft())
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.UNVERIFIED


def test_a_failed_engine_is_never_an_empty_result(library: Library) -> None:
    broken = replace(library, index=BrokenIndex())
    trace = ask(broken, "Is a licence needed?", as_at=DAY, policy=Scripted([search(), draft()]))
    assert trace.stop is StopReason.TOOL_ERROR
    call = trace.turns[0].calls[0]
    assert (call.error, call.result) == ("The engine is down.", None)
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.FAILED


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("search_statutes", {"query": "licence"}, "as_at"),
        ("search_statutes", {"query": "licence", "as_at": "yesterday"}, "YYYY-MM-DD"),
        ("search_statutes", {"query": "licence", "as_at": "2001-02-30"}, "YYYY-MM-DD"),
        ("search_statutes", {"query": "licence", "as_at": "20010101"}, "YYYY-MM-DD"),
        ("search_statutes", {"query": "x", "as_at": "2001-01-01", "limit": 900}, "limit"),
        ("search_statutes", {"query": "x", "as_at": "2001-01-01", "known_at": "2020"}, "known_at"),
        ("search_statutes", {"query": "x" * 20_001, "as_at": "2001-01-01"}, "query"),
        ("drop_tables", {}, "search_statutes"),
    ],
)
def test_a_refused_call_tells_the_policy_what_to_correct(
    library: Library, name: str, arguments: dict[str, object], said: str
) -> None:
    wrong = Act(calls=(ToolRequest(id="1", name=name, arguments=arguments),))
    trace = played(library, wrong, search(), draft())
    assert trace.stop is StopReason.ANSWERED
    refused = trace.turns[0].calls[0]
    assert refused.error is None
    assert said in refused.result.problem


def test_a_policy_that_never_answers_runs_out_of_turns(library: Library) -> None:
    policy = Scripted([search()])
    trace = ask(library, "Is a licence needed?", as_at=DAY, policy=policy)
    assert trace.stop is StopReason.TURN_BUDGET
    assert trace.abstention is not None
    assert [state.turns_left for state in policy.shown] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_a_failed_policy_keeps_the_trace_up_to_there(library: Library) -> None:
    trace = played(library, search(), PolicyError("The model went away."))
    assert trace.stop is StopReason.POLICY_ERROR
    assert len(trace.turns) == 1
    assert trace.abstention is not None
    assert "The model went away." in trace.abstention.explanation


def test_an_abstention_of_the_policy_is_the_outcome(library: Library) -> None:
    said = Abstention(reason=AbstentionReason.NOT_FOUND, explanation="Nothing speaks of it.")
    trace = played(library, search(), Act(abstention=said))
    assert (trace.stop, trace.abstention) == (StopReason.ABSTAINED, said)


def test_an_act_is_exactly_one_move() -> None:
    said = Abstention(reason=AbstentionReason.NOT_FOUND, explanation="Nothing.")
    for broken in ({}, {"abstention": said, "calls": search().calls}):
        with pytest.raises(ValueError, match="exactly one"):
            Act.model_validate(broken)


def test_the_stream_tells_each_step_and_ends_with_the_trace(library: Library) -> None:
    asked = AskRequest(question="Is a licence needed?", as_at=DAY)
    events = list(stream(library, asked, policy=Scripted([search(), draft()])))
    steps = [event.name for event in events if isinstance(event, Step)]
    assert steps == ["frame", "decide", "act", "decide", "act", "verify", "respond"]
    called = [event.call.name for event in events if isinstance(event, ToolReturned)]
    assert called == ["search_statutes"]
    assert isinstance(events[-1], Done)
    assert sum(isinstance(event, Done) for event in events) == 1


@pytest.mark.parametrize("question", ["", "  \n", "x" * 20_001])
def test_an_empty_or_endless_question_is_bad_input(library: Library, question: str) -> None:
    with pytest.raises(BadInputError):
        ask(library, question, as_at=DAY)


def test_two_runs_share_nothing(library: Library) -> None:
    first = played(library, search(), draft())
    second = played(library, draft())
    assert first.answer is not None
    assert second.answer is None, "ids seen in one thread may not be cited in another"
