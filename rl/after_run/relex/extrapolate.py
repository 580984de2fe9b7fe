"""``inforce after relex``: extrapolate a run's weights and write the best point that was found."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.library import Library
from corpus.model import Frozen
from corpus.questions import Question
from rl.after_run.guard import Scored, best, opened_folder, score_each
from rl.after_run.opened_weights import save_weights
from rl.after_run.relex.candidates import LAST, Candidate, candidates
from rl.after_run.relex.explained import Fits, LineFit, fit_all
from rl.after_run.relex.trajectory import Trajectory, fitted_snapshots
from rl.questions.training_questions import held_out
from rl.recipes.recipe import Recipe
from rl.rollouts.greedy import answers, share_right
from rl.run.checkpoints import checkpoints, step_of
from rl.run.run_directory import Run, check_corpus
from rl.training.model_loading import load_model, reopened, whole
from rl.training.quiet import quiet_libraries

RAW = "raw-last-checkpoint"
WRITTEN, REPORT = "model", "relex.json"

Say = Callable[[str], None]


class Extrapolation(Frozen):
    """How far to extrapolate, and how it is judged.

    ``at`` are multiples of the last fitted step, ``damping`` factors of the coefficient; ``until``
    is the last optimiser step whose snapshot is fitted, ``limit`` about the number of questions of
    the selection split.
    """

    at: tuple[float, ...] = (2.0, 5.0, 10.0, 20.0)
    damping: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0)
    until: int | None = None
    limit: int | None = 150


class Setting(Frozen):
    """Everything that the scores in a folder depend on."""

    extrapolation: Extrapolation
    steps: tuple[int, ...]
    checkpoint: str | None
    corpus_hash: str


class RelexReport(Frozen):
    """What an extrapolation found.

    Attributes:
        run: name of the run.
        fitted: optimiser steps of the snapshots that the lines were fitted to, after the start.
        held_out: optimiser steps of the snapshots that R2 was measured on.
        together: how well the changes of all tensors lie on their lines.
        tensors: the same for each tensor.
        candidates: the points with their scores on the selection split; the raw one is first.
        written: name of the point that was written.
        folder: where it was written; it opens as a policy.
    """

    run: str
    fitted: tuple[int, ...]
    held_out: tuple[int, ...]
    together: LineFit
    tensors: dict[str, LineFit]
    candidates: tuple[Scored, ...]
    written: str
    folder: str


def extrapolate(
    run: Run, library: Library, wanted: Extrapolation, folder: Path, say: Say = lambda _: None
) -> RelexReport:
    """Fit, extrapolate, score on the selection split, and write the best point.

    Args:
        run: a run that kept snapshots.
        library: the library that it was trained on.
        wanted: how far to extrapolate.
        folder: where the results go; an interrupted comparison in it is continued.
        say: called with progress messages.

    Raises:
        ExtrapolationError: there are too few snapshots, they do not fit each other, or a weight is
            not finite.
        BadInputError: the folder holds other results.
        RunError: the result cannot be written.
    """
    quiet_libraries()
    recipe = run.recipe()
    check_corpus(run, library.corpus_hash)
    fitted, later = fitted_snapshots(run, wanted.until)
    last = _last(run)
    with run.held(), Trajectory({**fitted, **later}) as trajectory:
        fits = fit_all(trajectory, len(fitted))
        points = candidates(fits, wanted.at, wanted.damping)
        setting = Setting(
            extrapolation=wanted,
            steps=trajectory.steps,
            checkpoint=None if last is None else last.name,
            corpus_hash=library.corpus_hash,
        )
        opened_folder(folder, setting)
        questions = held_out(recipe, library, wanted.limit, split="selection")
        guarded = _Guarded(run, recipe, library, questions, trajectory, folder, say)
        return guarded.report(fits, points)


@dataclass(frozen=True)
class _Guarded:
    """The points of one extrapolation, scored and written."""

    run: Run
    recipe: Recipe
    library: Library
    questions: Sequence[Question]
    trajectory: Trajectory
    folder: Path
    say: Say

    def report(self, fits: Fits, points: Sequence[Candidate]) -> RelexReport:
        by_name = {point.name: point for point in points}
        raw = [RAW] if _last(self.run) else [LAST]
        names = dict.fromkeys([*raw, *by_name])
        scored = score_each(names, self.folder, lambda name: self._score(by_name.get(name), name))
        written = best(scored).name
        if not (self.folder / WRITTEN).is_dir():
            with whole(self.folder / WRITTEN) as draft:
                self._save(by_name.get(written), draft)
        found = RelexReport(
            run=self.run.name,
            fitted=fits.steps,
            held_out=fits.held_out,
            together=fits.together,
            tensors=dict(fits.tensors),
            candidates=tuple(scored),
            written=written,
            folder=str(self.folder / WRITTEN),
        )
        text = found.model_dump_json(indent=1) + "\n"
        (self.folder / REPORT).write_text(text, encoding="utf-8")
        return found

    def _score(self, point: Candidate | None, name: str) -> Scored:
        """Score a point in the form in which it would be written."""
        self.say(f"{self.run.name}, {name}: {len(self.questions)} questions")
        draft = self.folder / ".candidate"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            self._save(point, draft)
            model = reopened(self.recipe.model, draft)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        found = answers(self.recipe, self.library, self._codec(), model, self.questions)
        return Scored(name=name, right=share_right(found), questions=len(found))

    def _save(self, point: Candidate | None, draft: Path) -> None:
        """Write a point; ``None`` is the run's last checkpoint."""
        if point is not None:
            save_weights(self.recipe, point.tensors(self.trajectory), draft)
            return
        last = _last(self.run)
        assert last is not None
        reopened(self.recipe.model, last).save_pretrained(draft)
        load_model(self.recipe.model, self.recipe.train.seed).tokenizer.save_pretrained(draft)

    def _codec(self) -> Any:
        return load_model(self.recipe.model, self.recipe.train.seed).codec


def _last(run: Run) -> Path | None:
    return max(checkpoints(run.checkpoints), key=step_of, default=None)
