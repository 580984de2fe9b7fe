"""Scores with confidence intervals. No score is reported without one."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from statistics import NormalDist, fmean

from corpus.model import Frozen


class Score(Frozen):
    """A mean with its confidence interval ``[low, high]`` over ``n`` units.

    Attributes:
        mean: the mean.
        low: lower bound of the confidence interval.
        high: upper bound of the confidence interval.
        n: number of values.
    """

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """Return the score as ``0.412 [0.398, 0.427] n=4,913``."""
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.n:,}"


def wilson(right: int, n: int, confidence: float = 0.95) -> Score:
    """Return a share with its Wilson score interval, which is valid at 0, at 1 and for small ``n``.

    Raises:
        ValueError: ``n`` is 0, or ``right`` is greater than ``n``.
    """
    if not 0 <= right <= n or n == 0:
        raise ValueError(f"{right} right of {n} is not a share")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, factor = right / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / factor
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / factor
    low = 0.0 if right == 0 else max(centre - half, 0.0)
    high = 1.0 if right == n else min(centre + half, 1.0)
    return Score(mean=share, low=low, high=high, n=n)


def bootstrap(
    clusters: Sequence[Sequence[float]], seed: int, draws: int = 2_000, confidence: float = 0.95
) -> Score:
    """Return the mean over all values with a percentile interval from resampled clusters.

    Values of one cluster (the questions about one work) are drawn together, since they are not
    independent.

    Args:
        clusters: the values by cluster; empty clusters are left out.
        seed: seed of the resampling.
        draws: number of resamples.
        confidence: coverage of the interval.

    Raises:
        ValueError: there is no value.
    """
    sums = [(sum(values), len(values)) for values in clusters if values]
    if not sums:
        raise ValueError("there is no value to average")
    chance = random.Random(seed)  # noqa: S311 - no secret
    means = []
    for _ in range(draws):
        drawn = chance.choices(sums, k=len(sums))
        means.append(sum(total for total, _ in drawn) / sum(count for _, count in drawn))
    means.sort()
    tail = (1 - confidence) / 2
    return Score(
        mean=fmean(value for values in clusters for value in values),
        low=means[int(tail * draws)],
        high=means[min(int((1 - tail) * draws), draws - 1)],
        n=sum(count for _, count in sums),
    )
