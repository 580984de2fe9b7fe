"""The protocols of an index and of its builder: what every engine does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from corpus.record_clock import CorpusState
from retrieval.query import Facets, Hit, IndexedText, IndexStatus, Status, StatuteQuery
from retrieval.vectors.encoder import Vectors


class StatuteIndex(Protocol):
    """A search index derived from the store, which can be rebuilt. Thread-safe."""

    @property
    def corpus_hash(self) -> str:
        """Return the hash of the corpus it was built from."""
        ...

    @property
    def vectors(self) -> str | None:
        """Return the name under which its vectors are kept; ``None``: it has none to search."""
        ...

    @property
    def words_only(self) -> str | None:
        """Say in one sentence why searching goes by words alone; ``None``: as it was set up."""
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

    def elsewhen(self, query: StatuteQuery, status: Status) -> list[Hit]:
        """Return texts with the words of ``query`` that are law before or after its date.

        They are not law on ``query.as_at`` and must be shown as such; searched by words alone.

        Raises:
            SearchFailedError: the engine failed.
        """
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
    def dimension(self) -> int | None:
        """Return how many numbers each of its vectors has; ``None``: it has none."""
        ...

    @property
    def state(self) -> CorpusState:
        """Return the state of the corpus in the index."""
        ...

    def nearest(self, vector_D: Vectors, query: StatuteQuery) -> list[Hit]:
        """Return provisions in force whose vectors are nearest, best first; none where it has none.

        Dates and filters are those of ``query``, its words are not looked at; ``score`` is the
        cosine.

        Raises:
            SearchFailedError: the engine failed.
        """
        ...

    def nearest_many(self, asked: Sequence[tuple[Vectors, StatuteQuery]]) -> list[list[Hit]]:
        """Find the nearest of several at once; answers keep their order."""
        ...

    def pinned(self) -> EngineIndex:
        """Return an index pinned to the present build."""
        ...


class IndexBuilder(Protocol):
    """Builds an index beside the old one and replaces it atomically."""

    def build(
        self,
        rows: Iterable[IndexedText],
        state: CorpusState,
        progress: Callable[[int], None],
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
        """Make of the index of ``base`` that of ``state``; return the number of rows written.

        ``rows`` are all those of the ``works`` that changed between the two. Returns ``None``, and
        changes nothing, where the index has to be built anew: it is not of ``base``, holds other
        vectors, is damaged, or was amended so often that replaced rows would distort the word
        statistics.
        """
        ...
