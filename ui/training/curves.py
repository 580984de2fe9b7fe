"""Which metrics of a run are drawn together, and how far the run is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corpus.model import Frozen
from rl.recipes.budget import batch_budget
from rl.run.report import points
from rl.run.run_directory import Run

Rows = Sequence[Mapping[str, Any]]

GROUPS: Mapping[str, tuple[str, ...]] = {
    "rewards": ("reward", "rewards/", "frac_reward_zero_std", "advantage/"),
    "behaviour": ("outcome/", "dated", "calls", "searches", "turns", "completions/mean_length"),
    "optimisation": (
        "loss",
        "grad_norm",
        "entropy",
        "clip_ratio/region_mean",
        "kl",
        "learning_rate",
    ),
    "states": ("states/",),
    "faults": ("void", "unscored", "sampling/gap"),
}
"""Groups, and the names or beginnings of names (with ``/``) of their metrics."""


class Standing(Frozen):
    """How far a run is.

    Attributes:
        name: name of the run.
        recipe: name of its recipe.
        step: optimiser steps done.
        steps: optimiser steps of the whole run.
        seconds: seconds of a step, mean of the newest ten; ``None`` before the first.
    """

    name: str
    recipe: str
    step: int
    steps: int
    seconds: float | None

    @property
    def going_on(self) -> bool:
        """Return whether the run has steps left."""
        return self.step < self.steps


def standing(run: Run, rows: Rows) -> Standing:
    """Return how far a run is.

    Raises:
        RunError: there is no run.
        RecipeError: its recipe cannot be read.
    """
    recipe = run.recipe()
    times = [row["seconds"]["step_time"] for row in rows[-10:] if row.get("seconds")]
    return Standing(
        name=run.name,
        recipe=recipe.name,
        step=rows[-1]["step"] if rows else 0,
        steps=batch_budget(recipe.train).steps,
        seconds=sum(times) / len(times) if times else None,
    )


def metrics_of(group: str, runs: Mapping[str, Rows]) -> list[str]:
    """Return the metrics of a group that at least one run has, in the order of the group."""
    found = sorted({name for rows in runs.values() for row in rows for name in row})
    wanted = GROUPS[group]
    order = [
        name
        for start in wanted
        for name in found
        if name == start or (start.endswith("/") and name.startswith(start))
    ]
    return [name for name in order if any(points(rows, name) for rows in runs.values())]
