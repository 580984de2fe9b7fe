"""The verbs of training, and what they say where something is missing. Needs no torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.errors import InForceError
from inforce import app
from rl.recipes.load import load_recipe, read_recipe
from rl.recipes.recipe import RecipeError
from rl.recipes.requirements import check_requirements
from rl.rewards.outcome import Outcome
from rl.rewards.scored_trace import ScoredTrace
from rl.run.run_directory import Run
from tests.house.test_rooms import ROOT, TORCH
from tests.rl.conftest import a_question, a_trace


def say(*arguments: str) -> str:
    found = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for number, rounds in ((1, 2), (2, 3)):
        table = {"name": "r", "rewards": {"task": 1.0}, "train": {"rounds": rounds}}
        recipe = read_recipe(table, "r.toml")
        run = Run.create(tmp_path / f"r-s0-{number}", recipe, [a_question(1)], "c" * 64)
        run.metrics.append(
            [
                {"step": 1, "reward": 0.25, "entropy": 2.0, "seconds": {}},
                {"step": 2, "reward": None, "entropy": 1.5, "seconds": {}},
            ]
        )
        question = a_question(1)
        stored = ScoredTrace(
            step=0,
            question=question,
            trace=a_trace(question),
            rewards={"task": 0.875},
            outcome=Outcome.ABSTAINED,
        )
        run.traces.append([stored.model_dump(mode="json")])
    return tmp_path


def without_torch(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``inforce train`` where importing torch, or what stands on it, fails."""
    block = f"import sys; sys.modules.update(dict.fromkeys({sorted(TORCH)!r}))"
    run = f"import inforce; sys.argv = ['inforce', 'train', *{list(arguments)!r}]; inforce.main()"
    return subprocess.run(
        [sys.executable, "-c", f"{block}; {run}"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


def test_a_dry_run_of_seven_billion_parameters_needs_neither_torch_nor_weights() -> None:
    done = without_torch("qwen2.5-7b-grpo", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "7,615.6 M parameters" in done.stdout
    assert "8 processes" in done.stdout


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("objective.clip=nrs", "field 'objective.clip': 'nrs' is no method; here fit nsr, ppo."),
        ("objective.weights={kind='delta', low=-1}", "'objective.weights.0.low' of delta: Input"),
        ("objective.clip=nsr", "nsr has no effect while each rollout is trained on once"),
        ("train.micro_batch=7", "which is not a multiple of train.micro_batch = 7"),
    ],
)
def test_a_dry_run_without_torch_refuses_what_training_would(setting: str, words: str) -> None:
    done = without_torch("tiny-grpo", "--dry-run", "--set", setting)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_dry_run_as_json_holds_the_whole_recipe() -> None:
    found = json.loads(say("train", "qwen2.5-7b-grpo", "--dry-run", "--json"))
    assert found["recipe"]["train"]["processes"] == 8
    assert found["batch"]["rollouts"] == 512
    assert found["memory"]["parameters"] == 7_615_616_512


def test_training_without_torch_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "accelerate", None)
    for name in [
        name
        for name in sys.modules
        if name.startswith(("rl.training.launch", "rl.training.assemble"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(InForceError, match=r"pip install 'inforce\[train\]'") as said:
        say("train", "tiny-grpo", "--runs", str(tmp_path))
    assert "\n" not in str(said.value)
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_tells_what_is_missing_here(tmp_path: Path) -> None:
    colocated = ("--set", "rollout.sampler=colocated", "--set", "train.device=cuda")
    plan = ("train", "methods/ftis", *colocated, "--dry-run", "--runs", str(tmp_path))
    text = " ".join(say(*plan).split())
    assert "Missing here: There is no pool of rollouts at tiny-grpo-s0-1" in text
    found = json.loads(say(*plan, "--json"))["missing"]
    assert any("'colocated' needs vLLM in the environment that trains" in one for one in found)
    (tmp_path / "tiny-grpo-s0-1").mkdir()
    (tmp_path / "tiny-grpo-s0-1/traces.jsonl").write_text("")
    assert "no pool" not in say(*plan)


def test_what_is_missing_refuses_a_run(tmp_path: Path) -> None:
    recipe = load_recipe("methods/ftis")
    with pytest.raises(RecipeError, match="There is no pool of rollouts at tiny-grpo-s0-1"):
        check_requirements(recipe, tmp_path)
    check_requirements(load_recipe("tiny-grpo"), tmp_path)


def test_an_unknown_setting_is_refused_on_the_command_line() -> None:
    with pytest.raises(RecipeError, match="there is no such setting; did you mean 'rounds'"):
        say("train", "tiny-grpo", "--set", "train.round=3", "--dry-run")


def test_runs_are_listed_shown_and_compared(home: Path, tmp_path: Path) -> None:
    listed = [
        json.loads(line) for line in say("runs", "list", "--runs", str(home), "--json").splitlines()
    ]
    assert [(one["run"], one["step"], one["reward"]) for one in listed] == [
        ("r-s0-1", 2, 0.25),
        ("r-s0-2", 2, 0.25),
    ]
    assert "step 2 of 4" in say("runs", "list", "--runs", str(home))
    shown = json.loads(say("runs", "show", "r-s0-1", "--runs", str(home), "--json"))
    assert shown["metrics"]["entropy"] == 1.5
    assert "report.html" in say("runs", "show", "r-s0-1", "--runs", str(home))
    page = tmp_path / "two.html"
    names = ("r-s0-1", "r-s0-2")
    both = say("runs", "compare", *names, "--runs", str(home), "--to", str(page), "--json")
    assert json.loads(both)["recipe"] == {"train.rounds": [2, 3]}
    assert page.read_text().count("<polyline") == 4
    assert "train.rounds" in say("runs", "compare", *names, "--runs", str(home))


def test_a_run_is_scored_again_and_a_changed_reward_is_told(home: Path) -> None:
    found = json.loads(say("rescore", "r-s0-1", "--runs", str(home), "--json"))
    assert found["traces"] == 1
    assert found["channels"]["task"]["changed"] + found["channels"]["task"]["lost"] == 1
    assert "1 rollouts, 0 void" in say("rescore", "r-s0-1", "--runs", str(home))
