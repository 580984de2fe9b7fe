"""The store as ``inforce ask`` reads it: the last state that was indexed as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from corpus.errors import IndexMissingError, SearchFailedError
from corpus.settings import Settings
from corpus.store import Store
from retrieval.index import open_index


@contextmanager
def last_whole_state(settings: Settings) -> Iterator[Store]:
    """Open the store, for reading, at the state that the index holds.

    While laws are ingested this is the state before. Where no index can be read the store is given
    as it is now, and a sentence on standard error says so.

    Raises:
        StoreError: there is no store, or it has another schema.
    """
    with Store.open(settings.store_url) as present:
        yield _indexed(present, settings.index_url) or present


def _indexed(present: Store, index_url: str) -> Store | None:
    from corpus.console import errors

    try:
        index = open_index(index_url)
    except (IndexMissingError, SearchFailedError) as why:
        errors.print(f"read from the store as it is now, since {why}", markup=False)
        return None
    try:
        held = present.holding(index.state)
    finally:
        index.close()
    if held is None:
        errors.print(
            "read from the store as it is now, since the index was built from another corpus",
            markup=False,
        )
    return held
