"""A curve in a tracker is the curve of the journal, also after a run was continued."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from rl.recipes.load import read_recipe  # noqa: E402
from rl.recipes.recipe import RecipeError  # noqa: E402
from rl.recipes.requirements import missing  # noqa: E402
from rl.run.run_directory import Run  # noqa: E402
from tests.rl.labelled import train  # noqa: E402


def rewards(run: Run) -> dict[int, float]:
    return {row["step"]: row["reward"] for row in run.metrics.rows()}


def in_tensorboard(folder: Path, tag: str) -> dict[int, float]:
    events = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard"
    )
    read = events.EventAccumulator(str(folder))
    read.Reload()
    return {event.step: event.value for event in read.Scalars(tag)}


def same(one: dict[int, float], other: dict[int, float]) -> bool:
    return one.keys() == other.keys() and all(
        math.isclose(one[step], other[step], abs_tol=1e-6) for step in one
    )


def test_tensorboard_holds_the_metrics_of_the_journal_and_the_recipe(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard")
    run = train(tmp_path / "run", None, report_to="tensorboard", rounds=3)
    assert len(rewards(run)) == 3
    assert same(in_tensorboard(run.folder / "tensorboard", "train/reward"), rewards(run))


def test_what_a_killed_run_logged_after_its_checkpoint_is_logged_once(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard")
    import shutil

    asked = {"report_to": "tensorboard", "rounds": 4, "checkpoint_every": 2}
    run = train(tmp_path / "run", None, **asked)
    shutil.rmtree(run.checkpoints / "checkpoint-4")  # as if it had been killed before it
    again = train(tmp_path / "run", None, **asked)
    assert list(rewards(again)) == [1, 2, 3, 4]
    assert same(in_tensorboard(run.folder / "tensorboard", "train/reward"), rewards(again))


def test_weights_and_biases_keeps_an_offline_run_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb", reason="needs wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    train(tmp_path / "named", None, report_to="wandb", rounds=1)
    wandb.finish()
    (kept,) = (tmp_path / "wandb").glob("offline-run-*/*.wandb")
    told = kept.read_bytes()
    assert b"train/reward" in told
    assert b"named" in told


def test_trackio_keeps_the_metrics_of_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    pytest.importorskip("trackio", reason="needs trackio")
    from trackio.sqlite_storage import SQLiteStorage

    monkeypatch.setattr("trackio.sqlite_storage.TRACKIO_DIR", tmp_path / "trackio")
    run = train(tmp_path / "named", None, report_to="trackio", rounds=2)
    (name,) = SQLiteStorage.get_runs("inforce")
    assert name == "named"
    kept = {
        row["train/global_step"]: row["train/reward"]
        for row in SQLiteStorage.get_logs("inforce", name)
        if "train/reward" in row
    }
    assert same(kept, rewards(run))


def test_a_tracker_that_is_not_installed_is_named_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl.recipes.requirements.find_spec", lambda _: None)
    recipe = read_recipe(
        {"name": "r", "rewards": {"task": 1.0}, "train": {"report_to": ["wandb"]}}, "r.toml"
    )
    assert missing(recipe, tmp_path) == [
        "train.report_to = 'wandb' needs its package: pip install 'inforce[train,wandb]'."
    ]
    with pytest.raises(RecipeError, match="report_to"):
        read_recipe(
            {"name": "r", "rewards": {"task": 1.0}, "train": {"report_to": "mlflow"}}, "r.toml"
        )
