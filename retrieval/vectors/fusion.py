"""Reciprocal rank fusion, and exact vector search masked by date.

The versions in force on one date are a fraction of the corpus, so an exact product over them is
fast, finds everything that an approximate graph would miss, and needs no graph.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.engines.index_schema import EVERYWHERE, extents
from retrieval.query import IndexedText, StatuteQuery

Item = TypeVar("Item", bound=Hashable)
Vectors = NDArray[np.float32]
_OPEN = np.iinfo(np.int32).max
_NO_DAY = np.iinfo(np.int32).min


def reciprocal_rank_fusion(
    rankings: Iterable[Sequence[Item]], damping: int = 60
) -> list[tuple[Item, float]]:
    """Merge rankings: an item scores the sum of ``1 / (damping + rank)``, ranks from 1.

    The method and its constant are those of Cormack, Clarke and Büttcher (SIGIR 2009). Of equal
    scores, the one met first comes first.
    """
    scores: dict[Item, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(dict.fromkeys(ranking), start=1):
            scores[item] = scores.get(item, 0.0) + 1 / (damping + rank)
    return sorted(scores.items(), key=lambda pair: -pair[1])


@dataclass(frozen=True)
class _Snapshot:
    """The rows in force on one date, as known then, with their vectors as one matrix."""

    rows: NDArray[np.intp]
    vectors: Vectors


class DatedVectors:
    """Unit vectors of rows, searched exactly among those in force on the query's date.

    Args:
        vectors_N_D: one unit vector per row.
        rows: the rows, in the same order.
        snapshots: number of dates to cache (each takes the memory of its vectors).

    Raises:
        ValueError: the numbers of vectors and rows differ.
    """

    def __init__(
        self, vectors_N_D: Vectors, rows: Sequence[IndexedText], snapshots: int = 4
    ) -> None:
        if len(vectors_N_D) != len(rows):
            raise ValueError(f"{len(vectors_N_D)} vectors for {len(rows)} rows")
        self._vectors = vectors_N_D
        self._provisions = [row.provision_id for row in rows]
        self._valid = _intervals((row.row_from, row.row_to) for row in rows)
        self._known = _intervals((row.known_from, row.known_to) for row in rows)
        self._values = {
            "jurisdictions": np.array([row.jurisdiction for row in rows]),
            "works": np.array([row.work_id for row in rows]),
            "languages": np.array([row.language for row in rows]),
        }
        self._extents = [frozenset(extents(row.extent)) for row in rows]
        self._size = snapshots
        self._lock = threading.Lock()
        self._snapshots: OrderedDict[tuple[date, date | None], _Snapshot] = OrderedDict()

    def search(self, vector_D: Vectors, query: StatuteQuery) -> list[tuple[int, float]]:
        """Return ``(row number, cosine)`` of the nearest rows, best first, one per provision.

        Dates and filters are those of ``query``; its words are ignored.
        """
        snapshot = self._snapshot(query.as_at, query.known_at)
        admitted = self._admitted(snapshot.rows, query)
        rows = snapshot.rows if admitted is None else snapshot.rows[admitted]
        vectors = snapshot.vectors if admitted is None else snapshot.vectors[admitted]
        cosines = vectors @ vector_D
        best: dict[str, tuple[int, float]] = {}
        for i in np.argsort(-cosines, kind="stable"):
            best.setdefault(self._provisions[rows[i]], (int(rows[i]), float(cosines[i])))
            if len(best) == query.limit:
                break
        return list(best.values())

    def _snapshot(self, day: date, known_at: date | None) -> _Snapshot:
        with self._lock:
            if (ready := self._snapshots.get((day, known_at))) is not None:
                self._snapshots.move_to_end((day, known_at))
                return ready
        rows = np.flatnonzero(_holds(self._valid, day) & _holds(self._known, known_at))
        made = _Snapshot(rows, np.ascontiguousarray(self._vectors[rows]))
        with self._lock:
            self._snapshots[day, known_at] = made
            while len(self._snapshots) > self._size:
                self._snapshots.popitem(last=False)
        return made

    def _admitted(self, rows: NDArray[np.intp], query: StatuteQuery) -> NDArray[np.bool_] | None:
        """Return which of ``rows`` pass the filters; ``None``: there are no filters."""
        masks = [
            np.isin(values[rows], wanted)
            for name, values in self._values.items()
            if (wanted := getattr(query, name))
        ]
        for part in query.extents:
            here = {EVERYWHERE, part}
            masks.append(np.array([bool(self._extents[row] & here) for row in rows], dtype=bool))
        return np.logical_and.reduce(masks) if masks else None


def _intervals(spans: Iterable[tuple[date | None, date | None]]) -> NDArray[np.int32]:
    """Return ``(N, 2)`` day numbers; an open side is the smallest or largest number."""
    numbers = [
        (start.toordinal() if start else _NO_DAY, end.toordinal() if end else _OPEN)
        for start, end in spans
    ]
    return np.array(numbers, dtype=np.int32).reshape(-1, 2)


def _holds(intervals_N_2: NDArray[np.int32], day: date | None) -> NDArray[np.bool_]:
    """Return which intervals contain ``day``; ``None``: which have no end."""
    if day is None:
        return np.asarray(intervals_N_2[:, 1] == _OPEN)
    number = day.toordinal()
    return np.asarray((intervals_N_2[:, 0] <= number) & (number < intervals_N_2[:, 1]))
