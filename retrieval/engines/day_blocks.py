"""Encode an interval of dates as a few blocks, for lookup by date in an inverted index.

Days are divided into blocks of 1, 8, 64, ... days, each level aligned to its size. An interval is
stored as the fewest blocks that cover it exactly, and a date lies in one block of each level, so an
interval contains a date exactly if it has one of that date's blocks. This is the segment tree of
Bentley (1977) with its nodes as words. The union of eight posting lists costs a fraction of
comparing two numbers of every row that has the words.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

_BITS = 3
_LEVELS = 8
_END = 1 << 22
"""End of a block of the largest size, later than any date."""


@lru_cache(maxsize=1 << 16)
def interval_words(start: date, end: date | None) -> str:
    """Return the blocks of ``[start, end)``, separated by spaces; ``None`` is an open end."""
    day, last = start.toordinal(), end.toordinal() if end else _END
    words = []
    while day < last:
        level = next(n for n in reversed(range(_LEVELS)) if _fits(day, last, n))
        words.append(_word(day, level))
        day += 1 << _BITS * level
    return " ".join(words)


def day_words(day: date) -> list[str]:
    """Return the blocks that contain ``day``."""
    return [_word(day.toordinal(), level) for level in range(_LEVELS)]


def _fits(day: int, last: int, level: int) -> bool:
    size = 1 << _BITS * level
    return day % size == 0 and day + size <= last


def _word(day: int, level: int) -> str:
    return f"{level}:{day >> _BITS * level}"
