"""Match the articles of a new edition with those of the old one when numbers move.

A revision inserts and deletes articles, and the numbers after them shift. Two articles are one
provision if their words are the same or mostly the same; an equal number alone proves nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from corpus.provision_numbers import label_key
from corpus.sources.dated.editions import Unit, fold

MOVED = 0.6
"""Least similarity (Dice, of letter pairs) for a match under another number."""

KEPT = 0.35
"""Least similarity for a match under the same number."""


def by_label(before: Sequence[Unit], after: Sequence[Unit]) -> dict[int, int]:
    """Match articles by number; right if numbers are never reused."""
    known = {label_key(unit.label): index for index, unit in enumerate(before)}
    keys = ((index, label_key(unit.label)) for index, unit in enumerate(after))
    return {index: known[key] for index, key in keys if key in known}


def align(
    before: Sequence[Unit], after: Sequence[Unit], told: Mapping[int, int] | None = None
) -> dict[int, int]:
    """Return for each article of ``after`` (by index) the article of ``before`` that it continues.

    Args:
        before: the old edition.
        after: the new edition.
        told: pairs that are already known.
    """
    links = dict(told or {})
    taken = set(links.values())
    for _, _, new, old in sorted(_candidates(before, after), reverse=True):
        if new not in links and old not in taken:
            links[new] = old
            taken.add(old)
    return links


def _candidates(
    before: Sequence[Unit], after: Sequence[Unit]
) -> Iterator[tuple[float, float, int, int]]:
    """Yield likely pairs: similarity, closeness of position, new index, old index."""
    old_pairs = [_pairs(unit) for unit in before]
    holders = defaultdict(list)
    for old, pairs in enumerate(old_pairs):
        for pair in pairs:
            holders[pair].append(old)
    numbers = {label_key(unit.label): index for index, unit in enumerate(before)}
    for new, unit in enumerate(after):
        pairs = _pairs(unit)
        common: Counter[int] = Counter()
        for pair, times in pairs.items():
            for old in holders.get(pair, ()):
                common[old] += min(times, old_pairs[old][pair])
        same_number = numbers.get(label_key(unit.label))
        for old, shared in common.items():
            likeness = 2 * shared / (pairs.total() + old_pairs[old].total())
            if likeness >= (KEPT if old == same_number else MOVED):
                yield likeness, _nearness(new, old, len(after), len(before)), new, old


def _pairs(unit: Unit) -> Counter[str]:
    words = fold(unit.text or "")
    return Counter(words[i : i + 2] for i in range(len(words) - 1))


def _nearness(new: int, old: int, new_count: int, old_count: int) -> float:
    return -abs(new / new_count - old / old_count)
