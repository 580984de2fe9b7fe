"""Stored vectors of passages are read, not made again; where they cannot be read they are made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from retrieval.vectors.encoder import Vectors
from retrieval.vectors.kept_vectors import KeptVectors
from retrieval.vectors.passage import digest
from retrieval.vectors.quantised import quantised
from retrieval.vectors.stored_first import StoredFirst


class Counting:
    """An encoder that notes what it encoded."""

    identity = "counting"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def questions(self, texts: Sequence[str]) -> Vectors:
        return self.passages(texts)

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        made = np.array([[1.0, len(text)] for text in texts], dtype=np.float32).reshape(-1, 2)
        return made / np.linalg.norm(made, axis=1, keepdims=True)


def keep(file: Path, identity: str, texts: list[str]) -> None:
    with KeptVectors(file, identity) as kept:
        kept.keep([digest(text) for text in texts], quantised(Counting().passages(texts)))


def test_only_passages_without_a_stored_vector_are_encoded(tmp_path: Path) -> None:
    file, inner = tmp_path / "vectors.db", Counting()
    keep(file, "counting", ["one", "three"])
    found = StoredFirst(inner, file).passages(["one", "two two", "three", "one"])
    assert inner.encoded == ["two two"]
    wanted = Counting().passages(["one", "two two", "three", "one"])
    assert np.allclose(found, wanted, atol=0.01)


def test_vectors_of_another_encoder_are_not_taken(tmp_path: Path) -> None:
    file, inner = tmp_path / "vectors.db", Counting()
    keep(file, "another", ["one"])
    StoredFirst(inner, file).passages(["one"])
    assert inner.encoded == ["one"]


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_a_file_that_cannot_be_read_holds_no_vector(tmp_path: Path, content: bytes | None) -> None:
    file, inner = tmp_path / "vectors.db", Counting()
    if content is not None:
        file.write_bytes(content)
    assert StoredFirst(inner, file).passages(["one"]).shape == (1, 2)
    assert inner.encoded == ["one"]


def test_a_file_is_never_made_by_reading(tmp_path: Path) -> None:
    file = tmp_path / "vectors.db"
    StoredFirst(Counting(), file).passages(["one"])
    assert not file.exists()
