"""A damaged checkpoint must not be trained on, nor hide an older one that is whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra train")

from rl.run.checkpoints import (
    DIGESTS,
    SEAL,
    TrainingFault,
    checkpoints,
    damaged_file,
    drafted,
    newest_whole,
)


def seal(folder: Path) -> None:
    (folder / SEAL).write_text("{}", encoding="utf-8")


def saved(home: Path, step: int) -> Path:
    name = f"checkpoint-{step}"
    with drafted(home, name, first=True, seal=seal) as draft:
        (draft / name / "sub").mkdir(parents=True)
        (draft / name / "model.safetensors").write_bytes(b"weights" * step)
        (draft / name / "sub" / "optimizer.pt").write_bytes(b"moments" * step)
    return home / name


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for step in (10, 20):
        saved(tmp_path / "run" / "checkpoints", step)
    return tmp_path / "run" / "checkpoints"


def test_whole_checkpoints_are_taken_newest_first(home: Path) -> None:
    assert newest_whole(home) == (home / "checkpoint-20", ())
    assert newest_whole(home / "none") == (None, ())


@pytest.mark.parametrize("name", ["model.safetensors", "sub/optimizer.pt"])
@pytest.mark.parametrize("how", ["cut short", "a bit flipped", "missing"])
def test_an_older_whole_checkpoint_stands_in_for_a_damaged_one(
    home: Path, name: str, how: str
) -> None:
    file = home / "checkpoint-20" / name
    content = file.read_bytes()
    match how:
        case "cut short":
            file.write_bytes(content[:-1])
        case "a bit flipped":
            file.write_bytes(bytes([content[0] ^ 1, *content[1:]]))
        case _:
            file.unlink()
    assert newest_whole(home) == (home / "checkpoint-10", (f"checkpoint-20 is damaged ({name})",))


def test_a_list_of_digests_that_is_damaged_itself_is_named(home: Path) -> None:
    (home / "checkpoint-20" / DIGESTS).write_text("{", encoding="utf-8")
    assert damaged_file(home / "checkpoint-20") == DIGESTS


def test_where_every_checkpoint_is_damaged_nothing_is_begun_again_in_silence(home: Path) -> None:
    for one in checkpoints(home):
        (one / "model.safetensors").unlink()
    with pytest.raises(TrainingFault, match=r"checkpoint-20 .*; checkpoint-10 .*Remove them"):
        newest_whole(home)


def test_checkpoints_of_earlier_versions_have_no_digests_and_count_as_whole(home: Path) -> None:
    (home / "checkpoint-20" / DIGESTS).unlink()
    assert newest_whole(home) == (home / "checkpoint-20", ())


def test_the_lengths_of_the_journals_are_written_last(home: Path) -> None:
    listed = json.loads((home / "checkpoint-10" / DIGESTS).read_text(encoding="utf-8"))
    assert set(listed) == {"model.safetensors", "sub/optimizer.pt"}
