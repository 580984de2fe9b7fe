"""Folder of an embedded index: numbered builds, and a pointer to the current one.

A build is complete, and a list of its files with their digests is written, before the pointer
moves. So an interrupted build changes nothing, and a damaged file is detected.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError

from corpus.database import private_file
from corpus.errors import BadInputError
from corpus.locking import file_lock
from corpus.model import Frozen
from corpus.record_clock import CorpusState
from retrieval.text.analysis import ANALYSIS_VERSION

SCHEMA_VERSION = f"6.{ANALYSIS_VERSION}"
POINTER = "current.json"
_REWRITTEN = frozenset({"meta.json", ".managed.json"})  # the engine writes all others once


class FileMark(Frozen):
    """Size and digest of a file of a complete build."""

    bytes: int
    digest: str


class Build(Frozen):
    """The pointer file: the current folder and what it was built from.

    ``dead`` counts rows that were replaced since the whole was last written anew; until the engine
    merges them away they still count in its word statistics. ``previous`` is the build before, kept
    to go back to. ``vectors`` is the name under which its vectors are kept, and ``words_only`` says
    why it has none where they were asked for.
    """

    folder: str
    schema_version: str
    corpus_hash: str
    recorded_at: datetime
    rows: int
    dead: int = 0
    chain: str = "plain"
    vectors: str | None = None
    words_only: str | None = None
    files: Mapping[str, FileMark]
    previous: Build | None = None

    @property
    def state(self) -> CorpusState:
        """Return the state of the corpus in the build."""
        return CorpusState(corpus_hash=self.corpus_hash, recorded_at=self.recorded_at)

    @property
    def folders(self) -> frozenset[str]:
        """Return the folders in use."""
        return frozenset({self.folder}) | (self.previous.folders if self.previous else frozenset())


def usable(path: Path) -> Build | None:
    """Return the current build if this version of InForce can read it, else ``None``."""
    try:
        build = Build.model_validate_json((path / POINTER).read_bytes())
    except (OSError, ValidationError):
        return None
    return build if build.schema_version == SCHEMA_VERSION else None


def sweep(path: Path, keep: frozenset[str]) -> None:
    """Delete builds that no pointer names: older ones, and those of interrupted builds."""
    for folder in path.glob("build-*"):
        if folder.name not in keep:
            shutil.rmtree(folder)


def new_folder(path: Path) -> Path:
    """Create an empty folder for a build."""
    folder = path / f"build-{uuid4().hex[:12]}"
    folder.mkdir(mode=0o700)
    return folder


def linked_copy(path: Path, build: Build) -> Path:
    """Return a new folder with hard links to the files of a build."""
    folder = new_folder(path)
    for name in build.files:
        whence, copy = path / build.folder / name, folder / name
        if name in _REWRITTEN:
            shutil.copyfile(whence, copy)
            continue
        try:
            os.link(whence, copy)
        except OSError:  # a file system without links
            shutil.copyfile(whence, copy)
    return folder


def marks(folder: Path, known: Mapping[str, FileMark]) -> dict[str, FileMark]:
    """Make the files of a finished build private and return their sizes and digests.

    Files in ``known`` are links and are not read again.
    """
    found = {}
    for file in sorted(folder.iterdir()):
        file.chmod(0o600)
        if file.name.endswith(".lock"):
            continue
        old = None if file.name in _REWRITTEN else known.get(file.name)
        found[file.name] = old or _mark(file)
    return found


def same_sizes(path: Path, build: Build, names: Collection[str]) -> bool:
    """Tell whether some files of a build are there and as long as they were."""
    folder = path / build.folder
    return all(_size(folder / name) == build.files[name].bytes for name in names)


def intact(path: Path, build: Build, names: Collection[str] | None = None) -> bool:
    """Return whether files of a build, by default all, have their recorded digest; reads them."""
    folder = path / build.folder
    try:
        return all(_mark(folder / name) == build.files[name] for name in names or build.files)
    except OSError:
        return False


def point(path: Path, build: Build) -> None:
    """Make a build the current one, atomically."""
    draft = path / f"{POINTER}.new"
    private_file(draft)
    with draft.open("w", encoding="utf-8") as file:
        file.write(build.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path / POINTER)


def step_back(path: Path) -> str:
    """Make the previous build the current one, and keep the one it replaces; return its name.

    Raises:
        BadInputError: there is no previous build.
        StoreError: another process is building in this folder.
    """
    with file_lock(path / "lock"):
        build = usable(path)
        if build is None or build.previous is None:
            raise BadInputError(f"{path}: there is no other complete index to go back to")
        point(path, build.previous.model_copy(update={"previous": last(build)}))
        return build.previous.folder


def last(build: Build) -> Build:
    """Return a build without its predecessors."""
    return build.model_copy(update={"previous": None})


def _mark(file: Path) -> FileMark:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "blake2b").hexdigest()[:32]
        return FileMark(bytes=opened.tell(), digest=digest)


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None
