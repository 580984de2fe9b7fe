"""Synthetic statute book of a benchmark, written once so that all engines index the same rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from corpus.errors import SourceError
from corpus.synthetic import Synthetic
from retrieval.index_rows import work_texts
from retrieval.query import IndexedText, StatuteQuery

Advance = Callable[[int, int | None, str], None]
"""Called with the amount done, the total if known, and the name of the step."""


class Book:
    """Versions of synthetic law in ``file``, and queries made from them.

    Args:
        versions: number of versions (whole works are written, so there are a few more).
        seed: seed of book and queries.
        file: where the rows go, one JSON object per line.
    """

    def __init__(self, versions: int, seed: int, file: Path) -> None:
        self._source = Synthetic(versions, seed=seed)
        self._seed, self._file = seed, file
        self._sample: list[IndexedText] = []
        self.count = 0

    def write(self, advance: Advance) -> None:
        """Write every row; keep a random hundredth to make queries from."""
        chance = random.Random(self._seed)
        with self._file.open("w", encoding="utf-8") as file:
            for work in self._source.works(_never):
                for row in work_texts(work):
                    file.write(row.model_dump_json() + "\n")
                    if chance.random() < 0.01 or self.count < 100:
                        self._sample.append(row)
                    self.count += 1
                advance(self.count, None, "rows")

    def rows(self, advance: Advance) -> Iterator[IndexedText]:
        """Read the rows back."""
        with self._file.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if number % 1000 == 0 or number == self.count:
                    advance(number, self.count, "rows")
                yield IndexedText.model_validate_json(line)

    def queries(self, count: int) -> list[StatuteQuery]:
        """Return distinct queries: words of a text, with a date in or near its interval."""
        chance = random.Random(self._seed + 1)
        found: dict[StatuteQuery, None] = {}
        while len(found) < count:
            row = chance.choice(self._sample)
            day = row.row_from + timedelta(days=chance.choice([-1, 0, 1, 200]))
            found[StatuteQuery(text=_some_words(row.text, chance), as_at=day)] = None
        return list(found)


def _some_words(text: str, chance: random.Random) -> str:
    words = text.split()
    if len(words) > 3:
        return " ".join(chance.sample(words, min(len(words), chance.randint(2, 7))))
    start = chance.randrange(max(1, len(text) - 6))
    return text[start : start + chance.randint(4, 8)]


def _never(error: SourceError) -> None:
    raise error
