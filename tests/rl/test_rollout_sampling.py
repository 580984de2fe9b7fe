"""Rollouts are sampled as the recipe says, and its pool is mixed in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("accelerate", reason="needs the extra train")

import rl.rollouts.rollout_sampling as sampling  # noqa: E402
from rl.recipes.load import read_recipe  # noqa: E402
from rl.rollouts.rollout import Rollout  # noqa: E402
from rl.run.progress import NoProgress  # noqa: E402
from rl.run.run_directory import Run  # noqa: E402
from tests.rl.conftest import a_question, a_rollout  # noqa: E402
from tests.rl.methods.test_teachers import foreign  # noqa: E402


def played(folder: Path, monkeypatch: pytest.MonkeyPatch, **rollout: Any) -> tuple[Any, list[Any]]:
    """Return what the sampler was given, and the rollouts of one group of four."""
    given: dict[str, Any] = {}

    def roll_out(_library: Any, policy: Any, questions: Any, **more: Any) -> list[Rollout]:
        given.update(policy=policy, **more)
        return [a_rollout(0, number) for number, _ in enumerate(questions)]

    monkeypatch.setattr(sampling, "roll_out", roll_out)
    monkeypatch.setattr(sampling, "read_pool", lambda _: foreign(0, 4))
    monkeypatch.setattr(sampling, "pool_file", lambda *_: Path("traces.jsonl"))
    recipe = read_recipe(
        {
            "name": "odd",
            "model": {"name": "m"},
            "rollout": {"temperature": 0.7, "turn_tokens": 33, "max_turns": 3, **rollout},
            "rewards": {"task": 1.0},
            "objective": {"weights": ["tis"]} if rollout else {},
            "train": {"rounds": 1, "questions": 1, "group_size": 4, "micro_batch": 4},
        },
        "odd.toml",
    )
    codec: Any = SimpleNamespace()
    library: Any = SimpleNamespace()
    play = sampling.rollout_sampler_of(recipe, Run(folder), library, codec, NoProgress())
    trainer = SimpleNamespace(accelerator=SimpleNamespace(unwrap_model=lambda model: model))
    trainer.model = torch.nn.Linear(1, 1)
    return given, play(trainer, [a_question(0)] * 4, 5)


def test_the_recipe_says_how_rollouts_are_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, rollouts = played(tmp_path, monkeypatch)
    assert given["policy"].sampling.temperature == 0.7
    assert given["policy"].sampling.max_tokens == 33
    assert given["limits"].max_turns == 3
    assert given["seed"] == 5
    assert all(one.own for one in rollouts)


def test_the_pool_of_a_recipe_is_mixed_in_by_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, rollouts = played(tmp_path, monkeypatch, pool="other", pool_share=0.5)
    assert [one.own for one in rollouts] == [True, True, False, False]
