"""Questions with what was answered, and means over them whose intervals respect the works."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from agent.trace import Trace
from corpus.questions import Question
from eval.metrics import Score, bootstrap, wilson


class ScoredAnswer(NamedTuple):
    """A question and how a policy's run on it went."""

    question: Question
    trace: Trace


Values = Callable[[ScoredAnswer], Iterable[float]]
"""What one question adds to a mean: nothing, one value, or one for each of its citations."""


def mean_by_work(answered: Iterable[ScoredAnswer], values: Values) -> Score | None:
    """Return the mean with a 95 % interval from resampled works; ``None``: nothing to average.

    Questions about one work are drawn together, since they are not independent.
    """
    clusters = _by_work(answered, values)
    return bootstrap(clusters, seed=0) if clusters else None


def share_by_work(answered: Iterable[ScoredAnswer], values: Values) -> Score | None:
    """Return :func:`mean_by_work` of values that are 0 or 1.

    Where all are equal, resampling would give an interval without width; it is then Wilson's, over
    the works.
    """
    return share(_by_work(answered, values))


def share(clusters: Sequence[Sequence[float]]) -> Score | None:
    """Return the share over all values, which are 0 or 1, from resampled clusters of them."""
    if not clusters:
        return None
    found = bootstrap(clusters, seed=0)
    if found.mean not in {0.0, 1.0}:
        return found
    works = wilson(round(found.mean * len(clusters)), len(clusters))
    return works.model_copy(update={"n": found.n})


def _by_work(answered: Iterable[ScoredAnswer], values: Values) -> list[list[float]]:
    works: dict[str, list[float]] = defaultdict(list)
    for one in answered:
        works[one.question.work_id] += map(float, values(one))
    return [own for own in works.values() if own]
