"""The vectors of an embedded build: mapped from the disk, masked by date, searched exactly.

What is in force on one day is a fraction of a corpus, so an exact product over that fraction is
quick, finds everything that an approximate graph misses, and needs no graph to rebuild. The rows
that are admitted are gathered and widened from one byte to float32 in parts that fit the
processor's cache; the others are not read. Rows stand ordered by jurisdiction and by the day they
end, so that the admitted ones lie close together.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.engines.index_schema import EVERYWHERE, extents, place, provision_of
from retrieval.query import IndexedText, StatuteQuery
from retrieval.vectors.encoder import Vectors
from retrieval.vectors.quantised import Codes, quantised, read_codes, scales, units

FILES = ("vectors-codes.npy", "vectors-rows.npy", "vectors-values.json")
"""The files in the folder of a build."""
DATES = FILES[1:]
"""Those of them, small ones, that say which rows the vectors are of and when these are in force."""

_BLOCK = 1024
_OPEN = np.iinfo(np.int32).max
_NO_DAY = np.iinfo(np.int32).min
_FILTERS = {"jurisdiction": "jurisdictions", "work_id": "works", "language": "languages"}
_NAMED = (*_FILTERS, "extent")
_DAYS = ("row_from", "row_to", "known_from", "known_to")
_ROW = np.dtype(
    [
        ("place", np.uint64),
        *((name, np.int32) for name in _DAYS),
        *((name, np.uint32) for name in _NAMED),
    ]
)

Rows = NDArray[np.void]
Values = dict[str, list[str]]
Mask = NDArray[np.bool_]


class DatedVectors:
    """Vectors of rows, searched among those in force on the query's day. Shared by threads.

    Args:
        codes_N_D: one a row.
        rows_N: what they stand for: places, days, and numbers of values.
        values: the names that the numbers of each field stand for.

    Raises:
        ValueError: there is not one vector per row.
    """

    def __init__(self, codes_N_D: Codes, rows_N: Rows, values: Values) -> None:
        if len(codes_N_D) != len(rows_N):
            raise ValueError(f"{len(codes_N_D)} vectors for {len(rows_N)} rows")
        self._codes, self._rows, self._values = codes_N_D, rows_N, values
        self._columns = {name: np.ascontiguousarray(rows_N[name]) for name in _ROW.names or ()}
        parts = [scales(codes_N_D[i : i + _BLOCK]) for i in range(0, len(codes_N_D), _BLOCK)]
        self._scales = np.concatenate([*parts, np.empty(0, np.float32)])

    @property
    def dimension(self) -> int:
        """The numbers of each vector."""
        return int(self._codes.shape[1])

    @classmethod
    def of(cls, rows: Sequence[IndexedText], records: Sequence[bytes]) -> DatedVectors:
        """Make those of some rows; each record is a row's codes."""
        order = sorted(range(len(rows)), key=lambda i: _order(rows[i]))
        values: Values = {
            name: sorted({getattr(row, name) or "" for row in rows}) for name in _NAMED
        }
        numbers = {name: {value: i for i, value in enumerate(values[name])} for name in _NAMED}
        table = np.array([_entry(rows[i], numbers) for i in order], dtype=_ROW)
        return cls(read_codes([records[i] for i in order]), table, values)

    @classmethod
    def open(cls, folder: Path) -> DatedVectors:
        """Map those of a build.

        Raises:
            OSError: a file is missing.
            ValueError: a file is damaged.
        """
        codes, rows, values = (folder / name for name in FILES)
        held = json.loads(values.read_text(encoding="utf-8"))
        return cls(np.load(codes, mmap_mode="r"), np.load(rows), held)

    def write(self, folder: Path) -> None:
        """Write the files of a build."""
        codes, rows, values = (folder / name for name in FILES)
        np.save(codes, self._codes)
        np.save(rows, self._rows)
        values.write_text(json.dumps(self._values, ensure_ascii=False), encoding="utf-8")

    def replaced(
        self, works: Collection[str], rows: Sequence[IndexedText], records: Sequence[bytes]
    ) -> DatedVectors:
        """Return these without the rows of some works, and with others."""
        new = DatedVectors.of(rows, records)
        stay = ~np.isin(self._columns["work_id"], self._numbers("work_id", works))
        merged = {name: sorted({*self._values[name], *new._values[name]}) for name in self._values}
        table = np.concatenate([self._renumbered(merged)[stay], new._renumbered(merged)])
        kept = self._codes[stay]
        codes_N_D = np.concatenate([kept, new._codes]) if len(new._codes) else kept
        keys = ("place", "row_from", "row_to", "jurisdiction")  # the last is the first to order by
        order = np.lexsort([table[name] for name in keys])
        return DatedVectors(codes_N_D[order], table[order], merged)

    def search(self, vector_D: Vectors, query: StatuteQuery) -> list[tuple[int, float]]:
        """Return ``(place, cosine)`` of the nearest rows in force, one per provision, best first.

        Dates and filters are those of ``query``; its words are not looked at.
        """
        admitted = np.flatnonzero(self._mask(query))
        (unit_D,) = units(quantised(vector_D[None]))  # rounded alike, so that two engines agree
        cosines = self._cosines(unit_D, admitted)
        places = self._columns["place"][admitted]
        wanted = 2 * query.limit
        while True:
            nearest = _nearest(cosines, wanted)
            order = nearest[np.lexsort((places[nearest], -cosines[nearest]))]
            best: dict[int, tuple[int, float]] = {}
            for i in order:
                number = int(places[i])
                best.setdefault(provision_of(number), (number, float(cosines[i])))
            if len(best) >= query.limit or wanted >= len(admitted):
                return list(best.values())[: query.limit]
            wanted *= 4

    def _cosines(self, vector_D: Vectors, admitted: NDArray[np.intp]) -> Vectors:
        """Return the cosine of each admitted row; the others are not read."""
        found = np.empty(len(admitted), dtype=np.float32)
        codes = np.empty((_BLOCK, self.dimension), dtype=np.int8)
        wide = np.empty((_BLOCK, self.dimension), dtype=np.float32)
        for start in range(0, len(admitted), _BLOCK):
            rows = admitted[start : start + _BLOCK]
            part = slice(len(rows))
            np.take(self._codes, rows, axis=0, out=codes[part], mode="clip")  # without a copy
            np.copyto(wide[part], codes[part])
            np.dot(wide[part], vector_D, out=found[start : start + len(rows)])
        return np.asarray(found * self._scales[admitted], dtype=np.float32)

    def _mask(self, query: StatuteQuery) -> Mask:
        """Return which rows are in force and pass the filters."""
        column = self._columns
        day = query.as_at.toordinal()
        mask: Mask = (column["row_from"] <= day) & (day < column["row_to"])
        if query.known_at is None:
            mask &= column["known_to"] == _OPEN
        else:
            known = query.known_at.toordinal()
            mask &= (column["known_from"] <= known) & (known < column["known_to"])
        for name, filtered in _FILTERS.items():
            if wanted := getattr(query, filtered):
                mask &= np.isin(column[name], self._numbers(name, wanted))
        if query.extent is not None:
            mask &= np.isin(column["extent"], self._reaching(query.extent))
        return mask

    def _numbers(self, name: str, wanted: Collection[str]) -> list[int]:
        return [i for i, value in enumerate(self._values[name]) if value in wanted]

    def _reaching(self, territory: str) -> list[int]:
        """Return the numbers of the extents that reach a territory."""
        here = {EVERYWHERE, territory}
        return [i for i, held in enumerate(self._values["extent"]) if here & {*extents(held)}]

    def _renumbered(self, merged: Values) -> Rows:
        """Return the rows with the numbers of other lists of values."""
        table = self._rows.copy()
        for name, old in self._values.items():
            numbers = np.array([merged[name].index(value) for value in old], dtype=np.uint32)
            table[name] = numbers[table[name]] if len(old) else table[name]
        return table


def _nearest(cosines: Vectors, count: int) -> NDArray[np.intp]:
    """Return the numbers of the ``count`` greatest, and of all that equal the last of them."""
    if count >= len(cosines):
        return np.arange(len(cosines))
    least = np.partition(cosines, -count)[-count]
    return np.flatnonzero(cosines >= least)


def _order(row: IndexedText) -> tuple[Any, ...]:
    return (row.jurisdiction, row.row_to or date.max, row.row_from, place(row))


def _entry(row: IndexedText, numbers: Mapping[str, Mapping[str, int]]) -> tuple[int, ...]:
    days = (
        row.row_from.toordinal(),
        row.row_to.toordinal() if row.row_to else _OPEN,
        row.known_from.toordinal() if row.known_from else _NO_DAY,
        row.known_to.toordinal() if row.known_to else _OPEN,
    )
    named = (numbers[name][getattr(row, name) or ""] for name in _NAMED)
    return (place(row), *days, *named)
