"""A pool gives what another policy sampled, marked as such, for the question as it is asked."""

from __future__ import annotations

from random import Random
from typing import Any

from agent.trace import Turn
from corpus.questions import Posed
from rl.rewards.outcome import Outcome
from rl.rewards.scored_trace import ScoredTrace
from rl.rollouts.pool import pool
from tests.rl.conftest import a_question, a_trace


def a_record(number: int, sampled: int | None, void: str | None = None) -> ScoredTrace:
    """A line of a journal; ``sampled`` is the token that a model wrote, if there was one."""
    tokens: dict[str, Any] = {}
    if sampled is not None:
        tokens = {"prompt_ids": (5, 6), "completion_ids": (sampled,), "logprobs": (-0.5,)}
    trace = a_trace(a_question(number)).model_copy(update={"turns": (Turn(index=0, **tokens),)})
    return ScoredTrace(
        step=0,
        question=a_question(number),
        trace=trace,
        void=void,
        rewards={},
        outcome=Outcome.WRONG,
    )


def test_only_what_a_model_sampled_without_a_failure_is_in_a_pool_and_none_of_it_is_own() -> None:
    found = pool([a_record(0, 7), a_record(0, 8, "no server"), a_record(1, None)])
    assert list(found.rollouts) == ["q0"]
    (one,) = found.rollouts["q0"]
    assert one.episode is not None
    assert one.episode.completion_ids == (7,)
    assert one.episode.logprobs == (-0.5,)
    assert not one.own


def test_rollouts_are_drawn_at_random_without_replacement_and_repeat_with_the_seed() -> None:
    found = pool([a_record(0, token) for token in range(10, 30)])

    def drawn(seed: int) -> list[int]:
        rollouts = found.draw(a_question(0), 5, Random(seed))
        return [one.episode.completion_ids[0] for one in rollouts if one.episode]

    assert drawn(1) == drawn(1)
    assert len({tuple(drawn(seed)) for seed in range(5)}) == 5
    assert all(len(set(drawn(seed))) == 5 for seed in range(5))


def test_a_question_that_is_posed_without_its_answer_is_drawn_without_it() -> None:
    posed = Posed.of(a_question(0))
    (one,) = pool([a_record(0, 7)]).draw(posed, 3, Random(0))
    assert one.question is posed
