"""The index protocol: what every engine does, and how one is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

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
