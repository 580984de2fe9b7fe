"""The embedded engine: tantivy, in process, with one folder on disk.

A folder holds builds and a pointer file that names the current one
(:mod:`retrieval.engines.embedded_build`). A build is complete before the pointer moves, so a reader
sees the old index or the new one, and an interrupted build changes nothing. Readers detect a moved
pointer.

Date filters are part of the engine's query: a text that is not in force is neither ranked nor
counted against the limit.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

import tantivy
from pydantic import TypeAdapter
from pydantic_core import to_json
from tantivy import Query

from corpus.errors import IndexMissingError, SearchFailedError
from corpus.record_clock import CorpusState
from retrieval.engines.embedded_build import register_analysers
from retrieval.engines.embedded_folder import POINTER, Build, intact, same_sizes, usable
from retrieval.engines.embedded_query import engine_query
from retrieval.engines.index_schema import FACET_COUNTS, STATUSES, facets, provision_of
from retrieval.query import Facets, Hit, IndexStatus, Status, StatuteQuery
from retrieval.text.analysis import TextQuery, text_query
from retrieval.text.analyzers import CHAINS, Analyzer
from retrieval.vectors.dated_vectors import DATES, FILES, DatedVectors
from retrieval.vectors.encoder import Vectors

_T = TypeVar("_T")
_Found = tuple[float, tantivy.DocAddress]
_RANK = itemgetter(0, 1)  # the score, and at equal scores the place of the id
_HITS = TypeAdapter(list[Hit])
_BATCH = 8  # searches that a thread of search_many takes at a time
_SPARE = 8  # hits fetched beyond the limit, so that equal scores are ordered by id, not by luck


@dataclass(frozen=True)
class _Snapshot:
    """One opened build; it stays readable while newer ones replace it."""

    build: Build
    stamp: tuple[int, int]
    chain: Analyzer
    schema: tantivy.Schema
    searcher: tantivy.Searcher
    vectors: DatedVectors | None
    words_only: str | None


class EmbeddedIndex:
    """The index in the folder ``path``. A :class:`retrieval.index.StatuteIndex`.

    Raises:
        IndexMissingError: there is no index, it was written by another version of InForce, or it
            has another analyzer.
    """

    def __init__(
        self, path: Path, chain: str | None = None, *, only: _Snapshot | None = None
    ) -> None:
        self._path = path
        self._pointer = str(path / POINTER)
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._follows = only is None
        self._snapshot = only or _open(path)
        built = self._snapshot.build.chain
        if chain not in (None, built):
            raise IndexMissingError(
                f"the search index at {path} was built with the chain '{built}', not '{chain}'; "
                "build it anew with 'inforce index build'"
            )

    def pinned(self) -> EmbeddedIndex:
        """Return an index of the current build, whatever is built later."""
        return EmbeddedIndex(self._path, only=self._current())

    @property
    def vectors(self) -> str | None:
        """Return the name under which its vectors are kept; ``None``: it has none to search."""
        snapshot = self._current()
        return snapshot.build.vectors if snapshot.vectors is not None else None

    @property
    def dimension(self) -> int | None:
        """Return how many numbers each of its vectors has; ``None``: it has none."""
        vectors = self._current().vectors
        return None if vectors is None else vectors.dimension

    @property
    def words_only(self) -> str | None:
        """Say in one sentence why it has no vectors although they were asked for, or ``None``."""
        return self._current().words_only

    @property
    def state(self) -> CorpusState:
        """Return the state of the corpus in the current build."""
        return self._current().build.state

    @property
    def corpus_hash(self) -> str:
        """Return the hash of the corpus the current build was made from."""
        return self._current().build.corpus_hash

    @property
    def version(self) -> str:
        """Return the name of the current build."""
        return self._current().build.folder

    def search(self, query: StatuteQuery) -> list[Hit]:
        """Return hits in force on ``query.as_at``, best first, one per provision.

        Raises:
            IndexMissingError: the index was removed meanwhile.
            SearchFailedError: the engine failed.
        """
        return self._by_words(query, "in_force")

    def elsewhen(self, query: StatuteQuery, status: Status) -> list[Hit]:
        """Return texts with the words of ``query`` that are law before or after its date.

        Raises:
            SearchFailedError: the engine failed.
        """
        return self._by_words(query, status)

    def _by_words(self, query: StatuteQuery, status: Status) -> list[Hit]:
        words = text_query(query.text, query.languages)
        if words.empty:
            return []
        snapshot = self._current()
        with self._failures():
            found = _best(snapshot.searcher, _query(snapshot, words, query, status), query)
            return _hits(snapshot.searcher, found, words.wanted)

    def nearest(self, vector_D: Vectors, query: StatuteQuery) -> list[Hit]:
        """Return provisions in force whose vectors are nearest, best first; none without vectors.

        Raises:
            SearchFailedError: the engine failed.
        """
        snapshot = self._current()
        if snapshot.vectors is None:
            return []
        with self._failures():
            cosines = dict(snapshot.vectors.search(vector_D, query))
            found = _at_places(snapshot, cosines)
            return _hits(snapshot.searcher, found, frozenset())

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        """Run several queries on all cores; results keep their order."""
        return self._in_batches(self.search, queries)

    def nearest_many(self, asked: Sequence[tuple[Vectors, StatuteQuery]]) -> list[list[Hit]]:
        """Find the nearest of several on all cores; answers keep their order."""
        return self._in_batches(lambda one: self.nearest(*one), asked)

    def _in_batches(self, find: Callable[[_T], list[Hit]], asked: Sequence[_T]) -> list[list[Hit]]:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="search")
        batches = [asked[i : i + _BATCH] for i in range(0, len(asked), _BATCH)]
        found = self._pool.map(lambda some: [find(one) for one in some], batches)
        return [hits for some in found for hits in some]

    def facets(self, query: StatuteQuery) -> Facets:
        """Return the number of matches of ``query`` on its date and, by status, on others.

        Raises:
            SearchFailedError: the engine failed.
        """
        words = text_query(query.text, query.languages)
        if words.empty:
            return facets({}, {})
        snapshot = self._current()
        asked = {status: _query(snapshot, words, query, status) for status in STATUSES}
        with self._failures():
            counted = snapshot.searcher.aggregate(asked["in_force"], FACET_COUNTS)
            statuses = {
                status: snapshot.searcher.cardinality(found, "provision")
                for status, found in asked.items()
            }
        return facets(counted, statuses)

    def keys(self) -> Iterator[str]:
        """Yield the key of every row."""
        searcher = self._current().searcher
        with self._failures():
            rows = searcher.search(Query.all_query(), max(1, searcher.num_docs), count=False).hits
            for _, address in rows:
                yield bytes(searcher.doc(address)["key"][0]).decode()

    def status(self) -> IndexStatus:
        """Return the current build and its size in bytes; reads every file."""
        snapshot = self._current()
        build = snapshot.build
        sound = snapshot.searcher.num_docs == build.rows and intact(self._path, build)
        return IndexStatus(
            engine="embedded",
            place=str(self._path),
            version=build.folder,
            chain=build.chain,
            corpus_hash=build.corpus_hash,
            rows=snapshot.searcher.num_docs,
            bytes=sum(mark.bytes for mark in build.files.values()),
            health="green" if sound else "red",
            vectors=self.vectors,
            words_only=snapshot.words_only,
        )

    def close(self) -> None:
        """Stop the threads of :meth:`search_many`."""
        with self._lock:
            if self._pool is not None:
                self._pool.shutdown()
                self._pool = None

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn the engine's exceptions into :class:`SearchFailedError`."""
        try:
            yield
        except BaseException as error:
            if not _is_fault(error):
                raise
            raise SearchFailedError(
                f"the index at {self._path} failed ({error}); "
                "'inforce index status' says whether it is damaged"
            ) from error

    def _current(self) -> _Snapshot:
        """Return the newest build, opening it if the pointer has moved."""
        if self._follows and _stamp(self._pointer) != self._snapshot.stamp:
            with self._lock:
                if _stamp(self._pointer) != self._snapshot.stamp:
                    self._snapshot = _open(self._path)
        return self._snapshot


