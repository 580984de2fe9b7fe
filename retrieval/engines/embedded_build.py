"""Build the embedded index: its schema, full builds and updates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tantivy

from corpus.database import private_folder
from corpus.errors import StoreError
from corpus.languages.tables import base_language
from corpus.locking import file_lock
from corpus.record_clock import CorpusState
from retrieval.engines.day_blocks import interval_words
from retrieval.engines.embedded_folder import (
    SCHEMA_VERSION,
    Build,
    FileMark,
    intact,
    last,
    linked_copy,
    marks,
    new_folder,
    point,
    sweep,
    usable,
)
from retrieval.engines.index_schema import (
    STORED,
    WEIGHTS,
    Weights,
    body,
    extents,
    number,
    place,
    stems_field,
)
from retrieval.query import IndexedText
from retrieval.text.analyzers import PLAIN, Analyzer
from retrieval.vectors.dated_vectors import FILES, DatedVectors
from retrieval.vectors.kept_vectors import NO_VECTORS, RowVectors

OPEN_END = 1 << 31  # later than any day; only inside an index, where a range needs a number
NO_START = 0  # earlier than any day
TERMS = "terms"
_HEAP_BYTES = 256_000_000


def schema(chain: Analyzer) -> tantivy.Schema:
    """Return the schema: searchable terms, filters, and the stored hit.

    ``in_force`` holds the interval of a row as latest known; numeric fields beside it are for
    earlier knowledge, and for texts before or after a date.
    """
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("body", tokenizer_name=TERMS, index_option="position")
    for language in chain.stemmers:
        builder.add_text_field(stems_field(language), tokenizer_name=language, index_option="freq")
    for name in ("jurisdiction", "work", "kind", "language", "extent"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_text_field("in_force", tokenizer_name=TERMS, index_option="basic")
    for name in ("row_from", "row_to", "known_from", "known_to"):
        builder.add_unsigned_field(name, fast=True)
    builder.add_unsigned_field("provision", fast=True)
    builder.add_unsigned_field("place", fast=True, indexed=True)
    builder.add_bytes_field("hit", stored=True)
    builder.add_bytes_field("key", stored=True)
    return builder.build()


def stemmer(chain: Analyzer, language: str) -> tantivy.TextAnalyzer:
    """Return an analyzer that splits at spaces and stems."""
    split = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    return split.filter(tantivy.Filter.stemmer(chain.stemmers[language])).build()


def register_analysers(index: tantivy.Index, chain: Analyzer) -> None:
    """Register the analyzers with an opened index, since the engine does not store them."""
    split = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(TERMS, split)
    for language in chain.stemmers:
        index.register_tokenizer(language, stemmer(chain, language))


class EmbeddedBuilder:
    """Builds an index in the folder ``path``. A :class:`retrieval.index.IndexBuilder`."""

    def __init__(
        self,
        path: Path,
        chain: Analyzer = PLAIN,
        weights: Weights = WEIGHTS,
        vectors: RowVectors = NO_VECTORS,
    ) -> None:
        self._path = path
        self._chain = chain
        self._weights = weights
        self._vectors = vectors

    def build(
        self,
        rows: Iterable[IndexedText],
        state: CorpusState,
        progress: Callable[[int], None],
    ) -> int:
        """Write every row into a new build, then make it the current one.

        ``progress`` is called repeatedly with the number of rows written.

        Raises:
            StoreError: another process is building in this folder, or it cannot be written.
        """
        with self._alone() as before:
            folder = new_folder(self._path)
            index = tantivy.Index(schema(self._chain), str(folder))
            written = _Written(self._vectors)
            count = self._write(index, (), written.watched(rows), progress)
            if self._vectors.kept is not None:
                DatedVectors.of(written.rows, written.records).write(folder)
            build = self._finished(folder, state, count, {})
            self._point(build, before)
        return count

    def update(
        self,
        base: CorpusState,
        works: frozenset[str],
        rows: Iterable[IndexedText],
        state: CorpusState,
        progress: Callable[[int], None],
    ) -> int | None:
        """Replace the rows of some works in a copy of the current build; ``None``: rebuild needed.

        The copy shares its files with the current build, so the cost depends on these works only.

        Raises:
            StoreError: as :meth:`build`.
        """
        with self._alone() as before:
            if before is None or before.state != base or before.chain != self._chain.name:
                return None
            if before.vectors != self._vectors.identity:
                return None
            gone = _count(self._path / before.folder, works) if intact(self._path, before) else None
            if gone is None or (before.dead + gone) * 10 > before.rows:
                return None
            folder = linked_copy(self._path, before)
            index = tantivy.Index.open(str(folder))
            written = _Written(self._vectors)
            count = self._write(index, works, written.watched(rows), progress)
            if self._vectors.kept is not None:
                former = DatedVectors.open(self._path / before.folder)
                _unlink(folder)
                former.replaced(works, written.rows, written.records).write(folder)
            held = before.rows - gone + count
            build = self._finished(folder, state, held, _unchanged(before))
            self._point(build, before, dead=before.dead + gone)
        return count

    @contextmanager
    def _alone(self) -> Iterator[Build | None]:
        """Lock the folder, delete unused builds, and yield the current build."""
        try:
            private_folder(self._path)
            with file_lock(self._path / "lock"):
                before = usable(self._path)
                sweep(self._path, keep=before.folders if before else frozenset())
                yield before
        except OSError as error:
            raise StoreError(f"cannot write the index at {self._path}: {error}") from error

    def _write(
        self,
        index: tantivy.Index,
        replaced: Iterable[str],
        rows: Iterable[IndexedText],
        progress: Callable[[int], None],
    ) -> int:
        register_analysers(index, self._chain)
        writer = index.writer(_HEAP_BYTES, 1)
        for work in replaced:
            writer.delete_documents_by_term("work", work)
        count = 0
        for count, row in enumerate(rows, start=1):
            with self._refusals():
                writer.add_document(_document(row, self._chain, self._weights))
            if count % 1000 == 0:
                progress(count)
        with self._refusals():
            writer.commit()
            writer.wait_merging_threads()
        progress(count)
        return count

    def _finished(
        self, folder: Path, state: CorpusState, rows: int, known: Mapping[str, FileMark]
    ) -> Build:
        return Build(
            folder=folder.name,
            schema_version=SCHEMA_VERSION,
            corpus_hash=state.corpus_hash,
            recorded_at=state.recorded_at,
            rows=rows,
            chain=self._chain.name,
            vectors=self._vectors.identity,
            words_only=self._vectors.words_only,
            files=marks(folder, known),
        )

    def _point(self, build: Build, before: Build | None, dead: int = 0) -> None:
        """Make a finished build the current one, and delete those no longer in use."""
        previous = before and last(before)
        build = build.model_copy(update={"dead": dead, "previous": previous})
        point(self._path, build)
        sweep(self._path, keep=build.folders)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn the engine's write errors, such as a full disk, into :class:`StoreError`."""
        try:
            yield
        except (ValueError, OSError) as error:
            raise StoreError(f"cannot write the index at {self._path}: {error}") from error


