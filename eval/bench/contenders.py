"""Search engines of the retrieval benchmark: each builds from rows and answers dated queries."""

from __future__ import annotations

import json
import sqlite3
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from retrieval.engines.day_blocks import day_words
from retrieval.engines.index_schema import body
from retrieval.index_url import IndexUrl
from retrieval.query import IndexedText, StatuteQuery
from retrieval.text.analysis import text_query
from retrieval.text.analyzers import PLAIN

_OPEN_END = 1 << 31


class Held(NamedTuple):
    """Megabytes on disk and in a server's memory; ``None``: unknown, or counted elsewhere."""

    disk: float | None
    memory: float | None = None


class Contender(Protocol):
    """A search engine to be measured. All get the same terms and dates.

    ``alone``: the calling thread does all of the work, so processor time can be measured.
    """

    name: str
    alone: bool

    def build(self, rows: Iterable[IndexedText]) -> None:
        """Index every row."""
        ...

    def search(self, query: StatuteQuery) -> Sequence[Any]:
        """Return the ten best rows in force on the query's date, with their texts."""
        ...

    def held_mb(self) -> Held:
        """Return disk use and, for a server, its memory."""
        ...


class Ours:
    """InForce's engine without its cache, as ``open_index`` returns it."""

    def __init__(self, url: IndexUrl) -> None:
        self.name = f"inforce ({url.engine})"
        self.alone = url.engine == "embedded"
        self._url = url

    def build(self, rows: Iterable[IndexedText]) -> None:
        """Build and open the index."""
        from corpus.clock import now
        from corpus.record_clock import CorpusState
        from retrieval.engines.elastic import ElasticIndex
        from retrieval.engines.elastic_build import ElasticBuilder
        from retrieval.engines.embedded import EmbeddedIndex
        from retrieval.engines.embedded_build import EmbeddedBuilder

        folder = Path(self._url.place)
        elastic = self._url.engine == "elastic"
        builder = ElasticBuilder(self._url) if elastic else EmbeddedBuilder(folder)
        builder.build(rows, CorpusState(corpus_hash="benchmark", recorded_at=now()), lambda _: None)
        self.index = ElasticIndex(self._url) if elastic else EmbeddedIndex(folder)
        self.search = self.index.search

    def held_mb(self) -> Held:
        """Return the size of the index; for a cluster also the heap that its nodes use."""
        disk = round(self.index.status().bytes / 1e6, 1)
        if self.alone:
            return Held(disk)
        from retrieval.engines.elastic_client import ElasticSettings, connect

        with connect(self._url, ElasticSettings.load()) as client:
            nodes = client.nodes.stats(metric="jvm")["nodes"].values()
        heap = sum(node["jvm"]["mem"]["heap_used_in_bytes"] for node in nodes)
        return Held(disk, round(heap / 1e6, 1))


class BareTantivy:
    """The embedded engine's index files, searched with tantivy's own calls only.

    With ``ranges``, the query's date is compared with each row's dates; otherwise it is looked up
    in date blocks as InForce does (:mod:`retrieval.engines.day_blocks`).
    """

    def __init__(self, folder: Path, *, ranges: bool = False) -> None:
        self.name = "tantivy, date ranges" if ranges else "bare tantivy"
        self.alone = True
        self._folder, self._ranges = folder, ranges

    def build(self, rows: Iterable[IndexedText]) -> None:  # noqa: ARG002 - built by Ours
        """Open the index that InForce built."""
        import tantivy

        from retrieval.engines.embedded_build import register_analysers
        from retrieval.engines.embedded_folder import Build

        build = Build.model_validate_json((self._folder / "current.json").read_bytes())
        index = tantivy.Index.open(str(self._folder / build.folder))
        register_analysers(index, PLAIN)
        self._schema, self._searcher = index.schema, index.searcher()

    def search(self, query: StatuteQuery) -> Sequence[Any]:
        """Search and read the stored documents."""
        from tantivy import Occur, Query

        words = text_query(query.text, query.languages).terms
        filters = self._by_ranges(query) if self._ranges else self._by_blocks(query)
        clauses = [self._any_of("body", words, "freq"), *filters]
        asked = Query.boolean_query([(Occur.Must, clause) for clause in clauses])
        hits = self._searcher.search(asked, query.limit, count=False).hits
        return [json.loads(self._searcher.doc(address)["hit"][0]) for _, address in hits]

    def held_mb(self) -> Held:
        """Return nothing: the index is InForce's."""
        return Held(None)

    def _by_blocks(self, query: StatuteQuery) -> list[Any]:
        from tantivy import Query

        days = self._any_of("in_force", day_words(query.as_at), "basic")
        return [Query.const_score_query(days, 0.0)]

    def _by_ranges(self, query: StatuteQuery) -> list[Any]:
        from tantivy import FieldType, Query

        day = query.as_at.toordinal()
        bounds = (("row_from", None, day), ("row_to", day + 1, None), ("known_to", _OPEN_END, None))
        return [
            Query.range_query(self._schema, field, FieldType.Unsigned, low, high)
            for field, low, high in bounds
        ]

    def _any_of(self, field: str, words: Sequence[str], index_option: str) -> Any:
        from tantivy import Occur, Query

        terms = (Query.term_query(self._schema, field, word, index_option) for word in words)
        return Query.boolean_query([(Occur.Should, term) for term in terms])


