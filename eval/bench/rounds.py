"""``inforce bench rounds RUN``: training rounds with methods against plain GRPO.

The rounds of a run are repeated from its warm start with a learning rate near 0, so that the policy
hardly changes and every set of methods gets the same rollouts. Plain GRPO and a set are timed by
wall clock; which comes first alternates between repeats, since the second is slower.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean, median
from typing import Any

from agent.library import Library
from corpus.errors import BadInputError, training_installed
from corpus.questions import Question
from eval.bench.methods import MethodCost
from rl.recipes.load import load_recipe, read_recipe
from rl.recipes.recipe import Recipe
from rl.run.progress import NoProgress
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


def processor_seconds(
    run: Run, library: Library, questions: Sequence[Question], rounds: int = 6
) -> float:
    """Return the processor seconds of one of the run's own rounds, from its warm start.

    Rollouts count. The run must take one optimiser step a round.
    """
    table = run.recipe().model_dump(mode="json", exclude={"snapshots"}, exclude_none=True)
    count = WARMING + rounds
    table["train"] |= {"rounds": count, "checkpoint_every": count}
    clock = _Clock()
    with _repeated(run, read_recipe(table, run.name), library, questions, clock):
        return (clock.at[-1] - clock.at[WARMING - 1]) / rounds


class _Clock(NoProgress):
    """Notes the processor time after each step."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def stepped(self, *_: object) -> None:
        """Note the time."""
        self.at.append(time.process_time())


def _seconds(run: Run, recipe: Recipe, library: Library, questions: Sequence[Question]) -> float:
    """Return the mean seconds of a round, rollouts and optimiser steps together."""
    rounds: dict[int, float] = defaultdict(float)
    with _repeated(run, recipe, library, questions) as again:
        for row in again.metrics.rows():
            rounds[row["round"]] += row["seconds"]["step_time"]
    return fmean(rounds[number] for number in sorted(rounds)[WARMING:])


@contextmanager
def _repeated(
    run: Run,
    recipe: Recipe,
    library: Library,
    questions: Sequence[Question],
    watch: NoProgress = NoProgress(),  # noqa: B008 - has no state
) -> Iterator[Run]:
    """Train a recipe from a run's warm start, in a temporary folder."""
    with training_installed():
        from rl.training.assemble import train
    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as folder:
        again = Run.create(Path(folder) / "run", recipe, questions, library.corpus_hash)
        shutil.copytree(run.warm_start, again.warm_start)
        train(recipe, again, library, questions, watch)
        yield again
