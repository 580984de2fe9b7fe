"""Intervals of any statistic of timings, from resampling."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

DRAWS = 2_000

Numbers = NDArray[np.float64]


def resampled(of: Callable[[Sequence[Numbers]], float], *samples: Numbers) -> tuple[float, float]:
    """Return the middle 95 % of a statistic over samples that are each drawn again."""
    random = np.random.default_rng(0)
    values = [of([random.choice(each, len(each)) for each in samples]) for _ in range(DRAWS)]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
