"""A library that caches reads and searches, while its store does not change.

Rollouts ask the same again and again: each question several times in a group, and each group again
in a later round. A training run holds to one state of the corpus, so what was read stays true.
"""

from __future__ import annotations

from functools import lru_cache

from agent.library import Library
from corpus.store import Store
from retrieval.index import CachedIndex

SIZE = 1 << 15
"""Answers of one kind that are remembered."""

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
    """Return a library with the same content that reads and searches everything once."""
    return Library(CachedStore(library.store), CachedIndex(library.index, SIZE))
