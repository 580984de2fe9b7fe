"""Writing the embedded index: schema, numbered builds, and the pointer that makes one current."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import uuid4

import tantivy
from pydantic import ValidationError

from corpus.database import private_file, private_folder
from corpus.errors import BadInputError
from corpus.languages.tables import base_language
from corpus.locking import file_lock
from corpus.model import Frozen
from retrieval.engines.day_blocks import interval_words
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
from retrieval.text.analysis import ANALYSIS_VERSION
from retrieval.text.analyzers import PLAIN, Analyzer

SCHEMA_VERSION = f"4.{ANALYSIS_VERSION}"
POINTER = "current.json"
OPEN_END = 1 << 31  # later than any day; only inside an index, where a range needs a number
NO_START = 0  # earlier than any day
TERMS = "terms"
_HEAP_BYTES = 256_000_000


class Build(Frozen):
    """The pointer file: which folder is current and what it was built from.

    ``previous`` is the build before, kept to go back to.
    """

    folder: str
    schema_version: str
    corpus_hash: str
    rows: int
    chain: str = "plain"
    previous: Build | None = None

    @property
    def folders(self) -> frozenset[str]:
        """The folders in use."""
        return frozenset({self.folder}) | (self.previous.folders if self.previous else frozenset())


def schema(chain: Analyzer) -> tantivy.Schema:
    """Return the schema: searchable terms, filters, and the stored hit.

    ``in_force`` holds the days of a row as latest known; the numbers beside it answer for earlier
    knowledge, and what came before or after.
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
    builder.add_unsigned_field("place", fast=True)
    builder.add_bytes_field("hit", stored=True)
    builder.add_bytes_field("key", stored=True)
    return builder.build()


def stemmer(chain: Analyzer, language: str) -> tantivy.TextAnalyzer:
    """Return what splits at spaces and stems."""
    split = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    return split.filter(tantivy.Filter.stemmer(chain.stemmers[language])).build()


def register_analysers(index: tantivy.Index, chain: Analyzer) -> None:
    """Teach an opened index to split terms at spaces and to stem: the engine does not store how."""
    split = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(TERMS, split)
    for language in chain.stemmers:
        index.register_tokenizer(language, stemmer(chain, language))


class EmbeddedBuilder:
    """Builds an index in the folder ``path``. A :class:`retrieval.index.IndexBuilder`."""

    def __init__(self, path: Path, chain: Analyzer = PLAIN, weights: Weights = WEIGHTS) -> None:
        self._path = path
        self._chain = chain
        self._weights = weights

    def build(
        self, rows: Iterable[IndexedText], corpus_hash: str, progress: Callable[[int], None]
    ) -> int:
        """Write every row beside the current build, then make the new build current.

        ``progress`` is told the number of rows written, now and then.

        Raises:
            StoreError: another process is building in this folder.
        """
        private_folder(self._path)
        with file_lock(self._path / "lock"):
            before = _usable(self._path)
            self._sweep(keep=before.folders if before else frozenset())
            folder = self._path / f"build-{uuid4().hex[:12]}"
            folder.mkdir(mode=0o700)
            count = self._write(rows, folder, progress)
            for file in folder.iterdir():
                file.chmod(0o600)
            build = Build(
                folder=folder.name,
                schema_version=SCHEMA_VERSION,
                corpus_hash=corpus_hash,
                rows=count,
                chain=self._chain.name,
                previous=before and _last(before),
            )
            _point(self._path, build)
            self._sweep(keep=build.folders)
        return count

    def _write(
        self, rows: Iterable[IndexedText], folder: Path, progress: Callable[[int], None]
    ) -> int:
        index = tantivy.Index(schema(self._chain), str(folder))
        register_analysers(index, self._chain)
        writer = index.writer(_HEAP_BYTES, 1)
        count = 0
        for count, row in enumerate(rows, start=1):
            writer.add_document(_document(row, self._chain, self._weights))
            if count % 1000 == 0:
                progress(count)
        writer.commit()
        writer.wait_merging_threads()
        progress(count)
        return count

    def _sweep(self, keep: frozenset[str]) -> None:
        """Remove the builds that no pointer names: older ones, and what a killed build left."""
        for folder in self._path.glob("build-*"):
            if folder.name not in keep:
                shutil.rmtree(folder)


def step_back(path: Path) -> str:
    """Make the build before the current one, and keep the one it replaces; return its name.

    Raises:
        BadInputError: there is no build to go back to.
        StoreError: another process is building in this folder.
    """
    with file_lock(path / "lock"):
        build = _usable(path)
        if build is None or build.previous is None:
            raise BadInputError(f"{path}: there is no other complete index to go back to")
        _point(path, build.previous.model_copy(update={"previous": _last(build)}))
        return build.previous.folder


def _last(build: Build) -> Build:
    return build.model_copy(update={"previous": None})


def _usable(path: Path) -> Build | None:
    """Return the current build if this version of InForce can read it."""
    try:
        build = Build.model_validate_json((path / POINTER).read_bytes())
    except (OSError, ValidationError):
        return None
    return build if build.schema_version == SCHEMA_VERSION else None


def _point(path: Path, build: Build) -> None:
    draft = path / f"{POINTER}.new"
    private_file(draft)
    with draft.open("w", encoding="utf-8") as file:
        file.write(build.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path / POINTER)


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
