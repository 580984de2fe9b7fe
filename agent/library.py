"""The library: a store and the index built from it."""

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
    """A store and the index built from it. Safe to share between threads; a context manager."""

    store: Store
    index: StatuteIndex

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open both and check that they belong together.

        Raises:
            StoreError: there is no store, or it has another schema.
            IndexMissingError: there is no index, or it was built from another corpus.
        """
        with ExitStack() as undo:
            store = undo.enter_context(Store.open(settings.store_url))
            index = open_index(settings.index_url)
            undo.callback(index.close)
            if index.corpus_hash != store.corpus_hash():
                place = without_password(settings.index_url)
                raise IndexMissingError(
                    f"The index {place} was built from another state of the corpus: build it again."
                )
            undo.pop_all()
        return cls(store=store, index=index)

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
        self.store.close()
