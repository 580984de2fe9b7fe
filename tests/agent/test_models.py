from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.model import app
from agent.models import catalogue as models
from agent.models import prepare as preparing
from agent.models.catalogue import (
    MANIFEST,
    Advance,
    ModelError,
    find_model,
    manifest_of,
    models_home,
    open_location,
)
from agent.models.prepare import damaged_files, prepare
from corpus.errors import StoreError
from corpus.locking import file_lock

Writer = Callable[[str, Path, Advance], str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the making of weights; returns the names of the models made."""
    made: list[str] = []

    def write(name: str, folder: Path, advance: Advance) -> str:
        made.append(name)
        (folder / "config.json").write_text("{}", encoding="utf-8")
        (folder / "model.safetensors").write_bytes(b"weights" * 100)
        return "a test"

    monkeypatch.setattr(preparing, "_write", write)
    return made


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def write(name: str, folder: Path, advance: Advance) -> str:
        (folder / "model.safetensors").write_bytes(b"half")
        raise error

    monkeypatch.setattr(preparing, "_write", write)


def test_a_model_that_is_not_prepared_names_the_verb_that_prepares_it() -> None:
    with pytest.raises(ModelError, match="run `inforce model prepare tiny`"):
        open_location("tiny")


def test_preparing_twice_makes_it_once(written: list[str], home: Path) -> None:
    spec = prepare("tiny")
    assert prepare("tiny") == spec
    assert written == ["tiny"]
    assert open_location("tiny") == str(home / "models" / "tiny")
    manifest = manifest_of(spec)
    assert manifest is not None
    assert sorted(manifest.files) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize("damage", ["flip", "cut", "delete"])
def test_a_damaged_file_is_found_and_the_model_made_anew(written: list[str], damage: str) -> None:
    spec = prepare("tiny")
    file = Path(spec.location) / "model.safetensors"
    whole = file.read_bytes()
    if damage == "delete":
        file.unlink()
    else:
        file.write_bytes(whole[:-1] + (b"\0" if damage == "flip" else b""))
    assert damaged_files(spec) == ["model.safetensors"]
    prepare("tiny")
    assert file.read_bytes() == whole
    assert written == ["tiny", "tiny"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ModelError("no"), OSError(28, "disk full")])
def test_a_preparation_that_fails_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, home: Path, error: BaseException
) -> None:
    failing(monkeypatch, error)
    with pytest.raises((KeyboardInterrupt, ModelError)):
        prepare("tiny")
    assert [path.name for path in (home / "models").iterdir()] == ["tiny.lock"]
    assert manifest_of(find_model("tiny")) is None


def test_a_failed_repair_keeps_what_was_there(
    written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = prepare("tiny")
    monkeypatch.setitem(models.RECIPES, "tiny", 99)
    failing(monkeypatch, ModelError("no"))
    with pytest.raises(ModelError):
        prepare("tiny")
    assert (Path(spec.location) / MANIFEST).is_file()


def test_what_a_killed_process_left_is_swept(written: list[str], home: Path) -> None:
    rest = home / "models" / ".tiny.draft"
    rest.mkdir(parents=True)
    (rest / "model.safetensors").write_bytes(b"half")
    prepare("tiny")
    assert sorted(path.name for path in (home / "models").iterdir()) == ["tiny", "tiny.lock"]


def test_too_small_a_disk_is_refused_before_anything_is_written(
    written: list[str], monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setitem(models.SPACE, "tiny", 1 << 60)
    with pytest.raises(ModelError, match=r"tiny takes 1152921504\.61 GB of disk, and .* has only"):
        prepare("tiny")
    assert written == []
    assert [path.name for path in (home / "models").iterdir()] == ["tiny.lock"]


def test_every_model_has_a_recipe_and_a_need_of_space() -> None:
    names = [spec.name for spec in models.known_models()]
    assert list(models.RECIPES) == list(models.SPACE) == names


def test_another_recipe_is_not_taken_for_this_one(
    written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = prepare("tiny")
    monkeypatch.setitem(models.RECIPES, "tiny", 99)
    assert manifest_of(spec) is None


def test_two_processes_do_not_prepare_at_once(written: list[str]) -> None:
    models_home().mkdir(parents=True)
    with file_lock(models_home() / "tiny.lock"), pytest.raises(StoreError, match=r"tiny\.lock"):
        prepare("tiny")
    assert written == []


def test_a_folder_and_a_hub_id_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}", encoding="utf-8")
    assert open_location(str(tmp_path / "mine")) == str(tmp_path / "mine")
    assert open_location("owner/model") == "owner/model"
    assert prepare("owner/model").location == "owner/model"


@pytest.mark.parametrize("name", ["smollm3", "/nowhere/at/all", "./here", "a/b/c", ""])
def test_what_is_no_model_is_told_what_would_be(name: str) -> None:
    with pytest.raises(ModelError, match=r"give smollm2, .*tiny, a folder with a config\.json"):
        find_model(name)


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "agent.models.weights", raising=False)
    with pytest.raises(ModelError, match=r"torch is not installed: pip install 'inforce\[train\]'"):
        prepare("tiny")


def test_verbs_list_and_prepare(written: list[str]) -> None:
    run = CliRunner()
    before = run.invoke(app, ["model", "list"])
    assert "not prepared: inforce model prepare smollm2" in before.output
    assert run.invoke(app, ["model", "prepare", "tiny"]).exit_code == 0
    after = run.invoke(app, ["model", "list", "--json"]).output.splitlines()
    assert ['"ready": true' in line for line in after] == [False, False, True]
