"""A model card says what was trained and on what, and does not pass training metrics for scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rl.recipes.load import read_recipe
from rl.run.model_card import model_card, write_model_card
from rl.run.run_directory import Run, RunError
from tests.rl.conftest import a_question


def a_run(folder: Path, **model: Any) -> Run:
    recipe = read_recipe(
        {"name": "small", "about": "A run.", "model": model, "rewards": {"task": 1.0}}, "small.toml"
    )
    return Run.create(folder, recipe, [a_question(0)], "abcdef0123456789")


def front_matter(card: str) -> dict[str, Any]:
    _, head, _ = card.split("---\n", 2)
    found: dict[str, Any] = yaml.safe_load(head)
    return found


def test_the_card_of_an_adapter_names_its_base_and_how_it_is_served(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", name="org/base", lora={"rank": 4})
    (run.checkpoints / "checkpoint-20").mkdir(parents=True)
    for step in range(1, 21):
        row = {"step": step, "reward": step / 10, "rewards/task/mean": 0.5, "loss": 1.0}
        run.metrics.append([row])
    card = write_model_card(run).read_text(encoding="utf-8")
    assert front_matter(card)["base_model"] == "org/base"
    assert front_matter(card)["library_name"] == "peft"
    assert "INFORCE_POLICY=org/base+checkpoints/checkpoint-20 inforce serve" in card
    assert "| optimiser steps | 20 |" in card
    assert "| `reward` | 1.550 |" in card, "the mean of steps 11 to 20"
    assert "| `rewards/task/mean` | 0.500 |" in card
    assert "no\nevaluation" in card
    assert "abcdef012345" in card


def test_the_card_of_an_adapter_over_four_bits_says_so(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", name="org/base", lora={"rank": 4}, quantised="nf4")
    assert "| trained | a LoRA adapter of rank 4 over weights in 4 bits (NF4) |" in model_card(run)


def test_a_run_before_its_first_step_has_a_card_without_numbers(tmp_path: Path) -> None:
    card = model_card(a_run(tmp_path / "run", name="tiny"))
    assert "No step has been made yet." in card
    assert "base_model" not in front_matter(card)
    assert "all weights" in card


def test_no_run_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is no run at"):
        model_card(Run(tmp_path))
