"""Ingest a source and refresh the index."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from corpus.console import progress_bar
from corpus.errors import IndexMissingError
from corpus.ingest import IngestReport, Progress, ingest
from corpus.record_clock import CorpusState
from corpus.settings import Settings
from corpus.sources import Source
from corpus.store import Store
from retrieval.index import open_builder, open_index
from retrieval.index_rows import indexed_texts, texts_of
from retrieval.index_url import parse_index_url
from retrieval.query import IndexedText
from retrieval.vectors.embedding import embed
from retrieval.vectors.encoder import Encoder, EncoderError
from retrieval.vectors.encoder_choice import default_encoder
from retrieval.vectors.kept_vectors import NO_VECTORS, KeptVectors, RowVectors
from retrieval.vectors.passage import kept_as


class _Held(NamedTuple):
    """What an index holds: a state of the corpus, and the name of its vectors."""

    state: CorpusState
    vectors: str | None


class Embedding(NamedTuple):
    """What makes vectors, and the file that keeps them."""

    encoder: Encoder
    file: Path


def embedding_for(index_url: str) -> Embedding | None:
    """Return the encoder of the environment and the file of an index; ``None``: words alone.

    The file is ``INFORCE_VECTORS``; else ``vectors.db`` in the folder of an embedded index, in
    ``INFORCE_HOME`` for one in a cluster.

    Raises:
        BadInputError: a variable does not hold what it should.
    """
    encoder = default_encoder()
    return Embedding(encoder, vectors_file(index_url)) if encoder else None


def vectors_file(index_url: str) -> Path:
    """Return the file that keeps the vectors of an index, as :func:`embedding_for` says."""
    if named := os.environ.get("INFORCE_VECTORS"):
        return Path(named)
    target = parse_index_url(index_url)
    if target.engine == "embedded":
        return Path(target.place) / "vectors.db"
    home = os.environ.get("INFORCE_HOME")
    return (Path(home) if home else Path.home() / ".inforce") / "vectors.db"


def load(
    source: Source, settings: Settings, *, strict: bool = False, vectors: bool = True
) -> IngestReport:
    """Ingest ``source`` and refresh the index, with a progress bar for each.

    ``vectors`` makes those that the new texts lack; without them searching goes by words alone.

    Raises:
        SourceError: ``strict`` and the source has a fault.
        StoreError: another writer holds the store.
        EncoderError: the vectors could not be made; the index is up to date without them.
    """
    with Store.open(settings.store_url, create=True) as store:
        with progress_bar("Reading") as advance:
            report = ingest(source, store, strict=strict, progress=advance)
        embedding = embedding_for(settings.index_url) if vectors else None
        with progress_bar("Indexing") as advance:
            refresh_index(store, settings.index_url, advance, embedding=embedding)
    return report


def refresh_index(
    store: Store,
    index_url: str,
    progress: Progress,
    *,
    anew: bool = False,
    embedding: Embedding | None = None,
) -> int:
    """Bring the index to the store's present state; write only the works that changed, if it can.

    Args:
        store: what is indexed.
        index_url: where.
        progress: told of texts that are embedded, then of rows that are written.
        anew: write everything.
        embedding: makes the vectors that are missing; ``None``: the index is searched by words.

    Returns:
        The number of rows written; 0 when nothing was to be done.

    Raises:
        StoreError: another process builds the index, or it cannot be written.
        SearchFailedError: the engine failed.
        EncoderError: the encoder failed; the index is up to date without vectors, and says so.
    """
    state = store.state()
    store = store.as_recorded(state.recorded_at)
    held = None if anew else _held(index_url)
    refresh = _Refresh(store, index_url, state, held, progress)
    wanted = kept_as(embedding.encoder.identity) if embedding else None
    if held and held.state.corpus_hash == state.corpus_hash and held.vectors == wanted:
        return 0
    if embedding is None:
        return refresh.write(NO_VECTORS)
    with KeptVectors(embedding.file, embedding.encoder.identity) as kept:
        try:
            embed(refresh.new_to(wanted), embedding.encoder, kept, progress)
        except EncoderError as error:
            refresh.write(RowVectors(words_only=f"searched by words alone: {error}"))
            raise EncoderError(
                f"{error}; the index holds words alone until 'inforce index build' is run again"
            ) from error
        return refresh.write(RowVectors(kept))


@dataclass(frozen=True)
class _Refresh:
    """One run of :func:`refresh_index`: from what the index holds to a state of the store."""

    store: Store
    index_url: str
    state: CorpusState
    held: _Held | None
    progress: Progress

    def new_to(self, vectors: str | None) -> Iterable[IndexedText]:
        """Yield the rows that may have no vector yet."""
        if self.held is None or self.held.vectors != vectors:
            return indexed_texts(self.store)
        return texts_of(self.store, self.store.changed_since(self.held.state.recorded_at))

    def write(self, vectors: RowVectors) -> int:
        """Write the works that changed, or everything; return the number of rows."""
        builder = open_builder(self.index_url, vectors)
        if self.held is not None and self._is_held(self.held.state):
            works = self.store.changed_since(self.held.state.recorded_at)
            rows = builder.update(
                self.held.state, works, texts_of(self.store, works), self.state, self._advance
            )
            if rows is not None:
                return rows
        return builder.build(indexed_texts(self.store), self.state, self._advance)

    def _is_held(self, state: CorpusState) -> bool:
        return self.store.as_recorded(state.recorded_at).state() == state

    def _advance(self, done: int) -> None:
        self.progress(done, None, "rows")


def _held(index_url: str) -> _Held | None:
    """Return what the index holds, or ``None`` where it is missing or damaged."""
    try:
        index = open_index(index_url)
    except IndexMissingError:
        return None
    try:
        return _Held(index.state, index.vectors) if index.status().health != "red" else None
    finally:
        index.close()