class _Written:
    """The rows of a build with their vectors, put aside while the words are written."""

    def __init__(self, vectors: RowVectors) -> None:
        self._vectors = vectors
        self.rows: list[IndexedText] = []
        self.records: list[bytes] = []

    def watched(self, rows: Iterable[IndexedText]) -> Iterator[IndexedText]:
        """Pass rows through; keep their dates and numbers, not their texts."""
        for row in rows:
            if self._vectors.kept is not None:
                self.rows.append(row.model_copy(update={"text": "", "heading": None}))
                self.records.append(self._vectors.kept.of(row))
            yield row


def _unlink(folder: Path) -> None:
    """Remove the links to the vectors of the build before: writing would change that build."""
    for name in FILES:
        (folder / name).unlink(missing_ok=True)


def _unchanged(build: Build) -> dict[str, FileMark]:
    return {name: mark for name, mark in build.files.items() if name not in FILES}


def _count(folder: Path, works: frozenset[str]) -> int:
    """Return the number of rows of some works in a build."""
    index = tantivy.Index.open(str(folder))
    index.config_reader("manual")
    found = tantivy.Query.term_set_query(index.schema, "work", sorted(works))
    held: Any = index.searcher().search(found, 1, count=True)
    return int(held.count)


def _document(row: IndexedText, chain: Analyzer, weights: Weights) -> tantivy.Document:
    document = tantivy.Document()
    terms = body(row, weights)
    document.add_text("body", terms)
    if (language := base_language(row.language)) in chain.stemmers:
        document.add_text(stems_field(language), terms)
    document.add_text("jurisdiction", row.jurisdiction)
    document.add_text("work", row.work_id)
    document.add_text("kind", row.kind)
    document.add_text("language", row.language)
    for extent in extents(row.extent):
        document.add_text("extent", extent)
    if row.known_to is None:
        document.add_text("in_force", interval_words(row.row_from, row.row_to))
    document.add_unsigned("row_from", row.row_from.toordinal())
    document.add_unsigned("row_to", row.row_to.toordinal() if row.row_to else OPEN_END)
    document.add_unsigned("known_from", row.known_from.toordinal() if row.known_from else NO_START)
    document.add_unsigned("known_to", row.known_to.toordinal() if row.known_to else OPEN_END)
    document.add_unsigned("provision", number(row.provision_id))
    document.add_unsigned("place", place(row))
    document.add_bytes("hit", row.model_dump_json(include=set(STORED)).encode())
    document.add_bytes("key", row.key.encode())
    return document
