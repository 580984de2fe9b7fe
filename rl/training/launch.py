"""Launch a training run: processes, corpus and run directory."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from accelerate import PartialState
from accelerate.utils import broadcast_object_list

from corpus.console import errors
from corpus.questions import Question
from rl.questions.training_questions import open_library, questions_of
from rl.recipes.recipe import Recipe, RecipeError
from rl.recipes.requirements import check_requirements
from rl.run.progress import NoProgress, ProgressBar, ProgressWatcher
from rl.run.run_directory import Run, new_folder, resumable, runs_home
from rl.training.assemble import train


def start(recipe: Recipe, home: Path | None = None, *, resume: bool = False) -> Run:
    """Train a recipe, in a new run or by resuming its newest run; return the run.

    Every process that ``accelerate launch`` started calls it; the first one writes.

    Raises:
        RecipeError: the number of processes differs, a requirement is missing, or no question is
            left.
        RunError: there is no run to resume, or the directory cannot be written.
        InForceError: as :func:`rl.training.assemble.train`.
    """
    crew = PartialState(cpu=recipe.train.device == "cpu")
    check_processes(recipe, crew.num_processes)
    where = home or runs_home()
    check_requirements(recipe, where)
    check_device(recipe, crew.device.type)
    with ExitStack() as undo:
        with crew.main_process_first():
            library = undo.enter_context(open_library(recipe.data))
        questions = questions_of(recipe.data, library)
        run = _run(recipe, where, questions, library.corpus_hash, crew, resume=resume)
        watch: ProgressWatcher = (
            ProgressBar(errors, run.name) if crew.is_main_process else NoProgress()
        )
        undo.callback(watch.close)
        train(recipe, run, library, questions, watch)
    return run


def check_processes(recipe: Recipe, started: int) -> None:
    """Check that as many processes were started as the recipe says.

    Raises:
        RecipeError: the two differ.
    """
    wanted = recipe.train.processes
    if wanted != started:
        raise RecipeError(
            f"train.processes is {wanted}, but {started} started; use accelerate launch"
            f" --num_processes {wanted} -m inforce train {recipe.name}, or set it to {started}."
        )


def check_device(recipe: Recipe, device: str) -> None:
    """Check that a sampler that needs a GPU has one in this process.

    Raises:
        RecipeError: it has none.
    """
    if recipe.rollout.sampler == "colocated" and device != "cuda":
        raise RecipeError(
            "rollout.sampler = 'colocated' runs vLLM on the trainer's GPU, but this process trains"
            f" on {device}."
        )


def _run(  # noqa: PLR0913
    recipe: Recipe,
    where: Path,
    questions: list[Question],
    corpus_hash: str,
    crew: PartialState,
    *,
    resume: bool,
) -> Run:
    """Create or find the run directory in the first process, and tell the others."""
    folder = [""]
    if crew.is_main_process:
        if resume:
            run = resumable(recipe, where)
        else:
            run = Run.create(new_folder(recipe, where), recipe, questions, corpus_hash)
        folder = [str(run.folder)]
    return Run(Path(broadcast_object_list(folder)[0]))
