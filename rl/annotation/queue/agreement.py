"""Agreement between annotators, and their accuracy on gold items.

Several measures stand side by side, since each misleads in its way: kappa and alpha fall when one
answer is frequent although people hardly ever differ, and the share of equal decisions rises then.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np

from corpus.model import Frozen
from rl.annotation.items import Decision
from rl.annotation.queue.adjudication import standing
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.queue.labels import Progress

RESAMPLES = 1000


class Interval95(Frozen):
    """A value with its 95 % interval, from items drawn again with replacement."""

    value: float
    """The value on all items."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end of the interval."""


class PairAgreement(Frozen):
    """Two annotators on the items that both decided."""

    first: str
    """One of the two people."""
    second: str
    """The other."""
    items: int
    """Number of items that both decided."""
    equal: float
    """Share of these on which they decided alike."""
    kappa: float | None
    """Cohen's kappa; ``None`` where chance alone would make them agree always."""


class GoldAccuracy(Frozen):
    """One person on the gold items."""

    person: str
    """Who decided."""
    items: int
    """Number of gold items that they decided."""
    right: int
    """Number of these that they decided right."""


class Agreement(Frozen):
    """Agreement between the annotators of a project."""

    alpha: Interval95 | None
    """Krippendorff's alpha for nominal values; ``None`` without two differing decisions."""
    equal: float | None
    """Mean of ``by_item``; ``None`` where no item was decided twice."""
    by_item: dict[str, float]
    """Share of pairs of people who agree, for each item that two or more decided."""
    pairs: tuple[PairAgreement, ...]
    """Each pair of people who decided an item together."""
    gold: tuple[GoldAccuracy, ...]
    """Each person who decided a gold item."""


class ProjectStatus(Frozen):
    """How far a project is and how well its annotators agree."""

    project: str
    """Name of the project."""
    progress: Progress
    """How many items have a label."""
    agreement: Agreement
    """How well the annotators agree."""


def agreement(queue: LabelQueue, project: str, seed: int = 0) -> Agreement:
    """Measure agreement on the decisions that stand; skipped items do not count.

    Raises:
        StoreError: the database cannot be read.
    """
    everything = standing(queue, project)
    votes = {
        item.id: {one.person: one.decision.key for one in made}
        for item, made, _ in everything
        if item.gold is None and made
    }
    by_item = {name: equal_share(list(v.values())) for name, v in votes.items() if len(v) > 1}
    gold = [
        (one.person, one.decision.key == Decision(choice=item.gold).key)
        for item, made, _ in everything
        if item.gold is not None
        for one in made
    ]
    return Agreement(
        alpha=alpha_interval([list(v.values()) for v in votes.values()], seed),
        equal=float(np.mean(list(by_item.values()))) if by_item else None,
        by_item=by_item,
        pairs=tuple(_pairs(votes)),
        gold=tuple(_gold(gold)),
    )


def krippendorff_alpha(units: Sequence[Sequence[str]]) -> float | None:
    """Return Krippendorff's alpha for nominal values; units with one value do not count.

    ``1 - D_o / D_e`` from the coincidence matrix. Source: Krippendorff, Content Analysis, 4th ed.,
    chapter 12. ``None`` where no unit has two values or only one value occurs.
    """
    found = float(_alphas(units, np.ones((1, len(units))))[0])
    return None if np.isnan(found) else found


def alpha_interval(units: Sequence[Sequence[str]], seed: int = 0) -> Interval95 | None:
    """Return alpha with its 95 % interval, from :data:`RESAMPLES` draws of units."""
    value = krippendorff_alpha(units)
    if value is None:
        return None
    chance = np.random.default_rng(seed)
    shares = np.full(len(units), 1 / len(units))
    drawn = _alphas(units, chance.multinomial(len(units), shares, size=RESAMPLES))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Interval95(value=value, low=float(low), high=float(high))


def _alphas(units: Sequence[Sequence[str]], times: np.ndarray) -> np.ndarray:
    """Return alpha for each row of ``times`` (draws x units), how often a unit is drawn; or NaN."""
    names = {value: place for place, value in enumerate(sorted({v for u in units for v in u}))}
    counts = np.zeros((len(units), len(names)))
    for row, unit in enumerate(units):
        for value in unit if len(unit) > 1 else ():
            counts[row, names[value]] += 1
    size = counts.sum(axis=1)
    differing = (size**2 - (counts**2).sum(axis=1)) / np.maximum(size - 1, 1)
    totals = times @ counts
    n = totals.sum(axis=1)
    expected = n**2 - (totals**2).sum(axis=1)
    observed = times @ differing
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(expected > 0, 1.0 - (n - 1) * observed / expected, np.nan)


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Return Cohen's kappa of two raters on the same items, ``None`` where chance alone gives 1."""
    n = len(first)
    equal = sum(a == b for a, b in zip(first, second, strict=True)) / n
    ones, twos = Counter(first), Counter(second)
    chance = sum(ones[value] * twos[value] for value in ones) / (n * n)
    return None if chance == 1.0 else (equal - chance) / (1.0 - chance)


def equal_share(values: Sequence[str]) -> float:
    """Return the share of pairs of values that are equal."""
    pairs = list(itertools.combinations(values, 2))
    return sum(a == b for a, b in pairs) / len(pairs)


def _pairs(votes: dict[str, dict[str, str]]) -> list[PairAgreement]:
    people = sorted({person for cast in votes.values() for person in cast})
    found = []
    for first, second in itertools.combinations(people, 2):
        both = [(v[first], v[second]) for v in votes.values() if first in v and second in v]
        if both:
            ones, twos = zip(*both, strict=True)
            equal = sum(a == b for a, b in both) / len(both)
            found.append(
                PairAgreement(
                    first=first,
                    second=second,
                    items=len(both),
                    equal=equal,
                    kappa=cohen_kappa(ones, twos),
                )
            )
    return found


def _gold(decided: Sequence[tuple[str, bool]]) -> list[GoldAccuracy]:
    total = Counter(person for person, _ in decided)
    right = Counter(person for person, was_right in decided if was_right)
    return [
        GoldAccuracy(person=person, items=total[person], right=right[person])
        for person in sorted(total)
    ]
