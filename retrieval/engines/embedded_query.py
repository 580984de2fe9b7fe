"""Build the embedded engine's query: ranked terms and date filters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import tantivy
from tantivy import FieldType, Occur, Query

from retrieval.engines.day_blocks import day_words
from retrieval.engines.embedded_build import OPEN_END, stemmer
from retrieval.engines.index_schema import EVERYWHERE, stems_field
from retrieval.query import Status, StatuteQuery
from retrieval.text.analysis import TextQuery
from retrieval.text.analyzers import Analyzer


def engine_query(
    schema: tantivy.Schema,
    chain: Analyzer,
    words: TextQuery,
    query: StatuteQuery,
    status: Status = "in_force",
) -> Query:
    """Return the engine query: ranked terms, and filters that do not change scores."""
    clauses = [
        (Occur.Must, Query.const_score_query(f, 0.0)) for f in _filters(schema, query, status)
    ]
    for readings in words.phrases:
        clauses.append((Occur.Must, _any(_phrase(schema, reading) for reading in readings)))
    if words.terms:
        ranking = _any(_terms(schema, chain, words, query.languages))
        clauses.append((Occur.Should if words.phrases else Occur.Must, ranking))
    return Query.boolean_query(clauses)


def _terms(
    schema: tantivy.Schema, chain: Analyzer, words: TextQuery, languages: Sequence[str]
) -> Iterator[Query]:
    """Yield a query per term and, with a stemming analyzer, per stem of each language."""
    for term in words.terms:
        yield Query.term_query(schema, "body", term, "freq")
    for language in chain.languages(languages):
        stems = stemmer(chain, language).analyze(" ".join(words.terms))
        for stem in dict.fromkeys(stems):
            yield Query.term_query(schema, stems_field(language), stem, "freq")


def _phrase(schema: tantivy.Schema, reading: Sequence[str]) -> Query:
    if len(reading) == 1:
        return Query.term_query(schema, "body", reading[0], "freq")
    return Query.phrase_query(schema, "body", list(reading))


def _any(queries: Iterable[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _filters(schema: tantivy.Schema, query: StatuteQuery, status: Status) -> Iterable[Query]:
    if status == "in_force" and query.known_at is None:
        yield _any(_block(schema, word) for word in day_words(query.as_at))
    else:
        yield from _compared(schema, query, status)
    for field, wanted in (
        ("jurisdiction", query.jurisdictions),
        ("work", query.works),
        ("language", query.languages),
        *(("extent", (EVERYWHERE, part)) for part in query.extents),
    ):
        if wanted:
            yield Query.term_set_query(schema, field, list(wanted))


def _block(schema: tantivy.Schema, word: str) -> Query:
    return Query.term_query(schema, "in_force", word, "basic")


def _compared(schema: tantivy.Schema, query: StatuteQuery, status: Status) -> Iterable[Query]:
    """Yield filters that compare the dates of each row."""
    if status == "in_force":
        yield from _holds_on(schema, "row", query.as_at)
    elif status == "not_yet_in_force":
        yield _range(schema, "row_from", lower=query.as_at.toordinal() + 1)
    else:
        yield _range(schema, "row_to", upper=query.as_at.toordinal())
    if query.known_at is None:
        yield _range(schema, "known_to", lower=OPEN_END)
    else:
        yield from _holds_on(schema, "known", query.known_at)


def _holds_on(schema: tantivy.Schema, clock: str, day: date) -> Iterable[Query]:
    """Yield the two halves of ``from <= day < to``."""
    yield _range(schema, f"{clock}_from", upper=day.toordinal())
    yield _range(schema, f"{clock}_to", lower=day.toordinal() + 1)


def _range(
    schema: tantivy.Schema, field: str, lower: int | None = None, upper: int | None = None
) -> Query:
    return Query.range_query(schema, field, FieldType.Unsigned, lower, upper)