def _stamp(pointer: str) -> tuple[int, int]:
    """Return a value that changes whenever the pointer file does."""
    try:
        found = os.stat(pointer)  # noqa: PTH116 - a Path would double what a search pays for this
    except OSError:
        folder = os.path.dirname(pointer)  # noqa: PTH120
        raise IndexMissingError(
            f"there is no search index at {folder}; build it with 'inforce index build'"
        ) from None
    return found.st_ino, found.st_mtime_ns


def _open(path: Path) -> _Snapshot:
    """Open the current build; once more if it was replaced while opening."""
    pointer = str(path / POINTER)
    stamp = _stamp(pointer)
    build = usable(path)
    if build is None:
        raise IndexMissingError(
            f"the search index at {path} was written by another version of InForce; "
            "build it anew with 'inforce index build'"
        )
    chain = CHAINS[build.chain]
    try:
        if not same_sizes(path, build, build.files.keys() - set(FILES)):
            raise OSError("a file is missing or cut off")
        index = tantivy.Index.open(str(path / build.folder))
        register_analysers(index, chain)
        index.config_reader("manual")
        searcher = index.searcher()
    except BaseException as error:
        if not _is_fault(error):
            raise
        if _stamp(pointer) != stamp:
            return _open(path)
        raise IndexMissingError(
            f"the search index at {path} is damaged ({error}); "
            "build it anew with 'inforce index build'"
        ) from None
    vectors, why_not = _open_vectors(path, build)
    return _Snapshot(build, stamp, chain, index.schema, searcher, vectors, why_not)


