"""The library: a store and the index built from it, both held to one state of the corpus.

While laws are ingested and indexed, a library that is open goes on answering from the state it was
opened with, and one that is opened anew gets the last state that was indexed as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
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
    """A store and the index built from it. Safe to share between threads; a context manager.

    ``store`` reads the corpus as recorded when the index was built. ``latest`` is the index that
    follows rebuilds, where there may be any.
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
        """Tell whether a newer index has been built since this library was opened."""
        return self.latest is not None and self.latest.version != self.index.version

    @cached_property
    def works(self) -> Sequence[Work]:
        """Every work held, read once."""
        return tuple(self.store.works())

    @property
    def corpus_hash(self) -> str:
        """The state of the corpus that answers are given from."""
        return self.index.corpus_hash

    def close(self) -> None:
        """Release both."""
        self.index.close()
        if self.latest is not None:
            self.latest.close()
        self.store.close()
