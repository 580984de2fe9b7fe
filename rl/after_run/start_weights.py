"""The model of a run as it was after an optimiser step."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from safetensors.torch import load_file

from corpus.errors import BadInputError
from rl.after_run.opened_weights import save_weights
from rl.run.checkpoints import checkpoints, step_of
from rl.run.run_directory import Run
from rl.run.snapshots import snapshots
from rl.training.model_loading import load_model, reopened


def model_at(run: Run, step: int) -> Any:
    """Return the model after an optimiser step, from a checkpoint, a snapshot or the warm start.

    Raises:
        BadInputError: the run kept none of that step; names those that it kept.
    """
    recipe = run.recipe()
    kept = {step_of(path): path for path in checkpoints(run.checkpoints)}
    taken = snapshots(run.folder)
    if step in kept:
        return reopened(recipe.model, kept[step])
    if step == 0:
        start = run.warm_start
        return (
            reopened(recipe.model, start)
            if start.is_dir()
            else load_model(recipe.model, recipe.train.seed).model
        )
    if step not in taken:
        known = ", ".join(str(one) for one in sorted({0, *kept, *taken}))
        raise BadInputError(f"{run.name} kept no weights of step {step}; it kept those of {known}.")
    with TemporaryDirectory() as name:
        save_weights(recipe, load_file(taken[step]).items(), Path(name))
        return reopened(recipe.model, Path(name))


def last_step(run: Run) -> int:
    """Return the step of the newest checkpoint.

    Raises:
        BadInputError: the run has no checkpoint.
    """
    kept = checkpoints(run.checkpoints)
    if not kept:
        raise BadInputError(f"{run.name} has no checkpoint yet.")
    return step_of(kept[-1])
