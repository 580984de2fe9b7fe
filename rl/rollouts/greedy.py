"""Scored answers of a trained model to questions, decoded greedily."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.library import Library
from agent.models.sampling import Sampling
from agent.policies.language_model import ModelPolicy
from corpus.errors import BadInputError
from corpus.questions import Question
from rl.recipes.recipe import Recipe
from rl.rewards import REWARDS, right
from rl.rewards.scored_trace import ScoredTrace
from rl.rollouts.cached_library import cached_library
from rl.rollouts.rollout import Limits, graded_record, roll_out
from rl.rollouts.samplers.local import BatchedSampler

WIDTH = 64
"""Questions that are answered at once."""


def answers(
    recipe: Recipe, library: Library, codec: Any, model: Any, questions: Sequence[Question]
) -> list[ScoredTrace]:
    """Return a model's scored answers, in the order of the questions.

    Raises:
        BadInputError: every question failed for reasons outside the model.
    """
    sampling = Sampling(max_tokens=recipe.rollout.turn_tokens)
    policy = ModelPolicy(recipe.model.name, codec, BatchedSampler(model, WIDTH), sampling)
    limits = Limits(recipe.rollout.max_turns, recipe.rollout.max_tokens, WIDTH)
    found = roll_out(cached_library(library), policy, questions, limits=limits)
    if found and all(one.void is not None for one in found):
        raise BadInputError(f"None of {len(found)} questions was answered: {found[0].void}")
    return [graded_record(one, REWARDS.values()) for one in found]


def share_right(answered: Sequence[ScoredTrace]) -> float:
    """Return the share of answers that are right; void ones are left out.

    Raises:
        BadInputError: every answer is void.
    """
    kept = [one for one in answered if one.trace is not None and one.void is None]
    if not kept:
        raise BadInputError(f"None of {len(answered)} questions was answered.")
    return sum(one.trace is not None and right(one.trace, one.question) for one in kept) / len(kept)
