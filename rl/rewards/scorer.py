"""One protocol for everything that grades a trace: a reward channel, a metric, a model that grades.

A scorer may be unable to grade: its channel says nothing of such a trace, or the model behind it
failed. Then it returns :class:`Unscored`, or raises an :class:`~corpus.errors.InForceError`, and
the sample is left out of every mean. It is never 0.
"""

from __future__ import annotations

import math
from typing import Protocol

from agent.trace import Trace
from corpus.errors import InForceError
from corpus.model import Frozen
from corpus.questions import Question


class Unscored(Frozen):
    """Why a sample has no score."""

    reason: str


class Scorer(Protocol):
    """Grades what a policy did with a question. Its name is the one in recipes and journals."""

    @property
    def name(self) -> str:
        """Return the name, unique among the scorers of a run."""
        ...

    def score(self, trace: Trace, question: Question) -> float | Unscored:
        """Return a finite number, or why there is none.

        Raises:
            InForceError: the grading failed, which leaves the sample unscored.
        """
        ...


def ask_scorer(scorer: Scorer, trace: Trace, question: Question) -> float | Unscored:
    """Return a scorer's number, or why the sample is unscored.

    Raises:
        ValueError: the scorer returned infinity or NaN, which is a fault of its own.
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
