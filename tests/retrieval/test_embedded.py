"""The embedded engine's own hazards: builds that die, move or rot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.errors import BadInputError, IndexMissingError, StoreError
from corpus.locking import file_lock
from retrieval.engines.embedded import EmbeddedIndex
from retrieval.engines.embedded_build import EmbeddedBuilder
from retrieval.engines.embedded_folder import POINTER
from retrieval.index import open_builder, open_index
from retrieval.query import IndexedText
from tests.retrieval.conftest import ROWS, ask, names, row, state


def build(folder: Path, *rows: IndexedText, corpus_hash: str = "one") -> int:
    return EmbeddedBuilder(folder).build(rows or ROWS, state(corpus_hash), lambda _: None)


def test_missing_index_says_what_to_run(folder: Path) -> None:
    with pytest.raises(IndexMissingError, match=r"no search index at .*inforce index build"):
        open_index(f"embedded:{folder}")


@pytest.mark.parametrize("url", ["embedded", "embedded:", "tantivy:x", "", "ftp://x"])
def test_an_unknown_engine_is_bad_input(url: str) -> None:
    for opening in (open_index, open_builder):
        with pytest.raises(BadInputError, match="not an index URL"):
            opening(url)


def test_an_index_of_another_version_is_refused(folder: Path) -> None:
    build(folder)
    pointer = folder / POINTER
    pointer.write_text(pointer.read_text().replace('"schema_version": "', '"schema_version": "x'))
    with pytest.raises(IndexMissingError, match="another version of InForce"):
        EmbeddedIndex(folder)


@pytest.mark.parametrize("pointer", ["", "{", "[]", '{"folder": 1}'])
def test_a_damaged_pointer_is_refused(folder: Path, pointer: str) -> None:
    build(folder)
    (folder / POINTER).write_text(pointer)
    with pytest.raises(IndexMissingError, match="build it anew"):
        EmbeddedIndex(folder)
    assert build(folder) == len(ROWS)
    EmbeddedIndex(folder).close()


def test_a_damaged_build_is_refused(folder: Path) -> None:
    build(folder)
    for file in folder.glob("build-*/meta.json"):
        file.write_text("{}")
    with pytest.raises(IndexMissingError, match="damaged"):
        EmbeddedIndex(folder)


def test_a_rebuild_is_noticed_and_replaces_everything(folder: Path) -> None:
    build(folder)
    index = EmbeddedIndex(folder)
    assert names(ask(index, "wages")) == ["pay"]
    build(folder, row("uk/x-1#new", "2000-01-01", None, "Wages are daily."), corpus_hash="two")
    assert names(ask(index, "wages")) == ["new"]
    assert index.corpus_hash == "two"
    build(folder)
    assert len(list(folder.glob("build-*"))) == 2  # the current one and the one before


def test_an_index_removed_under_a_reader_is_missing_not_empty(folder: Path) -> None:
    build(folder)
    index = EmbeddedIndex(folder)
    (folder / POINTER).unlink()
    with pytest.raises(IndexMissingError):
        ask(index, "wages")


def test_a_failing_build_leaves_the_old_index(folder: Path) -> None:
    build(folder)

    def broken() -> Iterator[IndexedText]:
        yield ROWS[0]
        raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError):
        EmbeddedBuilder(folder).build(broken(), state("two"), lambda _: None)
    index = EmbeddedIndex(folder)
    assert index.corpus_hash == "one"
    assert names(ask(index, "wages")) == ["pay"]


KILLED = """
import os, signal, sys
from pathlib import Path
from retrieval.engines.embedded_build import EmbeddedBuilder
from tests.retrieval.conftest import ROWS, state

def rows():
    yield from ROWS
    os.kill(os.getpid(), signal.SIGKILL)

EmbeddedBuilder(Path(sys.argv[1])).build(rows(), state("two"), lambda n: None)
"""


def test_a_killed_build_leaves_the_old_index_and_its_remains_are_swept(folder: Path) -> None:
    build(folder)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert EmbeddedIndex(folder).corpus_hash == "one"
    assert len(list(folder.glob("build-*"))) == 2
    build(folder, corpus_hash="three")
    assert EmbeddedIndex(folder).corpus_hash == "three"
    assert len(list(folder.glob("build-*"))) == 2


def test_a_second_builder_is_turned_away(folder: Path) -> None:
    build(folder)
    with file_lock(folder / "lock"), pytest.raises(StoreError, match="another writer"):
        build(folder)


def test_an_empty_corpus_is_an_index_too(folder: Path) -> None:
    assert EmbeddedBuilder(folder).build([], state("empty"), lambda _: None) == 0
    assert ask(EmbeddedIndex(folder), "wages") == []


def test_two_hundred_parallel_texts_still_leave_room_for_others(folder: Path) -> None:
    texts = [
        row("ch/x#a", "2000-01-01", None, "wages wages wages", language=f"{a}{b}")
        for a in "abcdefghijklmn"
        for b in "abcdefghijklmn"
    ]
    build(folder, *texts, row("ch/x#b", "2000-01-01", None, "some wages of another sort"))
    assert names(ask(EmbeddedIndex(folder), "wages", limit=2)) == ["a", "b"]
