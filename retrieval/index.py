"""The index protocol, and how an index is opened."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from corpus.record_clock import CorpusState
from retrieval.index_url import IndexUrl, parse_index_url
from retrieval.query import Facets, Hit, IndexedText, IndexStatus, StatuteQuery


class StatuteIndex(Protocol):
    """A search index derived from the store, which can be rebuilt. Thread-safe."""

    @property
    def corpus_hash(self) -> str:
        """Return the hash of the corpus it was built from."""
        ...

    @property
    def version(self) -> str:
        """Return a name that changes with every build, after which results may differ."""
        ...

    def search(self, query: StatuteQuery) -> list[Hit]:
        """Return hits in force on ``query.as_at``, best first, one per provision.

        Raises:
            SearchFailedError: the engine failed; never reported as an empty result.
        """
        ...

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        """Run several queries; results keep their order."""
        ...

    def facets(self, query: StatuteQuery) -> Facets:
        """Return the number of matches of ``query``, by jurisdiction, work, kind and status."""
        ...

    def keys(self) -> Iterator[str]:
        """Yield the key of every row, in any order, for comparison with the store."""
        ...

    def status(self) -> IndexStatus:
        """Return the contents and condition of the index."""
        ...

    def close(self) -> None:
        """Close files and connections."""
        ...


class EngineIndex(StatuteIndex, Protocol):
    """An index opened by an engine: it follows rebuilds, and can be pinned to one."""

    @property
    def state(self) -> CorpusState:
        """Return the state of the corpus in the index."""
        ...

    def pinned(self) -> EngineIndex:
        """Return an index pinned to the present build."""
        ...


class IndexBuilder(Protocol):
    """Builds an index beside the old one and replaces it atomically."""

    def build(
        self, rows: Iterable[IndexedText], state: CorpusState, progress: Callable[[int], None]
    ) -> int:
        """Write every row of a state, put the index into use, and return the number of rows."""
        ...

    def update(
        self,
        base: CorpusState,
        works: frozenset[str],
        rows: Iterable[IndexedText],
        state: CorpusState,
        progress: Callable[[int], None],
    ) -> int | None:
        """Update the index from the state ``base`` to ``state``; return the number of rows written.

        ``rows`` are all rows of the ``works`` that changed between the two. Returns ``None``,
        without changes, if the index must be rebuilt: it is not of ``base``, is damaged, or has so
        many replaced rows that they would distort the term statistics.
        """
        ...


class CachedIndex:
    """An index with a cache of results, by query (words, date, filters) and version.

    Equal queries in one :meth:`search_many` are run once. Results of a replaced version are never
    returned.
    """

    def __init__(self, inner: StatuteIndex, size: int = 2048) -> None:
        self._inner = inner
        self._size = size
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, StatuteQuery], list[Hit]] = OrderedDict()

    @property
    def corpus_hash(self) -> str:
        """Return the hash of the corpus it was built from."""
        return self._inner.corpus_hash

    @property
    def version(self) -> str:
        """Return the version of the index."""
        return self._inner.version

    def search(self, query: StatuteQuery) -> list[Hit]:
        """Return the index's results, cached."""
        key = (self._inner.version, query)
        known = self._recall(key)
        return known if known is not None else self._keep(key, self._inner.search(query))

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        """Run each distinct query once; results keep their order."""
        version = self._inner.version
        answers = {query: self._recall((version, query)) for query in queries}
        missing = [query for query, known in answers.items() if known is None]
        for query, found in zip(missing, self._inner.search_many(missing), strict=True):
            answers[query] = self._keep((version, query), found)
        return [list(answers[query] or ()) for query in queries]

    def facets(self, query: StatuteQuery) -> Facets:
        """Return the facet counts of a query."""
        return self._inner.facets(query)

    def keys(self) -> Iterator[str]:
        """Yield the key of every row."""
        return self._inner.keys()

    def status(self) -> IndexStatus:
        """Return the contents and condition of the index."""
        return self._inner.status()

    def close(self) -> None:
        """Close the index and clear the cache."""
        self._inner.close()
        with self._lock:
            self._answers.clear()

    def _recall(self, key: tuple[str, StatuteQuery]) -> list[Hit] | None:
        with self._lock:
            known = self._answers.get(key)
            if known is None:
                return None
            self._answers.move_to_end(key)
            return list(known)

    def _keep(self, key: tuple[str, StatuteQuery], found: list[Hit]) -> list[Hit]:
        with self._lock:
            self._answers[key] = found
            if len(self._answers) > self._size:
                self._answers.popitem(last=False)
        return list(found)


class OpenedIndex(CachedIndex):
    """The index of a URL, with a cache. An :class:`EngineIndex`."""

    def __init__(self, engine: EngineIndex) -> None:
        super().__init__(engine)
        self._engine = engine

    def pinned(self) -> OpenedIndex:
        """Return an index pinned to the present build, with its own cache."""
        return OpenedIndex(self._engine.pinned())

    @property
    def state(self) -> CorpusState:
        """Return the state of the corpus in the index."""
        return self._engine.state


def open_index(url: str) -> OpenedIndex:
    """Open the index at ``url`` (:func:`retrieval.index_url.parse_index_url`) for searching.

    Raises:
        BadInputError: the URL names no engine.
        IndexMissingError: there is no index, or it was built by another version of InForce or with
            another analyzer than the URL asks for.
        SearchFailedError: the engine cannot be reached or refuses access.
    """
    return OpenedIndex(_open_engine(parse_index_url(url)))


def _open_engine(target: IndexUrl) -> EngineIndex:
    if target.engine == "elastic":
        from retrieval.engines.elastic import ElasticIndex

        return ElasticIndex(target)
    from retrieval.engines.embedded import EmbeddedIndex

    return EmbeddedIndex(Path(target.place), target.chain_name)


def open_builder(url: str) -> IndexBuilder:
    """Return the builder of the index at ``url``.

    Raises:
        BadInputError: the URL names no engine.
    """
    target = parse_index_url(url)
    if target.engine == "elastic":
        from retrieval.engines.elastic_build import ElasticBuilder

        return ElasticBuilder(target)
    from retrieval.engines.embedded_build import EmbeddedBuilder

    return EmbeddedBuilder(Path(target.place), target.chain)
