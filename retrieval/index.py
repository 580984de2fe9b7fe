"""The index protocol: what every engine does, and how one is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from corpus.errors import BadInputError
from retrieval.query import Hit, IndexedText, StatuteQuery


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
    """Open the index at ``url`` for searching: ``embedded:FOLDER``.

    Raises:
        BadInputError: the URL names no engine.
        IndexMissingError: nothing was built there, or by another version of InForce.
    """
    from retrieval.embedded import EmbeddedIndex

    return EmbeddedIndex(_folder(url))


def open_builder(url: str) -> IndexBuilder:
    """Return what builds the index at ``url``.

    Raises:
        BadInputError: the URL names no engine.
    """
    from retrieval.embedded_build import EmbeddedBuilder

    return EmbeddedBuilder(_folder(url))


def _folder(url: str) -> Path:
    engine, _, place = url.partition(":")
    if engine != "embedded" or not place:
        raise BadInputError(f"'{url}' is not an index URL (example: embedded:.inforce/index)")
    return Path(place)
