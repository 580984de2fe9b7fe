"""Opening an index or a builder by its URL, and the memory of an opened index."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from corpus.record_clock import CorpusState
from retrieval.index_protocols import EngineIndex, IndexBuilder, StatuteIndex
from retrieval.index_url import IndexUrl, parse_index_url
from retrieval.query import Facets, Hit, IndexStatus, Status, StatuteQuery
from retrieval.vectors.encoder import Encoder, Vectors
from retrieval.vectors.encoder_choice import default_encoder
from retrieval.vectors.hybrid import HybridIndex
from retrieval.vectors.kept_vectors import NO_VECTORS, RowVectors

__all__ = ["CachedIndex", "OpenedIndex", "StatuteIndex", "open_builder", "open_index"]


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
    def vectors(self) -> str | None:
        """Return the name under which its vectors are kept; ``None``: it has none to search."""
        return self._inner.vectors

    @property
    def words_only(self) -> str | None:
        """Say in one sentence why searching goes by words alone; ``None``: as it was set up."""
        return self._inner.words_only

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

    def elsewhen(self, query: StatuteQuery, status: Status) -> list[Hit]:
        """Return texts with the words of ``query`` that are law before or after its date."""
        return self._inner.elsewhen(query, status)

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
        if self._inner.words_only:  # what is found when the encoder answers again is another list
            return found
        with self._lock:
            self._answers[key] = found
            if len(self._answers) > self._size:
                self._answers.popitem(last=False)
        return list(found)


class OpenedIndex(CachedIndex):
    """The index of a URL, with a cache. An :class:`EngineIndex`."""

    def __init__(self, engine: HybridIndex) -> None:
        super().__init__(engine)
        self._engine = engine

    def nearest(self, vector_D: Vectors, query: StatuteQuery) -> list[Hit]:
        """Return the provisions in force whose vectors are nearest; ``score`` is the cosine."""
        return self._engine.nearest(vector_D, query)

    def without_vectors(self) -> OpenedIndex:
        """Return the same index searched by words alone; closing either closes both."""
        return OpenedIndex(self._engine.without_vectors())

    def pinned(self) -> OpenedIndex:
        """Return an index pinned to the present build, with its own cache."""
        return OpenedIndex(self._engine.pinned())

    @property
    def state(self) -> CorpusState:
        """Return the state of the corpus in the index."""
        return self._engine.state


def open_index(url: str, encoder: Callable[[], Encoder | None] = default_encoder) -> OpenedIndex:
    """Open the index at ``url`` (:func:`retrieval.index_url.parse_index_url`) for searching.

    Args:
        url: the index URL.
        encoder: returns the encoder of the questions; asked when the index first has vectors.

    Raises:
        BadInputError: the URL names no engine.
        IndexMissingError: there is no index, or it was built by another version of InForce or with
            another analyzer than the URL asks for.
        SearchFailedError: the engine cannot be reached or refuses access.
    """
    return OpenedIndex(HybridIndex(_open_engine(parse_index_url(url)), encoder))


def _open_engine(target: IndexUrl) -> EngineIndex:
    if target.engine == "elastic":
        from retrieval.engines.elastic import ElasticIndex

        return ElasticIndex(target)
    from retrieval.engines.embedded import EmbeddedIndex

    return EmbeddedIndex(Path(target.place), target.chain_name)


def open_builder(url: str, vectors: RowVectors = NO_VECTORS) -> IndexBuilder:
    """Return what builds the index at ``url``, with or without vectors.

    Raises:
        BadInputError: the URL names no engine.
    """
    target = parse_index_url(url)
    if target.engine == "elastic":
        from retrieval.engines.elastic_build import ElasticBuilder

        return ElasticBuilder(target, vectors)
    from retrieval.engines.embedded_build import EmbeddedBuilder

    return EmbeddedBuilder(Path(target.place), target.chain, vectors=vectors)
