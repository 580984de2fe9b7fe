"""Corrective Advantage Gap: how far a label would move the advantages of a group.

Paper: Wang et al., "When Self-Belief Misleads: Active Label Acquisition for RLVR", arXiv
2605.25864. A group of ``n`` rollouts is rewarded by a majority vote; the largest cluster of equal
answers has ``x`` members, the cluster of the right answer ``y``. With ``A(r) = (r - mean) / std``
(population; 0 where std is below 1e-8) the gap is ``||A(r_gold) - A(r_majority)||``.
"""

from __future__ import annotations

import math


def advantage_gap(n: int, x: int, y: int | None) -> float:
    """Return the gap of a group in closed form, from 0 to ``2 sqrt(n)``.

    Args:
        n: rollouts.
        x: rollouts in the largest cluster.
        y: rollouts in the cluster of the right answer, 0 where nobody is right; ``None`` where the
            largest cluster is right.

    A unanimous group has gap 0 even where it is wrong: every advantage is 0 with and without the
    label, so a label alone teaches it nothing.

    Raises:
        ValueError: there can be no such group.
    """
    if not 0 < x <= n or (y is not None and not 0 <= y <= min(x, n - x)):
        raise ValueError(f"there is no group of {n} with clusters of {x} and {y}")
    if y is None or x == n:
        return 0.0
    if y == 0:
        return math.sqrt(n)
    return math.sqrt(2 * n * (1 + math.sqrt(x * y / ((n - x) * (n - y)))))
