"""The library: a store and its index, both pinned to one state of the corpus.

While works are ingested and indexed, an open library keeps answering from the state in which it was
opened; a library opened later gets the newest completely indexed state.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Self

from corpus.closeable import Closeable
from corpus.errors import IndexMissingError, without_password
from corpus.model import Work
from corpus.settings import Settings
from corpus.store import Store
from retrieval.index import StatuteIndex, open_index


@dataclass(frozen=True)
class Library(Closeable):
    """A store and its index. Thread-safe; a context manager.

    ``store`` reads the corpus as recorded when the index was built. ``latest`` is the index that
    follows rebuilds, if there is one.
    """

    store: Store
    index: StatuteIndex
    latest: StatuteIndex | None = None

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open both and check that they belong together.

        Raises:
            StoreError: there is no store, or it has another schema.
            IndexMissingError: there is no index, or it was built from another corpus.
        """
        with ExitStack() as undo:
            present = undo.enter_context(Store.open(settings.store_url))
            latest = open_index(settings.index_url)
            undo.callback(latest.close)
            index = latest.pinned()
            store = present.holding(index.state)
            if store is None:
                raise IndexMissingError(
                    f"The index {without_password(settings.index_url)} was built from another "
                    "corpus than the store's: build it again with 'inforce index build'."
                )
            undo.pop_all()
        return cls(store=store, index=index, latest=latest)

    @property
    def outdated(self) -> bool:
        """Return whether a newer index has been built since this library was opened."""
        return self.latest is not None and self.latest.version != self.index.version

    @cached_property
    def works(self) -> Sequence[Work]:
        """Return every work of the corpus; cached."""
        return tuple(self.store.works())

    @cached_property
    def sources_read(self) -> frozenset[date]:
        """Return the days on which the works were last read from their sources; cached."""
        return self.store.sources_read()

    @cached_property
    def versions(self) -> int:
        """Return the number of distinct versions of the corpus; cached."""
        return self.store.counts()["versions"]

    @property
    def corpus_hash(self) -> str:
        """Return the hash of the corpus state that answers come from."""
        return self.index.corpus_hash

    def close(self) -> None:
        """Close store and index."""
        self.index.close()
        if self.latest is not None:
            self.latest.close()
        self.store.close()
