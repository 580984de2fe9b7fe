"""Verify an index against the store, row by row and hit by hit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import islice

from corpus.model import Frozen, Version
from corpus.store import Store
from retrieval.index import StatuteIndex
from retrieval.index_rows import indexed_texts
from retrieval.query import Hit, IndexedText, StatuteQuery

_SAMPLE = 5_000
_BATCH = 200
_SHOWN = 5


class Verification(Frozen):
    """Result of a comparison. ``faults`` are sentences, the first few of each kind.

    Attributes:
        rows: number of rows compared.
        missing: rows of the store that the index lacks.
        surplus: rows of the index that the store lacks.
        searches: number of random searches.
        hits: number of hits compared.
        near: those of the hits that are among the nearest vectors of their search.
        wrong: hits that the store contradicts.
        faults: the first differences as sentences.
    """

    rows: int
    missing: int
    surplus: int
    searches: int
    hits: int
    near: int
    wrong: int
    faults: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Return whether no difference was found."""
        return not (self.missing or self.surplus or self.wrong)


def verify(
    store: Store,
    index: StatuteIndex,
    searches: int = 2_000,
    seed: int = 0,
    progress: Callable[[int, int | None, str], None] = lambda *_: None,
) -> Verification:
    """Compare the index with the store: every row's key, and the hits of random dated searches.

    Searches use dates on which something begins or ends, and the days beside them, most often.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    sample: list[IndexedText] = []
    expected = {row.key for row in _sampled(indexed_texts(store), sample, chance)}
    held = set(index.keys())
    missing, surplus = sorted(expected - held), sorted(held - expected)
    faults = [f"missing from the index: {key}" for key in missing[:_SHOWN]]
    faults += [f"in the index but not in the store: {key}" for key in surplus[:_SHOWN]]
    hits = near = 0
    wrong: list[str] = []
    judge = _judge(store)
    asked = dated_queries(sample, chance) if sample else iter(())
    done = 0
    while batch := list(islice(asked, min(_BATCH, searches - done))):
        for query, found in zip(batch, index.search_many(batch), strict=True):
            hits += len(found)
            near += sum(hit.similarity is not None for hit in found)
            wrong += [fault for hit in found if (fault := judge(hit, query))]
        done += len(batch)
        progress(done, searches, "searches")
    return Verification(
        rows=len(expected),
        missing=len(missing),
        surplus=len(surplus),
        searches=done,
        hits=hits,
        near=near,
        wrong=len(wrong),
        faults=(*faults, *wrong[:_SHOWN]),
    )


def dated_queries(rows: Sequence[IndexedText], chance: random.Random) -> Iterator[StatuteQuery]:
    """Yield random searches without end: words of a text, often with a date near its edges."""
    edges = sorted({day for row in rows for day in (row.row_from, row.row_to) if day})
    while True:
        row = chance.choice(rows)
        own = [day for day in (row.row_from, row.row_to) if day]
        near = chance.choice(own if chance.random() < 0.7 else edges)
        day = _shifted(near, chance.choice([-1, 0, 0, 1]))
        if chance.random() < 0.1:
            day = date.fromordinal(chance.randint(edges[0].toordinal(), edges[-1].toordinal()))
        known_at = _shifted(day, chance.randint(-400, 400)) if chance.random() < 0.2 else None
        yield StatuteQuery(text=_words(row.text, chance), as_at=day, known_at=known_at)


def _words(text: str, chance: random.Random) -> str:
    words = text.split()
    if len(words) > 3:
        return " ".join(chance.sample(words, min(len(words), chance.randint(1, 5))))
    start = chance.randrange(max(1, len(text) - 4))
    return text[start : start + chance.randint(2, 6)]


def _shifted(day: date, days: int) -> date:
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))


def _sampled(
    rows: Iterator[IndexedText], sample: list[IndexedText], chance: random.Random
) -> Iterator[IndexedText]:
    """Yield the rows, and collect a uniform random sample of them in ``sample``."""
    for number, row in enumerate(rows):
        if len(sample) < _SAMPLE:
            sample.append(row)
        elif (place := chance.randrange(number + 1)) < _SAMPLE:
            sample[place] = row
        yield row


def _judge(store: Store) -> Callable[[Hit, StatuteQuery], str | None]:
    """Return a function that says why a hit is wrong according to the store, or ``None``."""

    @lru_cache(maxsize=100_000)
    def versions(provision_id: str) -> tuple[Version, ...]:
        history = store.history(provision_id)
        return history.versions if history else ()

    def fault(hit: Hit, query: StatuteQuery) -> str | None:
        known = [
            row
            for row in versions(hit.provision_id)
            if row.id == hit.version_id and row.is_known(query.known_at)
        ]
        if not known:
            return f"{hit.version_id} was not known at {query.known_at or 'the latest'}"
        live = [row for row in known if row.in_force(query.as_at, query.known_at)]
        if not live:
            return f"{hit.version_id} is not in force on {query.as_at}"
        same = any(row.text == hit.text for row in live)
        return None if same else f"{hit.version_id} has another text"

    return fault