def _open_vectors(path: Path, build: Build) -> tuple[DatedVectors | None, str | None]:
    """Return the vectors of a build, or why there are none; words are searched without them."""
    if build.vectors is None:
        return None, build.words_only
    try:
        if not same_sizes(path, build, FILES):
            raise OSError("a file is missing or cut off")
        if not intact(path, build, DATES):
            raise OSError("a file is of another build")
        return DatedVectors.open(path / build.folder), None
    except (OSError, ValueError, KeyError) as error:
        return None, (
            f"searched by words alone: the vectors of the index at {path} are damaged ({error}); "
            "make them anew with 'inforce index build --anew'"
        )


def _is_fault(error: BaseException) -> bool:
    """Return whether the engine failed; a panic of its Rust code is not an ``Exception``."""
    return isinstance(error, ValueError | OSError) or type(error).__name__ == "PanicException"


def _query(
    snapshot: _Snapshot, words: TextQuery, query: StatuteQuery, status: Status = "in_force"
) -> Query:
    return engine_query(snapshot.schema, snapshot.chain, words, query, status)


# -- hits --------------------------------------------------------------------------------------


def _best(searcher: tantivy.Searcher, engine_query: Query, query: StatuteQuery) -> list[_Found]:
    """Return the best row of each provision, fetching more while languages or extents repeat."""
    fetch = query.limit + _SPARE
    while True:
        hits = searcher.search(engine_query, fetch, count=False).hits
        addresses = [address for _, address in hits]
        places: Sequence[Any] = searcher.fast_field_values("place", addresses)
        best: dict[int, _Found] = {}
        for _, place, found in sorted(
            [(-hit[0], place, hit) for hit, place in zip(hits, places, strict=True)], key=_RANK
        ):
            best.setdefault(provision_of(place), found)
        if len(best) >= query.limit or len(hits) < fetch:
            return list(best.values())[: query.limit]
        fetch *= 4


def _at_places(snapshot: _Snapshot, scores: Mapping[int, float]) -> list[_Found]:
    """Return the rows at some places with the scores given, in their order."""
    searcher = snapshot.searcher
    wanted = Query.term_set_query(snapshot.schema, "place", list(scores))
    hits = searcher.search(wanted, len(scores) + _SPARE, count=False).hits
    addresses = [address for _, address in hits]
    places: Sequence[Any] = searcher.fast_field_values("place", addresses)
    at = dict(zip(places, addresses, strict=True))
    return [(score, at[place]) for place, score in scores.items()]


def _hits(searcher: tantivy.Searcher, found: Sequence[_Found], wanted: frozenset[str]) -> list[Hit]:
    """Return the stored hits, with the search's own fields inserted into their JSON."""
    matched = to_json(sorted(wanted))
    objects = [
        b'{"score":%a,"matched":%b,%b' % (score, matched, searcher.doc(address)["hit"][0][1:])
        for score, address in found
    ]
    return _HITS.validate_json(b"[" + b",".join(objects) + b"]")
