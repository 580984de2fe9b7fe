"""Ingest a source and refresh the index."""

from __future__ import annotations

from corpus.console import progress_bar
from corpus.errors import IndexMissingError
from corpus.ingest import IngestReport, Progress, ingest
from corpus.settings import Settings
from corpus.sources import Source
from corpus.store import Store
from retrieval.index import open_builder, open_index
from retrieval.index_rows import indexed_texts


def load(source: Source, settings: Settings, *, strict: bool = False) -> IngestReport:
    """Ingest ``source`` and refresh the index, with a progress bar for each.

    Raises:
        SourceError: ``strict`` and the source has a fault.
        StoreError: another writer holds the store.
    """
    with Store.open(settings.store_url, create=True) as store:
        with progress_bar("Reading") as advance:
            report = ingest(source, store, strict=strict, progress=advance)
        with progress_bar("Indexing") as advance:
            refresh_index(store, settings.index_url, advance)
    return report


def refresh_index(store: Store, index_url: str, progress: Progress) -> int:
    """Build the index anew unless it already holds this state of the corpus.

    Returns the number of rows written; 0 when nothing was to be done.
    """
    corpus_hash = store.corpus_hash()
    if _built_from(index_url) == corpus_hash:
        return 0

    def advance(done: int) -> None:
        progress(done, None, "rows")

    return open_builder(index_url).build(indexed_texts(store), corpus_hash, advance)


def _built_from(index_url: str) -> str | None:
    try:
        index = open_index(index_url)
    except IndexMissingError:
        return None
    try:
        return index.corpus_hash
    finally:
        index.close()
