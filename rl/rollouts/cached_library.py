"""A library that caches reads and searches. Its store must not change meanwhile.

The rollouts of a group ask the same things, and rounds repeat questions. A training run uses one
state of the corpus, so cached results stay valid.
"""

from __future__ import annotations

from functools import lru_cache

from agent.library import Library
from corpus.store import Store
from retrieval.index import CachedIndex

SIZE = 1 << 15
"""Cache entries per kind of call."""

_READS = (
    "works",
    "work",
    "provision",
    "provisions_by_label",
    "history",
    "version",
    "coverage",
    "resolve",
)


class CachedStore(Store):
    """A store that caches reads. Closing it leaves the wrapped store open."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner._engine, inner._recorded_at)
        for name in _READS:
            setattr(self, name, lru_cache(SIZE)(getattr(self, name)))

    def close(self) -> None:
        """Do nothing; the wrapped store closes its connections."""


def cached_library(library: Library) -> Library:
    """Return a library with the same content that caches its reads and searches.

    One that does so already is returned as it is, so that its callers share what it holds.
    """
    if isinstance(library.store, CachedStore):
        return library
    return Library(CachedStore(library.store), CachedIndex(library.index, SIZE))
