"""Fusion of the ranking by words with that by vectors, weighted by their scores."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)
Scored = Sequence[tuple[Item, float]]

WEIGHT = 0.85
"""The share of the vectors, chosen on training questions (docs/findings/retrieval.md)."""


def fused(
    words: Scored[Item], near: Scored[Item], weight: float = WEIGHT
) -> list[tuple[Item, float]]:
    """Merge two rankings by a weighted sum of their scores, each from 0 to 1.

    A score by words is divided by the best one. Cosines lie close together, so they are stretched
    from the least of the ranking, 0, to the greatest, 1. What a ranking lacks has 0 there. Bruch,
    Gai and Ingber (TOIS 2023) compare such sums with fusion by rank. Of equal sums the nearer one
    comes first.

    Args:
        words: items with their scores by words, best first.
        near: items with their cosines, best first.
        weight: the share of ``near``.
    """
    best = max((score for _, score in words), default=0.0)
    cosines = [cosine for _, cosine in near]
    least = min(cosines, default=0.0)
    width = max(cosines, default=0.0) - least
    sums: dict[Item, float] = {}
    for item, cosine in near:
        sums[item] = weight * ((cosine - least) / width if width else 1.0)
    for item, score in words:
        sums[item] = sums.get(item, 0.0) + (1 - weight) * (score / best if best else 1.0)
    return sorted(sums.items(), key=lambda pair: -pair[1])