class BareElasticsearch:
    """The cluster engine's index, searched with one HTTP request per query."""

    name = "bare _search"
    alone = False

    def __init__(self, url: IndexUrl) -> None:
        import urllib3

        self._path = f"{url.hosts[0]}/{url.place}/_search"
        self._pool = urllib3.PoolManager(maxsize=16)

    def build(self, rows: Iterable[IndexedText]) -> None:
        """Do nothing: InForce built the index."""

    def search(self, query: StatuteQuery) -> Sequence[Any]:
        """Post the request and parse the response."""
        from retrieval.engines.elastic import search_request

        request = search_request(text_query(query.text, query.languages), query, PLAIN)
        headers = {"content-type": "application/json"}
        answer = self._pool.request("POST", self._path, body=json.dumps(request), headers=headers)
        found: list[Any] = answer.json()["hits"]["hits"]
        return found

    def held_mb(self) -> Held:
        """Return nothing: the index is InForce's."""
        return Held(None)


class SqliteFts5:
    """SQLite's full-text index, joined with the dates of each row."""

    name = "sqlite fts5"
    alone = True

    def __init__(self, file: Path) -> None:
        self._file = file
        self._own = threading.local()

    def build(self, rows: Iterable[IndexedText]) -> None:
        """Write terms and dates."""
        with sqlite3.connect(self._file) as connection:
            connection.execute("pragma journal_mode=off")
            connection.execute("create virtual table words using fts5(body, content='')")
            connection.execute(
                "create table held (id integer primary key, row_from, row_to, known_to, text)"
            )
            for number, row in enumerate(rows):
                connection.execute(
                    "insert into words (rowid, body) values (?, ?)", (number, body(row))
                )
                connection.execute(
                    "insert into held values (?, ?, ?, ?, ?)", (number, *_days(row), row.text)
                )

    def search(self, query: StatuteQuery) -> Sequence[Any]:
        """Rank the rows that match any word and are in force."""
        words = text_query(query.text, query.languages).terms
        if not hasattr(self._own, "connection"):
            self._own.connection = sqlite3.connect(self._file)
        asked = " OR ".join(f'"{word}"' for word in words)
        day = query.as_at.toordinal()
        found = self._own.connection.execute(
            "select held.text, bm25(words) from words join held on held.id = words.rowid where "
            "words match ? and row_from <= ? and row_to > ? and known_to = ? order by 2 limit ?",
            (asked, day, day, _OPEN_END, query.limit),
        )
        rows: list[Any] = found.fetchall()
        return rows

    def held_mb(self) -> Held:
        """Return the size of the file."""
        return Held(round(self._file.stat().st_size / 1e6, 1))


class LanceDb:
    """LanceDB's full-text index, filtered before ranking."""

    name = "lancedb"
    alone = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(self, rows: Iterable[IndexedText]) -> None:
        """Write terms and dates; index the words and, as LanceDB advises, the dates."""
        import lancedb  # type: ignore[import-not-found]
        import pyarrow as pa

        database = lancedb.connect(str(self._folder))
        table: Any = None
        for some in _batches(iter(rows), 20_000):
            columns: dict[str, list[Any]] = {
                "body": [body(r) for r in some],
                "text": [r.text for r in some],
            }
            for name, values in zip(
                ("row_from", "row_to", "known_to"), zip(*map(_days, some), strict=True), strict=True
            ):
                columns[name] = list(values)
            batch = pa.table(columns)
            table = table.add(batch) and table if table else database.create_table("held", batch)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table.create_fts_index(
                "body",
                base_tokenizer="whitespace",
                stem=False,
                remove_stop_words=False,
                lower_case=False,
                ascii_folding=False,
                with_position=False,
            )
        for name in ("row_from", "row_to"):
            table.create_scalar_index(name)
        self._table = table

    def search(self, query: StatuteQuery) -> Sequence[Any]:
        """Rank the rows that match any word and are in force."""
        words = " ".join(text_query(query.text, query.languages).terms)
        day = query.as_at.toordinal()
        held = f"row_from <= {day} and row_to > {day} and known_to = {_OPEN_END}"
        asked = self._table.search(words, query_type="fts").where(held, prefilter=True)
        found: list[Any] = asked.limit(query.limit).to_list()
        return found

    def held_mb(self) -> Held:
        """Return the size of its folder."""
        files = (file for file in self._folder.rglob("*") if file.is_file())
        return Held(round(sum(file.stat().st_size for file in files) / 1e6, 1))


def _days(row: IndexedText) -> tuple[int, int, int]:
    return (
        row.row_from.toordinal(),
        row.row_to.toordinal() if row.row_to else _OPEN_END,
        row.known_to.toordinal() if row.known_to else _OPEN_END,
    )


def _batches(rows: Iterator[IndexedText], size: int) -> Iterator[list[IndexedText]]:
    while some := list(islice(rows, size)):
        yield some
