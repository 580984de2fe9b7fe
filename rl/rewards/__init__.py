"""Rewards of a trace by channel, and the outcome of its rollout.

Free of torch. The channels are combined by the objective (GDPO normalises each within its group),
so none is normalised here. ``docs/rewards.md`` has the table of hacks and guards.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.trace import Trace
from corpus.errors import BadInputError
from corpus.questions import Question
from rl.rewards import channels
from rl.rewards.channels import is_right, right
from rl.rewards.claims import (
    Claim,
    Statement,
    acted,
    claims,
    declared,
    drafted,
    scorable,
    statements,
    why_not_scorable,
)
from rl.rewards.outcome import Outcome
from rl.rewards.rouge import words
from rl.rewards.scorer import Unscored

__all__ = [
    "REWARDS",
    "Claim",
    "Reward",
    "RewardSpec",
    "Statement",
    "answer_key",
    "claims",
    "declared",
    "drafted",
    "is_right",
    "outcome",
    "right",
    "scorable",
    "score",
    "score_all",
    "statements",
]

Reward = Callable[[Trace, Question], float | None]
"""A reward function; it returns ``None`` if the rollout or its question cannot be scored."""


class RewardSpec(NamedTuple):
    """A reward channel: what it measures, how it can be hacked, the guard, and the usual weight."""

    name: str
    function: Reward
    measures: str
    hack: str
    guard: str
    weight: float

    def score(self, trace: Trace, question: Question) -> float | Unscored:
        """Return the reward, as a :class:`~rl.rewards.scorer.Scorer`."""
        value = self.function(trace, question)
        if value is None:
            return Unscored(reason=why_not_scorable(trace, question) or "nothing to score")
        return value


def _spec(name: str, function: Reward, weight: float) -> RewardSpec:
    """Return the channel, with the three descriptions read from the function's docstring."""
    words_of = " ".join(inspect.cleandoc(function.__doc__ or "").split())
    words_of = re.sub(r":\w+:`([^`]+)`", r"\1", words_of)
    measures, hack, guard = re.split(r" ?(?:Hack|Guard): ", words_of)
    return RewardSpec(name, function, measures, hack, guard, weight)


_SPECS = (
    _spec("task", channels.task, 1.0),
    _spec("temporal", channels.temporal, 0.5),
    _spec("query", channels.query, 0.1),
    _spec("format", channels.format_gate, 0.0),
    _spec("abstention", channels.abstention, 0.5),
    _spec("cost", channels.cost, 0.1),
)

REWARDS: Mapping[str, RewardSpec] = MappingProxyType({spec.name: spec for spec in _SPECS})
"""The built-in reward channels, by name; :mod:`rl.rewards.plugins` adds those of others."""


def score(
    trace: Trace | None, question: Question, names: Sequence[str] = tuple(REWARDS)
) -> dict[str, float | None]:
    """Return the rewards of one rollout by channel; all ``None`` where there is no trace.

    Raises:
        BadInputError: there is no channel of that name.
    """
    unknown = [name for name in names if name not in REWARDS]
    if unknown:
        raise BadInputError(f"There is no reward '{unknown[0]}'; there are {', '.join(REWARDS)}.")
    if trace is None:
        return dict.fromkeys(names)
    return {name: REWARDS[name].function(trace, question) for name in names}


def score_all(
    rollouts: Sequence[tuple[Trace | None, Question]], names: Sequence[str] = tuple(REWARDS)
) -> NDArray[np.float64]:
    """Return the rewards of many rollouts, shape ``(N, F)``, NaN for an unscored reward.

    Raises:
        BadInputError: there is no channel of that name.
    """
    rows = [score(trace, question, names).values() for trace, question in rollouts]
    values = [[np.nan if value is None else value for value in row] for row in rows]
    return np.array(values, dtype=np.float64).reshape(len(rollouts), len(names))


def outcome(trace: Trace | None, question: Question) -> Outcome:
    """Return the outcome of a rollout, before any reward shaping.

    An abstention counts as one only if the policy declared it; a draft that the verifier struck is
    wrong.
    """
    if trace is None or not scorable(trace, question):
        return Outcome.EXCLUDED
    if declared(trace) is not None:
        return Outcome.ABSTAINED
    return Outcome.CORRECT if right(trace, question) else Outcome.WRONG


def answer_key(trace: Trace | None) -> str | None:
    """Return a key that is equal for rollouts with the same answer; ``None`` without an answer.

    Words are compared as in :mod:`rl.rewards.rouge`, citations as a sorted set. A struck draft has
    the key of its draft, an abstention that of its reason.
    """
    if trace is None or not acted(trace):
        return None
    reason, draft = declared(trace), drafted(trace)
    if reason is not None:
        return f"abstain:{reason}"
    if draft is None:
        return None
    said = " ".join(word for sentence in draft.sentences for word in words(sentence.text))
    cited = sorted({claim.version_id for claim in claims(trace)})
    return json.dumps([said, cited], ensure_ascii=False)
