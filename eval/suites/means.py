"""Means over scored traces, with intervals from resampled works."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from agent.trace import Trace
from corpus.model import Frozen
from corpus.questions import Question
from eval.metrics import Score, bootstrap, wilson
from rl.rewards.scored_trace import ScoredTrace

Values = Callable[[Trace, Question], Iterable[float]]
"""Returns the values of one question that are averaged: none, one, or one per citation."""


class ScorerMean(Frozen):
    """Mean of one scorer, and the number of unscored traces by reason.

    Attributes:
        mean: mean over the scored traces; null if there are none.
        unscored: number of unscored traces by reason.
    """

    mean: Score | None
    unscored: dict[str, int]


def values_of(one: ScoredTrace, values: Values) -> list[float]:
    """Return a scored trace's values; empty if the rollout is void."""
    if one.trace is None or one.void is not None:
        return []
    return [float(value) for value in values(one.trace, one.question)]


def mean_by_work(scored: Iterable[ScoredTrace], values: Values) -> Score | None:
    """Return the mean with a 95 % interval from resampled works; ``None`` without values.

    Questions about one work are drawn together, since they are not independent.
    """
    return _mean(by_work((one.question, values_of(one, values)) for one in scored))


def share_by_work(scored: Iterable[ScoredTrace], values: Values) -> Score | None:
    """Return :func:`mean_by_work` of values that are 0 or 1.

    If all values are equal, resampling would give an interval of width 0; Wilson's interval over
    the works is returned instead.
    """
    return share(by_work((one.question, values_of(one, values)) for one in scored))


def share(clusters: Sequence[Sequence[float]]) -> Score | None:
    """Return the share over values that are 0 or 1, with an interval from resampled clusters."""
    if not clusters:
        return None
    found = bootstrap(clusters, seed=0)
    if found.mean not in {0.0, 1.0}:
        return found
    works = wilson(round(found.mean * len(clusters)), len(clusters))
    return works.model_copy(update={"n": found.n})


def scorer_means(scored: Sequence[ScoredTrace]) -> dict[str, ScorerMean]:
    """Return the mean of each scorer from the scores in the journal; void rollouts are left out."""
    kept = [one for one in scored if one.void is None]
    names = dict.fromkeys(name for one in kept for name in one.rewards)
    return {name: _scorer_mean(kept, name) for name in names}


def _scorer_mean(kept: Sequence[ScoredTrace], name: str) -> ScorerMean:
    found = [(one.question, one.rewards.get(name)) for one in kept]
    return ScorerMean(
        mean=_mean(by_work((question, [value]) for question, value in found if value is not None)),
        unscored=dict(Counter(one.unscored[name] for one in kept if name in one.unscored)),
    )


def by_work(found: Iterable[tuple[Question, Sequence[float]]]) -> list[list[float]]:
    """Return the values grouped by work; each question without a work is a group of its own."""
    works: dict[str, list[float]] = defaultdict(list)
    for question, values in found:
        works[question.work_id or question.id] += values
    return [own for own in works.values() if own]


def _mean(clusters: Sequence[Sequence[float]]) -> Score | None:
    return bootstrap(clusters, seed=0) if clusters else None
