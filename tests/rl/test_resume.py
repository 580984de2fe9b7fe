"""A run that was killed and goes on is the run that was never killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from rl.run.checkpoints import checkpoints  # noqa: E402
from rl.run.run_directory import Run  # noqa: E402

ROOT = Path(__file__).parents[2]
PLACES = (
    "within_a_round",
    "before_the_checkpoint_was_begun",
    "while_it_was_written",
    "disk_full",
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    asked = [sys.executable, "-W", "ignore", "-m", "tests.rl.forked", str(folder)]
    done = subprocess.run(
        asked,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def weights(run: Run) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(checkpoints(run.checkpoints)[-1] / "model.safetensors")


def optimiser(run: Run) -> list[Any]:
    path = checkpoints(run.checkpoints)[-1] / "optimizer.pt"
    state = torch.load(path, weights_only=True)["state"]
    return [state[key][name] for key in sorted(state) for name in ("exp_avg", "exp_avg_sq", "step")]


def noted(run: Run) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in run.metrics.rows()]


def asked(run: Run) -> list[tuple[int, str]]:
    return [(row["step"], row["question"]["id"]) for row in run.traces.rows()]


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_killed_run_goes_on_as_if_it_had_not_been(runs: Path, place: str) -> None:
    straight, killed = Run(runs / "straight"), Run(runs / place)
    assert [path.name for path in checkpoints(killed.checkpoints)] == ["checkpoint-10"]
    ours, theirs = weights(killed), weights(straight)
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert all(map(torch.equal, optimiser(killed), optimiser(straight)))
    assert asked(killed) == asked(straight)
    assert noted(killed) == noted(straight)
    assert [row["step"] for row in noted(killed)] == list(range(1, 11))


@pytest.mark.slow
def test_the_straight_run_learnt_something(runs: Path) -> None:
    rows = noted(Run(runs / "straight"))
    assert max(row["clip_ratio/region_mean"] for row in rows) > 0
    assert max(row.get("sampling/gap", 0.0) for row in rows) < 1e-4
    assert len({row["loss"] for row in rows}) == len(rows)
    start = json.loads((runs / "model/config.json").read_text())
    assert start["vocab_size"] == 48


@pytest.mark.slow
def test_nothing_of_a_checkpoint_that_was_never_finished_is_left(runs: Path) -> None:
    assert not (runs / "while_it_was_written/checkpoints/.draft").exists()


@pytest.mark.slow
def test_a_full_disk_is_said_in_one_sentence_and_keeps_the_last_checkpoint(runs: Path) -> None:
    said = json.loads((runs / "disk_full/said.json").read_text())
    assert said["left"] == ["checkpoint-4"]
    assert said["words"].startswith("The checkpoint checkpoint-6 could not be written (")
    assert said["words"].endswith("; the run can go on from checkpoint-4.")
    assert "\n" not in said["words"]
