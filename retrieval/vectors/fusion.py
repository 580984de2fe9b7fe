"""Fusion of the ranking by words with that by vectors, weighted by their scores."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

from retrieval.text.shared_terms import question_terms, stems

Item = TypeVar("Item", bound=Hashable)
Scored = Sequence[tuple[Item, float]]

WEIGHT = 0.85
"""The share of the vectors for a question in words of its own, chosen on training questions
(docs/findings/retrieval.md)."""
STATUTE_WEIGHT = 0.3
"""The share of the vectors for a question in the words of the law."""
STATUTE_SHARE = 0.3
"""A question is in the words of the law if the best hit by words holds this share of its terms."""


def weight_for(question: str, heading: str | None, text: str, language: str) -> float:
    """Return the share of the vectors for a question, by its best hit by words alone.

    Chosen, like both shares, on the spent questions of ``eval/questions``
    (docs/findings/retrieval.md): a question that quotes the law is found by its words, one in words
    of its own by its meaning.
    """
    asked = question_terms(question, language)
    held = asked & stems(f"{heading or ''} {text}", language)
    return STATUTE_WEIGHT if asked and len(held) >= STATUTE_SHARE * len(asked) else WEIGHT


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
