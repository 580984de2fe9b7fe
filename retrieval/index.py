"""The index protocol: what every engine does, and how one is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from retrieval.query import Hit, IndexedText, StatuteQuery
from retrieval.url import parse_index_url


class StatuteIndex(Protocol):
    """A disposable, rebuildable search index over the store. Safe to share between threads."""

    @property
    def corpus_hash(self) -> str:
        """Return the hash of the corpus it was built from."""
        ...

    def search(self, query: StatuteQuery) -> list[Hit]:
        """Return hits in force on ``query.as_at``, best first, one per provision.

        Raises:
            SearchFailedError: the engine failed; never reported as an empty result.
        """
        ...

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        """Search several queries at once; answers keep their order."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...


class IndexBuilder(Protocol):
    """Builds an index anew beside the old one and swaps it in whole, or leaves the old one."""

    def build(
        self, rows: Iterable[IndexedText], corpus_hash: str, progress: Callable[[int], None]
    ) -> int:
        """Write every row, swap the index in, and return the number of rows."""
        ...


def open_index(url: str) -> StatuteIndex:
    """Open the index at ``url`` (:func:`retrieval.url.parse_index_url`) for searching.

    Raises:
        BadInputError: the URL names no engine.
        IndexMissingError: nothing was built there, or by another version of InForce, or with
            another chain than the URL asks for.
        SearchFailedError: the engine cannot be reached or refuses access.
    """
    target = parse_index_url(url)
    if target.engine == "elastic":
        from retrieval.elastic import ElasticIndex

        return ElasticIndex(target)
    from retrieval.embedded import EmbeddedIndex

    return EmbeddedIndex(Path(target.place), target.chain_name)


def open_builder(url: str) -> IndexBuilder:
    """Return what builds the index at ``url``.

    Raises:
        BadInputError: the URL names no engine.
    """
    target = parse_index_url(url)
    if target.engine == "elastic":
        from retrieval.elastic_build import ElasticBuilder

        return ElasticBuilder(target)
    from retrieval.embedded_build import EmbeddedBuilder

    return EmbeddedBuilder(Path(target.place), target.chain)
