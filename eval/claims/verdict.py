"""Paired differences over seeds, with interval and verdict. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from corpus.model import Frozen
from eval.claims.student import quantile

SMOOTH = 20
FEWEST = 3
"""Fewest seeds for a verdict."""


class Effect(Frozen):
    """Method minus control: the mean over seeds and its 95 % interval (Student's t, paired)."""

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def verdict(self) -> str:
        """Return the verdict in words."""
        if self.seeds < FEWEST:
            return "no conclusion: too few seeds"
        if self.low > 0:
            return "better than its control"
        if self.high < 0:
            return "worse than its control"
        return "no difference shown"


def paired(method: Sequence[float], control: Sequence[float]) -> Effect:
    """Return the paired difference of two sets of runs, by seed.

    Raises:
        ValueError: the numbers of runs differ, or there are fewer than two.
    """
    if len(method) != len(control) or len(method) < 2:
        raise ValueError("a paired comparison needs two seeds or more, the same for both")
    gaps = [m - c for m, c in zip(method, control, strict=True)]
    n = len(gaps)
    half = quantile(0.95, n - 1) * stdev(gaps) / math.sqrt(n)
    return Effect(mean=fmean(gaps), low=fmean(gaps) - half, high=fmean(gaps) + half, seeds=n)


def collapsed(entropy: Sequence[float], accuracy: Sequence[float]) -> bool:
    """Return whether entropy fell below a tenth, or accuracy 30 % below its best.

    Accuracies are means over ``SMOOTH`` rounds, since shorter windows vary by that much by chance.
    """
    if entropy and min(entropy) < 0.1 * entropy[0]:
        return True
    smooth = [fmean(accuracy[i : i + SMOOTH]) for i in range(len(accuracy) - SMOOTH + 1)]
    best = -math.inf
    for value in smooth:
        best = max(best, value)
        if value < 0.7 * best:
            return True
    return False
