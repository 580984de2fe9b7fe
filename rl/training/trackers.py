"""Experiment trackers: the metrics of a run in TensorBoard, Weights & Biases or trackio too.

The journal of the run (``metrics.jsonl``) does not depend on them.
"""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback
from transformers.integrations import TensorBoardCallback, get_reporting_integration_callbacks

from rl.recipes.recipe import Recipe
from rl.recipes.toml_writer import dump
from rl.run.run_directory import Run

TENSORBOARD = "tensorboard"
"""Folder of the event files in a run directory."""


def trackers_of(recipe: Recipe, run: Run, done: int) -> list[TrainerCallback]:
    """Return the callbacks that send metrics to a recipe's trackers; call it in one process.

    Args:
        recipe: the recipe; ``train.report_to`` names the trackers.
        run: the run, whose name is that of the tracked run.
        done: optimiser steps done before this start; TensorBoard hides what an interrupted start
            logged after them.
    """
    others = [name for name in recipe.train.report_to if name != "tensorboard"]
    found: list[Any] = [kind() for kind in get_reporting_integration_callbacks(others)]
    if "tensorboard" in recipe.train.report_to:
        found.append(_tensorboard(recipe, run, done))
    return found


def _tensorboard(recipe: Recipe, run: Run, done: int) -> TrainerCallback:
    from torch.utils.tensorboard import SummaryWriter

    folder = str(run.folder / TENSORBOARD)
    writer = SummaryWriter(folder, purge_step=done + 1 if done else None)
    told = dump(recipe.model_dump(mode="json"))
    writer.add_text("recipe", f"```toml\n{told}\n```")
    return TensorBoardCallback(writer)
