"""``inforce bench rounds RUN``: training rounds with methods against plain GRPO.

The rounds of a run are made again from its warm start, with a learning rate of next to nothing, so
that the policy stays where it is: every set of methods is given the very same rollouts. Plain GRPO
and a set are timed by the clock, each first in every other repeat, since the second is slower.
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
"""Rounds of each run that are not counted."""
APART = frozenset({"delta", "opd"})
"""Methods that read what a step has not, and are told apart."""
STILL = {"learning_rate": 1e-12, "epochs": 2, "minibatches": 1}
UNMIXED = {"pool": "none", "pool_share": 0.0}
"""Where the run had no pool: methods for foreign rollouts are measured on the policy's own."""
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
        run: whose recipe, start and questions are used.
        library: that it was trained on.
        questions: that it may ask.
        repeats: times that each set is measured beside plain GRPO.
        rounds: counted in each.
        say: told each ratio.

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
    """Return objectives by their names: nothing, all but what is told apart, and all."""
    every = load_recipe("methods/all-ten").objective.model_dump(mode="json", exclude_none=True)
    own = {
        name: [one for one in value if one["kind"] not in APART] if name in SLOTS else value
        for name, value in every.items()
    }
    return {"none": {}, "all but delta and opd": own, "all": every}


def _still(recipe: Recipe, objective: Mapping[str, Any], rounds: int) -> Recipe:
    """Return the recipe with these methods and a policy that does not move."""
    table = recipe.model_dump(mode="json", exclude_none=True)
    table["objective"] = objective
    if recipe.rollout.pool is None:
        table["rollout"] |= UNMIXED
    count = WARMING + rounds
    table["train"] |= {**STILL, "rounds": count, "checkpoint_every": count}
    return read_recipe(table, recipe.name)


def _seconds(run: Run, recipe: Recipe, library: Library, questions: Sequence[Question]) -> float:
    """Return the mean seconds of a round, rollouts and steps."""
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
