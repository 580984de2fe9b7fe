"""TRL adapter: takes question ids as prompts, returns columns of token ids."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from corpus.questions import Posed
from rl.rollouts.rollout import Rollout, scores_of

Play = Callable[[Any, Sequence[Posed], int], list[Rollout]]
"""Samples rollouts of questions with the trainer's model and a seed.

A question that is repeated makes a group."""

Score = Callable[[Any, Sequence[Rollout]], list[Rollout]]
"""Returns a round's rollouts with their scores, given the trainer."""

Exchange = Callable[[Any, Sequence[Posed]], Sequence[Posed]]
"""Returns as many questions as it is given, in groups of equal ones."""

Roll = Callable[[Sequence[Posed], int], list[Rollout]]
"""Samples and scores rollouts of questions, given a number that is new each time."""

Resample = Callable[[Sequence[Rollout], Roll, int], list[Rollout]]
"""Returns a round's scored rollouts with some groups replaced, given a way to sample others."""

SHOWN = 3
"""Number of failures whose messages are quoted."""


def question_order(ids: Sequence[str], count: int, seed: int) -> list[str]:
    """Return ``count`` question ids for a whole run: repeated passes, each in a new random order.

    The order depends on the arguments only, so a resumed run asks the same questions.
    """
    order: list[str] = []
    while len(order) < count:
        again = sorted(ids)
        Random(f"{seed}:{len(order)}").shuffle(again)  # noqa: S311 - no secret
        order += again
    return order[:count]


def same_questions(_trainer: Any, asked: Sequence[Posed]) -> Sequence[Posed]:
    """Ask the questions of a round as they are."""
    return asked


def as_sampled(scored: Sequence[Rollout], _roll: Roll, _seed: int) -> list[Rollout]:
    """Keep every group of a round."""
    return list(scored)


class TrlAdapter:
    """TRL's ``rollout_func``.

    Args:
        play: samples rollouts.
        questions: questions by id; the trainer's prompts are ids.
        score: computes each rollout's scores, which are both trained on and journalled.
        seed: seed of the run.
        filler: token id, masked, of a rollout without tokens.
        inspect: called with the rollouts of each round; raises to stop the run.
        exchange: returns the questions to ask in place of a round's, given the trainer.
        resample: replaces groups of a round once they are scored.
    """

    def __init__(  # noqa: PLR0913
        self,
        play: Play,
        questions: Mapping[str, Posed],
        score: Score,
        *,
        seed: int,
        filler: int,
        inspect: Callable[[Sequence[Rollout]], None] = lambda _: None,
        exchange: Exchange = same_questions,
        resample: Resample = as_sampled,
    ) -> None:
        self._play, self._questions, self._score, self._seed = play, questions, score, seed
        self._filler, self._inspect, self._exchange = filler, inspect, exchange
        self._resample = resample

    def __call__(self, prompts: Sequence[str], trainer: Any) -> dict[str, list[Any]]:
        """Return token ids, masks, log-probs and scored rollouts, one entry per prompt."""
        asked = self._exchange(trainer, [self._questions[one] for one in prompts])
        found = self._resample(
            self._rolled(trainer, asked, 0),
            lambda others, number: self._rolled(trainer, others, number),
            self._seed_of(trainer, 0),
        )
        return columns(found, self._filler)

    def _rolled(self, trainer: Any, asked: Sequence[Posed], number: int) -> list[Rollout]:
        rollouts = self._play(trainer, asked, self._seed_of(trainer, number))
        self._inspect(rollouts)
        return self._score(trainer, rollouts)

    def _seed_of(self, trainer: Any, number: int) -> int:
        """Return the seed of a round's rollouts, or of the ones sampled again in it."""
        place = (self._seed, trainer.state.global_step, trainer.accelerator.process_index)
        told = repr(place if number == 0 else (*place, number)).encode()
        return int.from_bytes(hashlib.blake2b(told, digest_size=7).digest(), "big")


def columns(rollouts: Sequence[Rollout], filler: int) -> dict[str, list[Any]]:
    """Return the columns that TRL reads. A rollout without tokens becomes one masked filler.

    Raises:
        ValueError: a token outside the mask has a log-prob, so the mask is wrong.
    """
    table: dict[str, list[Any]] = {
        "prompt_ids": [],
        "completion_ids": [],
        "env_mask": [],
        "logprobs": [],
        "rollout": list(rollouts),
    }
    for rollout in rollouts:
        one = rollout.episode
        if one and any(
            sampled and not own for sampled, own in zip(one.logprobs, one.mask, strict=True)
        ):
            raise ValueError(f"the mask of {rollout.question.id} does not fit its log-probs")
        table["prompt_ids"].append(list(one.prompt_ids) if one else [filler])
        table["completion_ids"].append(list(one.completion_ids) if one else [filler])
        table["env_mask"].append(list(one.mask) if one else [0])
        table["logprobs"].append(list(one.logprobs) if one else [0.0])
    return table


def reward_functions(names: Sequence[str]) -> list[Callable[..., list[float | None]]]:
    """Return TRL reward functions, which read the scores stored in the rollouts."""
    return [_reward_function(name) for name in names]


def _reward_function(name: str) -> Callable[..., list[float | None]]:
    def learnt(*, rollout: Sequence[Rollout], **_: Any) -> list[float | None]:
        return [scores_of(one).rewards[name] for one in rollout]

    learnt.__name__ = name
    return learnt


def voided(rollouts: Sequence[Rollout]) -> tuple[float, str]:
    """Return the share of void rollouts and a sentence with the causes."""
    reasons = [rollout.void for rollout in rollouts if rollout.void is not None]
    distinct = sorted(set(reasons), key=reasons.index)
    more = f" and {len(distinct) - SHOWN} other reasons" if len(distinct) > SHOWN else ""
    return len(reasons) / max(len(rollouts), 1), "; ".join(distinct[:SHOWN]) + more
