"""Many episodes at once: none may reach another, and a failure is never a wrong answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from agent.library import Library
from agent.models.sampling import Completion, Sampling
from agent.models.token_sequence import episode
from agent.policies.language_model import ModelPolicy
from agent.policy import PolicyError
from agent.trace import StopReason
from corpus.errors import SearchFailedError
from corpus.questions import Family, Question
from retrieval.query import Hit, StatuteQuery
from rl.rollouts.batching import Batcher, BatchingIndex
from rl.rollouts.rollout import Limits, Rollout, roll_out
from rl.rollouts.samplers import SamplingRequest
from tests.agent.conftest import LEVY_ACT, WIDGETS_ACT, opened
from tests.agent.toymodel import END, ToyCodec, spelt

FIVE, SEVEN = "uk/widgets-1990#register@1990-01-01", "uk/widgets-1990#register@2000-01-01"


def asked(number: int, year: int) -> Question:
    """Return a question whose words and day name it."""
    return Question(
        id=f"text_at_date-{number}",
        family=Family.TEXT_AT_DATE,
        language="en",
        text=f"Question {number}: how long is the register of widgets kept?",
        as_at=date(year, 6, 1),
        jurisdiction="uk",
        work_id="uk/widgets-1990",
        provision_id="uk/widgets-1990#register",
        label="s 1",
        gold_version=FIVE if year < 2000 else SEVEN,
        split="train",
    )


class Echo:
    """A batched model that searches on the day it reads, cites the first hit, and keeps count."""

    context = 100_000

    def __init__(self, fail_on: str = "", last: bool = True) -> None:
        self.batches: list[int] = []
        self.fail_on = fail_on

    def sample(self, *request: Any) -> Completion:
        raise AssertionError("what waits together is sampled together")

    def sample_many(self, requests: Sequence[SamplingRequest]) -> list[Completion | PolicyError]:
        self.batches.append(len(requests))
        return [self._answer(request) for request in requests]

    def _answer(self, request: SamplingRequest) -> Completion | PolicyError:
        text = ToyCodec().decode(request.prompt_ids)
        own = text[text.rindex("Governing date") :]
        number, day = own.partition("Question ")[2].partition(":")[0], own.split()[2]
        if self.fail_on and f"Question {self.fail_on}:" in own:
            return PolicyError("The engine is on fire.")
        if "Result of" not in own:
            arguments = {"query": f"register of widgets {letter(number)}", "as_at": day}
            move: dict[str, Any] = {"name": "search_statutes", "arguments": arguments}
        else:
            found = own.partition('"version_id": "')[2].partition('"')[0]
            quote = "for five years" if found == FIVE else "for seven years"
            sentence = {"text": said(number), "citations": [{"id": found, "quote": quote}]}
            move = {"answer": [sentence]}
        ids = (*spelt(json.dumps(move)), END)
        logprobs = tuple(-request.sampling.seed - n / 1000 for n in range(len(ids)))
        return Completion(ids=ids, logprobs=logprobs, stop="end")


def letter(number: str | int) -> str:
    """Name a question without a figure, which a search would find and an answer have to cite."""
    return "abcdefghij"[int(number)]


def said(number: str | int) -> str:
    return f"Answer {letter(number)}."


def policy(sampler: Any) -> ModelPolicy:
    return ModelPolicy("echo", ToyCodec(), sampler, Sampling(temperature=1.0, max_tokens=400))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("library"), WIDGETS_ACT, LEVY_ACT)


QUESTIONS = [asked(n, 1995 if n % 2 else 2005) for n in range(7)]


def test_two_episodes_never_mix_their_states(library: Library) -> None:
    rollouts = roll_out(library, policy(Echo()), QUESTIONS, seed=50, limits=Limits(concurrency=3))
    assert [rollout.question for rollout in rollouts] == QUESTIONS
    for number, rollout in enumerate(rollouts):
        assert rollout.void is None
        trace = rollout.trace
        assert trace is not None
        assert trace.stop is StopReason.ANSWERED
        assert trace.answer is not None
        assert trace.answer.text.startswith(said(number))
        assert trace.answer.citations[0].version_id == rollout.question.gold_version
        (call,) = trace.turns[0].calls
        assert call.arguments["query"].endswith(letter(number))
        assert call.arguments["as_at"] == str(rollout.question.as_at)
        shown = ToyCodec().decode(trace.turns[-1].prompt_ids)
        assert {f"Question {n}:" in shown for n in range(7) if n != number} == {False}
        assert {t.logprobs[0] for t in trace.turns} == {-(50.0 + number)}


def test_what_waits_together_is_one_batch(library: Library) -> None:
    model = Echo()
    roll_out(library, policy(model), QUESTIONS[:6], limits=Limits(concurrency=6))
    assert model.batches == [6, 6]


def test_batches_do_not_depend_on_the_speed_of_threads(library: Library) -> None:
    runs = []
    for _ in range(3):
        model = Echo()
        roll_out(library, policy(model), QUESTIONS, limits=Limits(concurrency=3))
        runs.append(model.batches)
    assert runs == [[3, 3, 3, 3, 1, 1]] * 3


def test_an_episode_keeps_ids_mask_and_logprobs_as_sampled(library: Library) -> None:
    (rollout,) = roll_out(library, policy(Echo()), QUESTIONS[:1], seed=9)
    assert rollout.trace is not None
    assert rollout.episode == episode(rollout.trace.turns)
    own = [
        i for i, m in zip(rollout.episode.completion_ids, rollout.episode.mask, strict=True) if m
    ]
    assert own == [i for turn in rollout.trace.turns for i in turn.completion_ids]
    drawn = zip(rollout.episode.logprobs, rollout.episode.mask, strict=True)
    assert {bool(logprob) for logprob, m in drawn if not m} == {False}


def test_a_failed_model_voids_its_own_rollout_and_no_other(library: Library) -> None:
    rollouts = roll_out(library, policy(Echo(fail_on="4")), QUESTIONS, limits=Limits(concurrency=7))
    assert [bool(rollout.void) for rollout in rollouts] == [n == 4 for n in range(7)]
    assert "on fire" in str(rollouts[4].void)
    assert rollouts[4].episode is None


class BrokenIndex:
    """Fails on the search of one question."""

    def __init__(self, inner: Any, word: str) -> None:
        self.inner, self.word = inner, word

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        if any(query.text.endswith(self.word) for query in queries):
            raise SearchFailedError("shard 3 is gone")
        return list(self.inner.search_many(queries))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def test_a_failed_search_voids_and_is_never_an_empty_result(library: Library) -> None:
    broken = replace(library, index=BrokenIndex(library.index, "c"))
    rollouts = roll_out(broken, policy(Echo()), QUESTIONS[:4], limits=Limits(concurrency=1))
    assert [bool(rollout.void) for rollout in rollouts] == [False, False, True, False]
    assert "shard 3 is gone" in str(rollouts[2].void)


def test_searches_of_a_step_go_through_search_many(library: Library) -> None:
    sizes: list[int] = []

    class Counting(BrokenIndex):
        def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
            sizes.append(len(queries))
            return super().search_many(queries)

        def search(self, query: StatuteQuery) -> list[Hit]:
            raise AssertionError("searches wait for each other")

    counting = replace(library, index=Counting(library.index, "nothing"))
    roll_out(counting, policy(Echo()), QUESTIONS, limits=Limits(concurrency=7))
    assert sizes == [7, 7], (
        "one request while the cases are settled, one for the searches of a step"
    )


def test_a_fault_in_one_thread_ends_the_call_and_hangs_nobody(library: Library) -> None:
    class Faulty(Echo):
        def sample_many(
            self, requests: Sequence[SamplingRequest]
        ) -> list[Completion | PolicyError]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        roll_out(library, policy(Faulty()), QUESTIONS, limits=Limits(concurrency=4))
    assert not [t for t in threading.enumerate() if t.name.startswith("episode")]


def test_a_question_without_a_day_has_a_trace_and_no_tokens(library: Library) -> None:
    declined = {"gold_version": None, "decline": "no_date", "why": "It names no day."}
    undated = QUESTIONS[0].model_copy(update={"as_at": None, **declined})
    (rollout,) = roll_out(library, policy(Echo()), [undated])
    assert rollout.trace is not None
    assert rollout.trace.stop is StopReason.ABSTAINED
    assert rollout.episode is None
    assert rollout.void is None


def test_a_rollout_without_a_trace_must_say_why() -> None:
    with pytest.raises(ValueError, match="void"):
        Rollout(question=QUESTIONS[0], trace=None)


def test_no_questions_make_no_rollouts(library: Library) -> None:
    assert roll_out(library, policy(Echo()), []) == []


def test_an_index_of_episodes_is_not_closed_by_them(library: Library) -> None:
    BatchingIndex(Batcher(1), library.index).close()
    assert library.index.status().rows > 0
