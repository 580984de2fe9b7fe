"""Questions with what was answered, and means over them whose intervals respect the works."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from agent.trace import Trace
from corpus.questions import Question
from eval.metrics import Score, bootstrap


class Answered(NamedTuple):
    """A question and how a policy's run on it went."""

    question: Question
    trace: Trace


Values = Callable[[Answered], Iterable[float]]
"""What one question adds to a mean: nothing, one value, or one for each of its citations."""


def mean_by_work(answered: Iterable[Answered], values: Values) -> Score | None:
    """Return the mean with a 95 % interval from resampled works; ``None``: nothing to average.

    Questions about one work are drawn together, since they are not independent.
    """
    works: dict[str, list[float]] = defaultdict(list)
    for one in answered:
        works[one.question.work_id] += map(float, values(one))
    return clustered(list(works.values()))


def clustered(clusters: Sequence[Sequence[float]]) -> Score | None:
    """Return the mean over all values, resampled by cluster; ``None`` where there is no value."""
    return bootstrap(clusters, seed=0) if any(clusters) else None
