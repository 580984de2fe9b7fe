"""Hybrid index: rankings by words and by vectors on one date, fused by rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from retrieval.engines.index_schema import STORED
from retrieval.index import StatuteIndex
from retrieval.query import Facets, Hit, IndexedText, IndexStatus, StatuteQuery
from retrieval.text.analysis import text_query
from retrieval.vectors.fusion import DatedVectors, Vectors, reciprocal_rank_fusion

DEPTH = 50  # hits of each ranking that take part


class Encoder(Protocol):
    """Maps texts to unit vectors."""

    @property
    def name(self) -> str:
        """What to call it in reports."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text, ``(N, D)``."""
        ...


class HybridIndex:
    """An index whose ranking is fused with the nearest vectors. A ``StatuteIndex``.

    A quoted phrase asks for the very words, so such a query is left to the words alone. ``rows``
    are those that ``words`` was built from; they are held in memory.
    """

    def __init__(self, words: StatuteIndex, rows: Sequence[IndexedText], encoder: Encoder) -> None:
        self._words, self._rows, self._encoder = words, rows, encoder
        self._vectors = DatedVectors(encoder.encode([said(row) for row in rows]), rows)

    @property
    def corpus_hash(self) -> str:
        """Return the hash of the corpus it was built from."""
        return self._words.corpus_hash

    @property
    def version(self) -> str:
        """Return the version of the word index and the encoder's name."""
        return f"{self._words.version}+{self._encoder.name}"

    def search(self, query: StatuteQuery) -> list[Hit]:
        """Return hits in force on ``query.as_at``, best first; ``score`` is the fused one."""
        asked = text_query(query.text, query.languages)
        if asked.phrases or asked.empty:
            return self._words.search(query)
        deep = query.model_copy(update={"limit": DEPTH})
        hits = {hit.provision_id: hit for hit in self._words.search(deep)}
        by_vector = {row.provision_id: row for row in self.nearest(deep)}
        fused = reciprocal_rank_fusion([list(hits), list(by_vector)])[: query.limit]
        return [
            _hit(hits.get(name) or by_vector[name], score, asked.wanted) for name, score in fused
        ]

    def nearest(self, query: StatuteQuery) -> list[IndexedText]:
        """Return the rows in force whose vectors are nearest, best first, one per provision."""
        near = self._vectors.search(self._encoder.encode([query.text])[0], query)
        return [self._rows[i] for i, _ in near]

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        """Search one after another; answers keep their order."""
        return [self.search(query) for query in queries]

    def facets(self, query: StatuteQuery) -> Facets:
        """Count what the words of ``query`` find."""
        return self._words.facets(query)

    def keys(self) -> Iterator[str]:
        """Yield the key of every row held."""
        return self._words.keys()

    def status(self) -> IndexStatus:
        """Say what the word index is."""
        return self._words.status()

    def close(self) -> None:
        """Release the word index."""
        self._words.close()


def said(row: IndexedText) -> str:
    """Return what a vector stands for: whose law, under what heading, saying what."""
    return " ".join(part for part in (row.work_title, row.heading, row.text) if part)


def _hit(found: Hit | IndexedText, score: float, wanted: frozenset[str]) -> Hit:
    fields = found.model_dump(include=set(STORED))
    return Hit.model_validate({**fields, "score": score, "matched": wanted})
