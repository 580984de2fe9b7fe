"""Ingest a source and refresh the index."""

from __future__ import annotations

from corpus.console import progress_bar
from corpus.errors import IndexMissingError
from corpus.ingest import IngestReport, Progress, ingest
from corpus.record_clock import CorpusState
from corpus.settings import Settings
from corpus.sources import Source
from corpus.store import Store
from retrieval.index import open_builder, open_index
from retrieval.index_rows import indexed_texts, texts_of


def load(source: Source, settings: Settings, *, strict: bool = False) -> IngestReport:
    """Ingest ``source`` and refresh the index, with a progress bar for each.

    Raises:
        SourceError: with ``strict``, the source has an error.
        StoreError: another process writes to the store.
    """
    with Store.open(settings.store_url, create=True) as store:
        with progress_bar("Reading") as advance:
            report = ingest(source, store, strict=strict, progress=advance)
        with progress_bar("Indexing") as advance:
            refresh_index(store, settings.index_url, advance)
    return report


def refresh_index(store: Store, index_url: str, progress: Progress, *, anew: bool = False) -> int:
    """Bring the index to the store's present state; only changed works are written if possible.

    Works ingested meanwhile are left to the next call. ``anew`` writes everything. Returns the
    number of rows written; 0 if the index was up to date.

    Raises:
        StoreError: another process builds the index, or it cannot be written.
        SearchFailedError: the engine failed.
    """
    state = store.state()
    store = store.as_recorded(state.recorded_at)

    def advance(done: int) -> None:
        progress(done, None, "rows")

    held = None if anew else _held(index_url)
    if held is not None and held.corpus_hash == state.corpus_hash:
        return 0
    builder = open_builder(index_url)
    if held is not None and store.as_recorded(held.recorded_at).state() == held:
        works = store.changed_since(held.recorded_at)
        rows = builder.update(held, works, texts_of(store, works), state, advance)
        if rows is not None:
            return rows
    return builder.build(indexed_texts(store), state, advance)


def _held(index_url: str) -> CorpusState | None:
    """Return the state in the index, or ``None`` if it is missing or damaged."""
    try:
        index = open_index(index_url)
    except IndexMissingError:
        return None
    try:
        return index.state if index.status().health != "red" else None
    finally:
        index.close()
