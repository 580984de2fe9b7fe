"""``inforce bench rounds RUN``: training rounds with methods against plain GRPO.

The rounds of a run are repeated from its warm start with a learning rate near 0, so that the policy
hardly changes and every set of methods gets the same rollouts. Plain GRPO and a set are timed by
wall clock; which comes first alternates between repeats, since the second is slower.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from agent.library import Library
from corpus.errors import BadInputError, training_installed
from corpus.questions import Question
from eval.bench.methods import MethodCost
from rl.recipes.load import load_recipe, read_recipe
from rl.recipes.recipe import Recipe
from rl.run.run_directory import Run

WARMING = 2
"""First rounds of each run, which are not timed."""
APART = frozenset({"delta", "opd"})
"""Methods that need extra forward passes; measured separately."""
STILL = {"learning_rate": 1e-12, "epochs": 2, "minibatches": 1}
UNMIXED = {"pool": "none", "pool_share": 0.0}
"""Settings without a pool, if the run had none: the methods then act on the policy's own rollouts.
"""
SLOTS = ("channels", "post", "weights", "additives", "regularisers")


def bench(  # noqa: PLR0913
    run: Run,
    library: Library,
    questions: Sequence[Question],
    repeats: int,
    rounds: int,
    say: Callable[[str], None],
) -> list[MethodCost]:
    """Measure every set of methods.

    Args:
        run: the run whose recipe, warm start and questions are used.
        library: the library that it was trained on.
        questions: its training questions.
        repeats: number of measurements of each set, alternating with plain GRPO.
        rounds: timed rounds in each.
        say: called with each ratio.

    Raises:
        BadInputError: the run had no warm start, or PyTorch or TRL is missing.
    """
    if not run.warm_start.is_dir():
        raise BadInputError(f"{run.name} had no warm start, so its rounds cannot be made again.")
    ratios: dict[str, list[float]] = defaultdict(list)
    for repeat in range(repeats):
        for name, objective in _sets().items():
            took = {
                used: _seconds(
                    run, _still(run.recipe(), objective if used else {}, rounds), library, questions
                )
                for used in ((False, True) if repeat % 2 == 0 else (True, False))
            }
            ratio = took[True] / took[False]
            ratios[name].append(ratio)
            say(f"repeat {repeat + 1}, {name}: {ratio:.3f} of a round of plain GRPO")
    return [
        MethodCost(methods=name, ratio=median(found), least=min(found), greatest=max(found))
        for name, found in ratios.items()
    ]


def _sets() -> Mapping[str, Mapping[str, Any]]:
    """Return the objective of each set: plain GRPO, all but the separate methods, and all."""
    every = load_recipe("methods/all-ten").objective.model_dump(mode="json", exclude_none=True)
    own = {
        name: [one for one in value if one["kind"] not in APART] if name in SLOTS else value
        for name, value in every.items()
    }
    return {"none": {}, "all but delta and opd": own, "all": every}


def _still(recipe: Recipe, objective: Mapping[str, Any], rounds: int) -> Recipe:
    """Return the recipe with these methods and a learning rate near 0."""
    table = recipe.model_dump(mode="json", exclude_none=True)
    table["objective"] = objective
    if recipe.rollout.pool is None:
        table["rollout"] |= UNMIXED
    count = WARMING + rounds
    table["train"] |= {**STILL, "rounds": count, "checkpoint_every": count}
    return read_recipe(table, recipe.name)


def _seconds(run: Run, recipe: Recipe, library: Library, questions: Sequence[Question]) -> float:
    """Return the mean seconds of a round, rollouts and optimiser steps together."""
    from rl.run.progress import NoProgress

    with training_installed():
        from rl.training.assemble import train
    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as folder:
        again = Run.create(Path(folder) / "run", recipe, questions, library.corpus_hash)
        shutil.copytree(run.warm_start, again.warm_start)
        train(recipe, again, library, questions, NoProgress())
        rounds: dict[int, float] = defaultdict(float)
        for row in again.metrics.rows():
            rounds[row["round"]] += row["seconds"]["step_time"]
    return fmean(rounds[number] for number in sorted(rounds)[WARMING:])
