"""Verify an index against the store, row by row and hit by hit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import islice
from pathlib import Path

from corpus.errors import SearchFailedError
from corpus.model import Frozen, Version
from corpus.store import Store
from retrieval.check_progress import CheckOf, CheckProgress, Tally
from retrieval.index import StatuteIndex
from retrieval.index_rows import indexed_texts
from retrieval.patience import Patience
from retrieval.query import Hit, IndexedText, StatuteQuery

_SAMPLE = 5_000
_BATCH = 200
_SHOWN = 5

_Judge = Callable[[Hit, StatuteQuery], str | None]
"""Says why a hit is wrong, or ``None``."""


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


class Searches(Frozen):
    """The random dated searches of a comparison.

    Attributes:
        number: number of searches.
        seed: seed of the searches.
        kept_in: file with the counts so far: written after every batch of searches, and continued
            from where it exists.
        patience: seconds for which a batch of searches is repeated while the engine fails.
    """

    number: int = 2_000
    seed: int = 0
    kept_in: Path | None = None
    patience: float = 0


def verify(
    store: Store,
    index: StatuteIndex,
    searches: Searches,
    progress: Callable[[int, int | None, str], None] = lambda *_: None,
) -> Verification:
    """Compare the index with the store: every row's key, and the hits of random dated searches.

    Searches use dates on which something begins or ends, and the days beside them, most often.

    Raises:
        BadInputError: ``searches.kept_in`` is of another check.
        SearchFailedError: the engine failed for longer than ``searches.patience``.
    """
    chance = random.Random(searches.seed)  # noqa: S311 - no secret
    sample: list[IndexedText] = []
    expected = {row.key for row in _sampled(indexed_texts(store), sample, chance)}
    held = set(index.keys())
    missing, surplus = sorted(expected - held), sorted(held - expected)
    faults = [f"missing from the index: {key}" for key in missing[:_SHOWN]]
    faults += [f"in the index but not in the store: {key}" for key in surplus[:_SHOWN]]
    asked = dated_queries(sample, chance) if sample else iter(())
    tally = _searched(store, index, searches, asked, progress)
    return Verification(
        rows=len(expected),
        missing=len(missing),
        surplus=len(surplus),
        **tally.model_dump(exclude={"faults"}),
        faults=(*faults, *tally.faults),
    )


def _searched(
    store: Store,
    index: StatuteIndex,
    searches: Searches,
    asked: Iterator[StatuteQuery],
    progress: Callable[[int, int | None, str], None],
) -> Tally:
    """Compare the hits of the searches with the store, from where the kept counts end."""
    kept = CheckProgress(searches.kept_in, _check_of(index, searches.seed))
    judge = _judge(store)
    next(islice(asked, kept.tally.searches, kept.tally.searches), None)
    while batch := list(islice(asked, min(_BATCH, max(0, searches.number - kept.tally.searches)))):
        kept.add(_compared(batch, _patiently(index, batch, searches.patience), judge))
        progress(kept.tally.searches, searches.number, "searches")
    return kept.tally


def _check_of(index: StatuteIndex, seed: int) -> CheckOf:
    return CheckOf(
        corpus_hash=index.corpus_hash, index=index.version, vectors=index.vectors, seed=seed
    )


def _patiently(
    index: StatuteIndex, batch: Sequence[StatuteQuery], seconds: float
) -> list[list[Hit]]:
    """Return the hits of each search; repeat all of them while the engine fails."""
    patience = Patience(seconds)
    while True:
        try:
            return index.search_many(batch)
        except SearchFailedError as problem:
            patience.wait(problem)


def _compared(
    batch: Sequence[StatuteQuery], found: Sequence[Sequence[Hit]], judge: _Judge
) -> Tally:
    """Count the hits of some searches, and those that the store contradicts."""
    hits = [(hit, query) for query, some in zip(batch, found, strict=True) for hit in some]
    wrong = [fault for hit, query in hits if (fault := judge(hit, query))]
    return Tally(
        searches=len(batch),
        hits=len(hits),
        near=sum(hit.similarity is not None for hit, _ in hits),
        wrong=len(wrong),
        faults=tuple(wrong[:_SHOWN]),
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


def _judge(store: Store) -> _Judge:
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
