"""A scorer that fails says nothing of the answer: the sample is unscored, and counted as such."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from agent.library import Library
from agent.policy import PolicyError
from agent.trace import AbstentionReason, Trace
from corpus.questions import Family, Question
from eval.suites.means import scorer_means
from rl.journal import TRACES, Journal
from rl.rewards import REWARDS
from rl.rewards.plugins import reward_scorers
from rl.rewards.scored_trace import append_scored, read_scored, scored
from rl.rewards.scorer import Scorer, Unscored, ask_scorer
from rl.rollouts.rollout import Rollout, record, scored_rollout
from rl.rollouts.trl_adapter import reward_functions
from tests.agent.conftest import opened
from tests.rl.statutes import DAY, FAIRS, OLD, RULE, abstain, answer, play, question, search

VALUE = question(Family.VALUE_AT_DATE, OLD, DAY)


@dataclass
class Grader:
    """Grades 1 for an answer and 0 for none; out of reach, or without a grade, when told so."""

    down_at: frozenset[int] = frozenset()
    silent_at: frozenset[int] = frozenset()
    name: str = "grader"
    calls: count[int] = field(default_factory=count)

    def score(self, trace: Trace, _: Question) -> float | Unscored:
        number = next(self.calls)
        if number in self.down_at:
            raise PolicyError("The grading model cannot be reached.")
        if number in self.silent_at:
            return Unscored(reason="no grade in the reply")
        return float(trace.answer is not None)


@dataclass
class Unsteady:
    """Never says the same twice."""

    name: str = "task"
    calls: count[int] = field(default_factory=count)

    def score(self, _: Trace, __: Question) -> float:
        return float(next(self.calls))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


@pytest.fixture(scope="module")
def traces(library: Library) -> list[Trace]:
    right = play(library, VALUE, search(DAY), answer((OLD, RULE.format(40).strip())))
    declined = play(library, VALUE, abstain(AbstentionReason.NOT_FOUND))
    return [right, right, declined, right]


def test_a_scorer_that_fails_leaves_the_sample_out_of_the_mean_and_is_counted(
    traces: list[Trace], tmp_path: Path
) -> None:
    grader = Grader(down_at=frozenset({1}), silent_at=frozenset({3}))
    records = [scored(0, VALUE, trace, scorers=[grader]) for trace in traces]
    assert [one.rewards["grader"] for one in records] == [1.0, None, 0.0, None]
    journal = Journal(tmp_path / TRACES)
    append_scored(journal, records)
    found = scorer_means(list(read_scored(journal.path)))["grader"]
    assert found.mean is not None
    assert (found.mean.mean, found.mean.n) == (0.5, 2), "not 0.25 of four"
    assert found.unscored == {
        "The grading model cannot be reached.": 1,
        "no grade in the reply": 1,
    }


def test_nothing_but_failures_has_no_mean_and_is_not_nought(traces: list[Trace]) -> None:
    down = Grader(down_at=frozenset(range(4)))
    records = [scored(0, VALUE, trace, scorers=[down]) for trace in traces]
    found = scorer_means(records)["grader"]
    assert (found.mean, sum(found.unscored.values())) == (None, 4)


def test_a_void_rollout_is_not_put_to_a_scorer(traces: list[Trace]) -> None:
    grader = Grader()
    one = scored(0, VALUE, traces[0], "the engine is down", [grader])
    assert (one.rewards, one.unscored, next(grader.calls)) == ({"grader": None}, {}, 0)
    assert scorer_means([one]) == {}


def test_a_fault_in_the_code_of_a_scorer_is_not_an_unscored_sample(traces: list[Trace]) -> None:
    class Faulty(Grader):
        def score(self, trace: Trace, asked: Question) -> float:
            raise KeyError("grade")

    with pytest.raises(KeyError):
        ask_scorer(Faulty(), traces[0], VALUE)


def test_a_reward_is_a_scorer_that_says_why_it_has_none(traces: list[Trace]) -> None:
    task: Scorer = REWARDS["task"]
    assert task.score(traces[0], VALUE) == 1.0
    undated = VALUE.model_copy(update={"as_at": None})
    assert task.score(traces[0], undated) == Unscored(reason="the question names no day")
    cut = traces[0].model_copy(update={"stop": "token_budget"})
    assert task.score(cut, VALUE) == Unscored(reason="the run ended by token_budget")


def test_the_journal_holds_the_numbers_that_are_learnt_from(
    traces: list[Trace], tmp_path: Path
) -> None:
    unsteady = Unsteady()
    rollouts = [
        scored_rollout(Rollout(question=VALUE, trace=trace), [unsteady, REWARDS["cost"]])
        for trace in traces
    ]
    task, cost = reward_functions(["task", "cost"])
    learnt = [task(rollout=rollouts), task(rollout=rollouts), cost(rollout=rollouts)]
    journal = Journal(tmp_path / TRACES)
    append_scored(journal, [record(3, rollout) for rollout in rollouts])
    kept = list(read_scored(journal.path))
    assert learnt[0] == learnt[1] == [one.rewards["task"] for one in kept] == [0.0, 1.0, 2.0, 3.0]
    assert learnt[2] == [one.rewards["cost"] for one in kept]
    assert next(unsteady.calls) == len(traces), "each rollout is scored once"


def test_a_journal_from_before_reasons_were_kept_is_read(
    traces: list[Trace], tmp_path: Path
) -> None:
    one = scored(0, VALUE, traces[0], scorers=reward_scorers(["task"]))
    old = one.model_dump(mode="json")
    del old["unscored"]
    path = tmp_path / TRACES
    path.write_text(json.dumps(old) + "\n", encoding="utf-8")
    assert list(read_scored(path)) == [one]
