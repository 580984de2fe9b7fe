"""Vectors are made once per distinct text, survive a kill, and are never taken for another's."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from corpus.errors import StoreError
from retrieval.vectors.embedding import embed
from retrieval.vectors.encoder import EncoderError, Vectors
from retrieval.vectors.kept_vectors import KeptVectors
from retrieval.vectors.passage import digest, passage
from retrieval.vectors.quantised import quantised, read_codes, units
from tests.retrieval.conftest import ROWS, row


class Hashing:
    """A deterministic encoder of made vectors; ``fails_at`` texts it gives up."""

    def __init__(self, size: int = 16, name: str = "hashing", fails_at: int | None = None) -> None:
        self.identity, self._size, self._fails_at = name, size, fails_at
        self.encoded: list[str] = []

    def passages(self, texts: Sequence[str]) -> Vectors:
        if self._fails_at is not None and len(self.encoded) + len(texts) > self._fails_at:
            raise EncoderError("the embeddings server is down")
        self.encoded += texts
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
        drawn = [np.random.default_rng(seed).standard_normal(self._size) for seed in seeds]
        units = [one / np.linalg.norm(one) for one in drawn]
        return np.array(units, dtype=np.float32)

    questions = passages


def silent(done: int, total: int | None, what: str) -> None:
    """Show no progress."""


def test_each_distinct_text_is_embedded_once(tmp_path: Path) -> None:
    rows = [*ROWS, *ROWS]
    encoder = Hashing()
    with KeptVectors(tmp_path / "vectors.db", encoder.identity) as kept:
        made = embed(rows, encoder, kept, silent)
        assert made == len(encoder.encoded) == len({passage(r) for r in ROWS}) < len(ROWS)
        more = [*rows, row("uk/new#a", "2020-01-01", None, "A new act says this.")]
        assert embed(more, encoder, kept, silent) == 1
    assert encoder.encoded[-1] == "A new act says this."


def test_progress_counts_what_is_missing(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with KeptVectors(tmp_path / "vectors.db", "hashing") as kept:
        made = embed(ROWS, Hashing(), kept, lambda done, total, _: told.append((done, total)))
    assert told[0] == (0, made)
    assert told[-1] == (made, made)


def test_what_was_made_before_an_encoder_failed_is_kept(tmp_path: Path) -> None:
    rows = [row(f"uk/a#{i}", "2000-01-01", None, f"Text number {i}.") for i in range(100)]
    with KeptVectors(tmp_path / "vectors.db", "hashing") as kept:
        with pytest.raises(EncoderError, match="is down"):
            embed(rows, Hashing(fails_at=70), kept, silent)
        again = Hashing()
        assert embed(rows, again, kept, silent) == len(again.encoded) == 100 - 64


def test_vectors_of_another_encoder_are_not_used(tmp_path: Path) -> None:
    with KeptVectors(tmp_path / "vectors.db", "one") as kept:
        first = embed(ROWS, Hashing(name="one"), kept, silent)
    with KeptVectors(tmp_path / "vectors.db", "other") as kept:
        assert embed(ROWS, Hashing(name="other", size=4), kept, silent) == first


def test_another_dimension_under_the_same_name_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with KeptVectors(tmp_path / "vectors.db", "hashing") as kept:
        embed(ROWS[:3], Hashing(), kept, silent)
        with pytest.raises(EncoderError, match=r"of 4 numbers, but those kept .* have 16"):
            embed(ROWS, Hashing(size=4), kept, silent)


@pytest.mark.parametrize("left", [0.5, 0.99])
def test_a_file_cut_short_is_one_sentence(tmp_path: Path, left: float) -> None:
    path = tmp_path / "vectors.db"
    rows = [row(f"uk/a#{i}", "2000-01-01", None, f"Text {i}.") for i in range(500)]
    with KeptVectors(path, "hashing") as kept:
        embed(rows, Hashing(), kept, silent)
    os.truncate(path, int(path.stat().st_size * left))
    with (
        pytest.raises(StoreError, match=r"vectors\.db cannot be read"),
        KeptVectors(path, "hashing") as kept,
    ):
        embed(rows, Hashing(), kept, silent)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.retrieval.test_kept_vectors import Hashing, silent
from tests.retrieval.conftest import row
from retrieval.vectors.embedding import embed
from retrieval.vectors.kept_vectors import KeptVectors
class Dying(Hashing):
    def passages(self, texts):
        if len(self.encoded) >= 160:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().passages(texts)
rows = [row(f"uk/a#{i}", "2000-01-01", None, f"Text number {i}.") for i in range(400)]
with KeptVectors(Path(sys.argv[1]), "hashing") as kept:
    embed(rows, Dying(), kept, silent)
"""


def test_a_killed_build_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "vectors.db"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    rows = [row(f"uk/a#{i}", "2000-01-01", None, f"Text number {i}.") for i in range(400)]
    encoder = Hashing()
    with KeptVectors(path, "hashing") as kept:
        assert embed(rows, encoder, kept, silent) == 400 - 160
        held = kept.held(digest(passage(r)) for r in rows)
    assert len(held) == 400
    whole = quantised(Hashing().passages([passage(r) for r in rows]))
    assert np.array_equal(read_codes([held[digest(passage(r))] for r in rows]), whole)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    KeptVectors(tmp_path / "new" / "vectors.db", "hashing").close()
    assert (tmp_path / "new" / "vectors.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_rounding_moves_a_cosine_by_less_than_a_thousandth() -> None:
    exact = np.random.default_rng(0).standard_normal((200, 384)).astype(np.float32)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    rounded = units(quantised(exact))
    assert np.abs(rounded @ exact.T - exact @ exact.T).mean() < 0.001
    assert np.linalg.norm(rounded, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert not units(quantised(np.zeros((1, 4), dtype=np.float32))).any()


def test_a_passage_is_cut_between_characters_and_leaves_out_title_and_number() -> None:
    long = row("cn/a#1", "2000-01-01", None, "刑" * 2_000, heading="罪", title="T", label="L")
    assert passage(long) == "罪 " + "刑" * 332
    assert passage(ROWS[0]) == "The period of notice is four weeks."
