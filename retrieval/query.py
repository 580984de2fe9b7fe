"""Retrieval contract: a query has a date, a hit has an interval."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from corpus.model import Frozen, Interval
from retrieval.text.analysis import highlights
from retrieval.text.snippet import Snippet, snippet

Status = Literal["in_force", "not_yet_in_force", "no_longer_in_force"]
"""Status of a text on the date of a query."""


class StatuteQuery(Frozen):
    """A search for provisions in force on ``as_at``.

    There is no undated query: ``as_at`` has no default, and every engine applies it before
    ranking. ``known_at`` restricts to what had been published by that day; ``None`` is the latest
    knowledge. Empty filters admit everything; ``extent`` may join several territories with ``+``,
    in all of which a text must hold.

    Raises:
        pydantic.ValidationError: no ``as_at``, or ``limit`` outside 1..100.
    """

    text: str = Field(max_length=20_000)
    as_at: date
    known_at: date | None = None
    jurisdictions: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    extent: str | None = None
    limit: int = Field(default=10, ge=1, le=100)

    @property
    def extents(self) -> tuple[str, ...]:
        """The territories asked about, one by one."""
        return tuple(self.extent.split("+")) if self.extent else ()


class Hit(Frozen):
    """A provision in force on the query's date.

    ``score`` is the engine's (comparable within one answer only); ``similarity`` is the cosine of
    the query's vector and the text's where vectors took part and the text is among the nearest;
    ``matched`` are the terms that were asked for.
    """

    version_id: str
    provision_id: str
    work_id: str
    work_title: str
    jurisdiction: str
    language: str
    label: str
    heading: str | None
    text: str
    valid_from: date
    valid_to: date | None
    score: float
    similarity: float | None = None
    matched: frozenset[str] = frozenset()

    @property
    def highlights(self) -> tuple[tuple[int, int], ...]:
        """Return the character spans of ``text`` that match; computed on access."""
        return highlights(self.text, self.language, self.matched)

    def snippet(self, width: int = 240) -> Snippet:
        """Return the passage of at most ``width`` characters with the most ``matched`` terms."""
        return snippet(self.text, self.language, self.matched, width)

    @property
    def valid(self) -> Interval:
        """Return the interval in which the text is in force."""
        return Interval(start=self.valid_from, end=self.valid_to)


class Facets(Frozen):
    """Number of provisions that a query finds, by attribute.

    ``jurisdictions``, ``works`` and ``kinds`` count provisions in force on the query's date.
    ``statuses`` counts, for the same words, ``in_force``, ``not_yet_in_force`` and
    ``no_longer_in_force`` texts: what other dates would find. Counts above a thousand may be
    estimates.
    """

    jurisdictions: dict[str, int]
    works: dict[str, int]
    kinds: dict[str, int]
    statuses: dict[str, int]


class IndexStatus(Frozen):
    """Status of an index: place, corpus hash, size and health.

    Attributes:
        engine: name of the engine.
        place: folder or URL of the index.
        version: name of the present build.
        chain: name of the analyzer.
        corpus_hash: digest of the corpus that was indexed.
        rows: number of rows.
        bytes: size on disk.
        health: condition of the index.
        vectors: name of the encoder of its vectors; null where it has none.
        words_only: why it is searched by words alone although it was meant to have vectors; null
            otherwise.
    """

    engine: str
    place: str
    version: str
    chain: str
    corpus_hash: str
    rows: int
    bytes: int
    health: str
    vectors: str | None = None
    words_only: str | None = None


class IndexedText(Frozen):
    """A row of the index: one row of a version, under one label, with both clocks.

    ``key`` is unique. A version whose label changed, or whose end became known later, has several
    rows; their intervals do not overlap in (valid, known) time, so a dated query sees one.
    """

    key: str
    version_id: str
    provision_id: str
    work_id: str
    work_title: str
    aliases: tuple[str, ...] = ()
    jurisdiction: str
    language: str
    extent: str | None
    kind: str
    label: str
    heading: str | None
    text: str
    valid_from: date
    valid_to: date | None
    known_from: date | None
    known_to: date | None
    row_from: date
    row_to: date | None
