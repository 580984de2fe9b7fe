"""Scorer protocol: anything that grades a trace (reward channel, metric, model-based grader).

A scorer that cannot grade a sample returns :class:`Unscored` or raises an
:class:`~corpus.errors.InForceError`. The sample is then left out of every mean; it is never scored
0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from agent.trace import Trace
from corpus.errors import InForceError
from corpus.model import Frozen
from corpus.questions import Question


class Unscored(Frozen):
    """The reason why a sample has no score."""

    reason: str


class Scorer(Protocol):
    """Grades a trace of a question. Recipes and journals refer to it by its name."""

    @property
    def name(self) -> str:
        """Return the name, unique among the scorers of a run."""
        ...

    def score(self, trace: Trace, question: Question) -> float | Unscored:
        """Return a finite number, or the reason why there is none.

        Raises:
            InForceError: grading failed; the sample is then unscored.
        """
        ...


@runtime_checkable
class PreparedScorer(Scorer, Protocol):
    """A scorer that is told of the rollouts of a round before it scores each of them."""

    def prepare(self, rollouts: Sequence[tuple[Trace, Question]]) -> None:
        """Do what is done faster for many rollouts at a time.

        Raises:
            InForceError: it cannot score any.
        """
        ...


def prepare_scorers(scorers: Iterable[Scorer], rollouts: Sequence[tuple[Trace, Question]]) -> None:
    """Tell those scorers of the rollouts that want to know before they score them.

    Raises:
        InForceError: one of them cannot score any.
    """
    for scorer in scorers:
        if isinstance(scorer, PreparedScorer):
            scorer.prepare(rollouts)


def ask_scorer(scorer: Scorer, trace: Trace, question: Question) -> float | Unscored:
    """Return a scorer's number, or the reason why the sample is unscored.

    Raises:
        ValueError: the scorer returned infinity or NaN, which is a bug in the scorer.
    """
    try:
        value = scorer.score(trace, question)
    except InForceError as failure:
        return Unscored(reason=str(failure))
    if not isinstance(value, Unscored) and not math.isfinite(value):
        raise ValueError(
            f"the reward {scorer.name} of {question.id} is {value}, which is no number"
        )
    return value
