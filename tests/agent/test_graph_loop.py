"""The loop: budgets, calls that run together, a draft that comes back once, words as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date

import pytest

from agent.graph.nodes import Context, TextPiece
from agent.graph.run import Done, request_of, run, run_each, start
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.policy import Act, Policy, PolicyState, ToolRequest
from agent.request import AskRequest
from agent.tools import toolbox
from agent.trace import Abstention, AbstentionReason, StopReason, Trace
from corpus.applicability import Code, Issue, Role
from corpus.errors import BadInputError, SearchFailedError
from retrieval.query import Hit, StatuteQuery
from tests.agent.test_graph import DAY, LICENCE, Scripted, draft, search

ASKED = AskRequest(question="Is a licence needed?", as_at=DAY)


def played(library: Library, *acts: Act, **limits: object) -> tuple[Trace, list[PolicyState]]:
    policy = Scripted(acts)
    context = replace(Context(library, policy), **limits)
    return run(context, ASKED), policy.shown


def calls(*requests: tuple[str, dict[str, object]]) -> Act:
    numbered = enumerate(requests, start=1)
    return Act(
        calls=tuple(
            ToolRequest(id=f"{n}", name=name, arguments={"as_at": "2001-01-01", **arguments})
            for n, (name, arguments) in numbered
        )
    )


def tokens(act: Act, prompt: int, completion: int) -> Act:
    ids = {"prompt_ids": (1,) * prompt, "completion_ids": (2,) * completion}
    return act.model_copy(update={**ids, "logprobs": (0.0,) * completion})


# -- budgets -----------------------------------------------------------------------------------


def test_a_thread_stops_when_its_tokens_are_spent(library: Library) -> None:
    trace, shown = played(library, tokens(search(), 30, 10), max_tokens=100)
    assert trace.stop is StopReason.TOKEN_BUDGET
    assert [state.tokens_left for state in shown] == [100, 60, 20]
    assert trace.abstention is not None
    assert "100 tokens" in trace.abstention.explanation
    assert len(trace.turns) == 3


def test_an_answer_on_the_last_token_ships(library: Library) -> None:
    acts = (tokens(search(), 30, 20), tokens(draft(), 40, 10))
    trace, _ = played(library, *acts, max_tokens=100)
    assert trace.stop is StopReason.ANSWERED


def test_no_limit_on_tokens_is_said_as_none(library: Library) -> None:
    _, shown = played(library, tokens(search(), 30, 20), draft())
    assert [state.tokens_left for state in shown] == [None, None]


# -- calls of one turn -------------------------------------------------------------------------


@dataclass
class Watched:
    """An index that counts its requests, and fails on the words ``broken``."""

    inner: object
    corpus_hash: str = "watched"
    words_only: str | None = None

    def __post_init__(self) -> None:
        self.requests: list[list[str]] = []

    def search(self, query: StatuteQuery) -> list[Hit]:
        self.requests.append([query.text])
        if query.text == "broken":
            raise SearchFailedError("The engine is down.")
        return self.inner.search(query)

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        self.requests.append([query.text for query in queries])
        if any(query.text == "broken" for query in queries):
            raise SearchFailedError("The engine is down.")
        return self.inner.search_many(queries)


def watched(library: Library) -> tuple[Library, Watched]:
    index = Watched(library.index)
    return replace(library, index=index), index


def test_searches_of_one_turn_are_one_request_and_keep_their_order(library: Library) -> None:
    where, index = watched(library)
    several = calls(
        ("search_statutes", {"query": "register widget"}),
        ("read_provision", {"reference": "s 2 Widgets Act 1990"}),
        ("search_statutes", {"query": "licence widgets"}),
        ("list_versions", {"reference": "s 1 Widgets Act 1990"}),
    )
    trace, _ = played(where, several, draft())
    settling, *acting = index.requests
    assert settling == ["Is a licence needed?"]
    assert acting == [["register widget", "licence widgets"]]
    made = trace.turns[0].calls
    assert [call.id for call in made] == ["1", "2", "3", "4"]
    assert made[0].result.hits[0].provision_id.endswith("#register")
    assert made[1].result.passage.version_id == LICENCE
    assert made[2].result.hits[0].provision_id.endswith("#licence")
    assert len(made[3].result.versions) == 2
    assert trace.stop is StopReason.ANSWERED


def test_calls_that_share_an_id_keep_their_own_results(library: Library) -> None:
    request = ToolRequest(
        id="1", name="search_statutes", arguments={"query": "licence", "as_at": "2001-01-01"}
    )
    other = request.model_copy(update={"arguments": {"query": "register", "as_at": "2001-01-01"}})
    trace, _ = played(library, Act(calls=(request, other)), draft())
    found = [call.arguments["query"] for call in trace.turns[0].calls]
    assert found == ["licence", "register"]


def test_one_refused_search_does_not_lose_the_others(library: Library) -> None:
    where, _ = watched(library)
    several = calls(
        ("search_statutes", {"query": "licence widgets"}),
        ("search_statutes", {"query": "licence", "as_at": "yesterday"}),
        ("drop_tables", {}),
    )
    trace, _ = played(where, several, draft())
    good, bad, unknown = trace.turns[0].calls
    assert good.result.hits
    assert "YYYY-MM-DD" in bad.result.problem
    assert "no tool" in unknown.result.problem
    assert trace.stop is StopReason.ANSWERED


def test_one_failed_search_is_an_error_and_the_others_are_kept(library: Library) -> None:
    where, _ = watched(library)
    several = calls(
        ("search_statutes", {"query": "broken"}),
        ("search_statutes", {"query": "licence widgets"}),
        ("read_provision", {"reference": "s 2 Widgets Act 1990"}),
    )
    trace, _ = played(where, several)
    failed, found, read = trace.turns[0].calls
    assert (failed.error, failed.result) == ("The engine is down.", None)
    assert found.result.hits
    assert read.result.passage
    assert trace.stop is StopReason.TOOL_ERROR


def test_calls_of_one_turn_run_at_the_same_time(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(3, timeout=60)
    plain = toolbox.run_group

    def together(scope: object, group: Sequence[ToolRequest]) -> object:
        meeting.wait()
        return plain(scope, group)

    monkeypatch.setattr(toolbox, "run_group", together)
    several = calls(
        ("search_statutes", {"query": "licence widgets"}),
        ("read_provision", {"reference": "s 2 Widgets Act 1990"}),
        ("read_provision", {"reference": "s 1 Widgets Act 1990"}),
    )
    trace, _ = played(library, several, draft())
    assert trace.stop is StopReason.ANSWERED


# -- what the verifier says comes back once ----------------------------------------------------


WRONG = draft(quote="Anybody may make widgets without a licence.")


def test_the_policy_is_told_once_what_does_not_stand_and_may_mend_it(library: Library) -> None:
    trace, shown = played(library, search(), WRONG, draft())
    assert trace.stop is StopReason.ANSWERED
    assert [bool(state.turns and state.turns[-1].sent_back) for state in shown] == [
        False,
        False,
        True,
    ]
    told = trace.turns[1].draft.findings
    assert [f.check for f in told if not f.passed] == ["sentence", "verbatim"]
    assert trace.turns[1].calls == ()
    assert not trace.turns[2].sent_back
    assert all(finding.passed for finding in trace.findings)


def test_a_second_draft_that_does_not_stand_ends_it(library: Library) -> None:
    trace, shown = played(library, search(), WRONG, WRONG, draft())
    assert len(shown) == 3
    assert trace.answer is None
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.UNVERIFIED
    assert [turn.sent_back for turn in trace.turns] == [False, True, False]


def test_after_the_findings_the_policy_may_look_further(library: Library) -> None:
    trace, _ = played(library, draft(), search(), draft())
    assert trace.stop is StopReason.ANSWERED
    assert [f.check for f in trace.turns[0].draft.findings if not f.passed] == ["sentence", "seen"]


def test_after_the_findings_the_policy_may_abstain(library: Library) -> None:
    said = Abstention(reason=AbstentionReason.NOT_FOUND, explanation="Nothing stands.")
    trace, _ = played(library, search(), WRONG, Act(abstention=said))
    assert trace.abstention == said
    assert any(not finding.passed for finding in trace.findings)


def test_findings_are_not_given_to_a_policy_that_may_not_act_again(library: Library) -> None:
    for limits in ({"max_turns": 2}, {"max_tokens": 20}):
        acts = (tokens(search(), 5, 5), tokens(WRONG, 5, 5), draft())
        trace, shown = played(library, *acts, **limits)
        assert len(shown) == 2
        assert not trace.turns[-1].sent_back
        assert trace.abstention is not None
        assert trace.abstention.reason is AbstentionReason.UNVERIFIED


def test_a_draft_that_cites_nothing_is_told_so(library: Library) -> None:
    sentence = draft().draft.sentences[0].model_copy(update={"citations": (), "reasoning": True})
    empty = Act(draft=draft().draft.model_copy(update={"sentences": (sentence,)}))
    trace, _ = played(library, search(), empty, draft())
    assert [finding.passed for finding in trace.turns[1].draft.findings].count(False) >= 1
    assert trace.stop is StopReason.ANSWERED


def test_the_policy_without_a_model_gives_up_what_does_not_stand(library: Library) -> None:
    policy: Policy = ExtractivePolicy(library.works)
    first = run(Context(library, policy), AskRequest(question="Is a licence needed?", as_at=DAY))
    struck = played(library, WRONG)[0].verified_draft
    told = first.turns[-1].model_copy(update={"draft": struck, "sent_back": True})
    seen = PolicyState(
        question="?", governing=first.governing, tools=(), turns=(told,), turns_left=2
    )
    act = policy.act(seen)
    assert act.abstention is not None
    assert act.abstention.reason is AbstentionReason.UNVERIFIED


# -- words as they come ------------------------------------------------------------------------


@dataclass
class Talking(Scripted):
    """Says each move in two pieces before it makes it."""

    def stream(self, state: PolicyState, on_text: Callable[[str], None]) -> Act:
        on_text("hmm, ")
        on_text("well")
        return self.act(state)


def test_a_policy_that_can_says_its_words_as_they_come(library: Library) -> None:
    context = Context(library, Talking([search(), draft()]))
    events = list(start(context, ASKED))
    assert [event.text for event in events if isinstance(event, TextPiece)] == ["hmm, ", "well"] * 2
    last = events[-1]
    assert isinstance(last, Done)
    assert last.trace.stop is StopReason.ANSWERED


def test_nobody_listens_to_a_run(library: Library) -> None:
    class Deaf(Talking):
        def stream(self, state: PolicyState, on_text: Callable[[str], None]) -> Act:
            raise AssertionError("a run is not followed")

    assert run(Context(library, Deaf([search(), draft()])), ASKED).stop is StopReason.ANSWERED


# -- many days, many threads -------------------------------------------------------------------


def test_every_candidate_version_is_answered_apart_and_says_so(library: Library) -> None:
    context = Context(library, ExtractivePolicy(library.works))
    traces = list(run_each(context, AskRequest(question="What does s 1 Widgets Act 1990 require?")))
    assert [str(trace.governing.as_at) for trace in traces] == ["1990-01-01", "2000-01-01"]
    assert ["five" in trace.answer.text for trace in traces] == [True, False]
    assert ["seven" in trace.answer.text for trace in traces] == [False, True]
    for trace in traces:
        assert trace.governing.assumed
        assert "One of 2 days" in trace.governing.ground
        assert len(trace.governing.candidates) == 2


def test_a_provision_that_is_only_spoken_of_has_candidates_too(library: Library) -> None:
    context = Context(library, ExtractivePolicy(library.works))
    asked = AskRequest(question="How long is the register of every widget sold kept?")
    assert [str(trace.governing.as_at) for trace in run_each(context, asked)] == [
        "1990-01-01",
        "2000-01-01",
    ]


def test_nothing_to_choose_from_is_said(library: Library) -> None:
    context = Context(library, ExtractivePolicy(library.works))
    with pytest.raises(BadInputError, match="No provision can be made out"):
        list(run_each(context, AskRequest(question="What colour are unicorns?")))


def test_each_day_of_a_lenient_rule_is_answered(library: Library) -> None:
    asked = AskRequest(
        question="What does s 1 Widgets Act 1990 require?",
        issue=Issue.CRIMINAL,
        facts={Role.ACT: date(1995, 1, 1), Role.DECISION: date(2005, 1, 1)},
    )
    context = Context(library, ExtractivePolicy(library.works))
    traces = list(run_each(context, asked))
    days = ["1995-01-01", "2000-01-01", "2005-01-01"]
    assert [str(trace.governing.as_at) for trace in traces] == days
    assert {trace.governing.rule for trace in traces} == {Code.LEX_MITIOR}


@pytest.mark.parametrize(
    "asked",
    [
        ASKED,
        AskRequest(question="Is a licence needed?"),
        AskRequest(question="Was a licence needed on 3 March 2004?"),
        AskRequest(
            question="What does s 1 Widgets Act 1990 require?",
            issue=Issue.CRIMINAL,
            facts={Role.ACT: date(1995, 1, 1), Role.DECISION: date(2005, 1, 1)},
        ),
        ASKED.model_copy(update={"candidates": (DAY, date(2004, 1, 1))}),
    ],
)
def test_a_trace_says_how_to_ask_again(library: Library, asked: AskRequest) -> None:
    context = Context(library, ExtractivePolicy(library.works))
    first = run(context, asked)
    again = run(context, request_of(Trace.model_validate_json(first.model_dump_json())))
    assert (again.governing, again.answer) == (first.governing, first.answer)


def test_runs_side_by_side_do_not_mix(library: Library) -> None:
    context = Context(library, ExtractivePolicy(library.works))
    days = [date(1990 + n % 20, 1, 1) for n in range(40)]
    question = "What does s 1 Widgets Act 1990 require?"
    with ThreadPoolExecutor(8) as pool:
        asked = [AskRequest(question=question, as_at=day) for day in days]
        traces = list(pool.map(lambda one: run(context, one), asked))
    for day, trace in zip(days, traces, strict=True):
        assert trace.governing.as_at == day
        assert ("five" if day.year < 2000 else "seven") in trace.answer.text
