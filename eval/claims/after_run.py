"""``python -m eval.claims.after_run RUN...``: RELEX and G2D on finished runs of the legal agent.

Each run must have kept a snapshot of every optimiser step (``snapshots.every=1``,
``snapshots.share=1``), one step a round. Lines are fitted to the first :data:`SHARE` of its steps,
as if it had stopped there, and every point answers the questions of both splits; for G2D the run is
cut after K steps and one pass of DPO follows. Beside each stands *training on*: the run's own
weights as many steps later as fit into the processor time that the method took, the time of a step
being measured in the same process. Scores are journalled: an interrupted run is continued.

Example::

    python -m eval.claims.after_run tiny-grpo-s0-1 tiny-grpo-s1-1 --journal after.jsonl
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import Field

from agent.library import Library
from corpus.console import errors, out
from corpus.errors import training_installed
from corpus.model import Frozen
from corpus.questions import Question, Split
from eval.bench.rounds import processor_seconds
from eval.claims.plot import curves
from eval.claims.report import points
from eval.claims.verdict import paired
from rl.after_run.g2d.pairs import pairs_of
from rl.journal import Journal
from rl.questions.training_questions import held_out, open_library, questions_of
from rl.rewards.scored_trace import read_scored
from rl.run.run_directory import Run, find_run, runs_home

with training_installed("RELEX and G2D"):
    from rl.after_run.g2d.distil import entropy_until, preference_of
    from rl.after_run.g2d.dpo import prefer
    from rl.after_run.opened_weights import save_weights
    from rl.after_run.relex.candidates import LAST, Candidate, candidates
    from rl.after_run.relex.explained import LineFit, fit_all
    from rl.after_run.relex.extrapolate import RAW
    from rl.after_run.relex.trajectory import Trajectory, fitted_snapshots
    from rl.after_run.start_weights import last_step, model_at
    from rl.rollouts.greedy import answers, share_right
    from rl.training.model_loading import load_model, reopened
    from rl.training.quiet import quiet_libraries

SHARE = 0.15
FACTORS, DAMPING = (2.0, 5.0, 10.0, 20.0), (0.25, 0.5, 1.0)
CUTS = (0, 5, 10, 20)
"""Steps after which G2D takes over; the last step of the run is added."""
RELEX, G2D, GUARD, STEP = "relex", "g2d", "guard", "seconds of a step"


class Point(Frozen):
    """One point of one run: share right of both splits, and the seconds it took to make.

    Attributes:
        run: name of the run.
        part: ``relex``, or ``g2d K``.
        name: name of the point.
        selection: share right on the selection split, ``None`` where it chooses nothing.
        test: share right on the test split.
        steps: optimiser steps of the run that the point has seen.
        seconds: processor seconds that the method took beyond these steps, ``None`` for a control.
        facts: figures of the method.
    """

    run: str
    part: str
    name: str
    selection: float | None
    test: float
    steps: int
    seconds: float | None = None
    facts: dict[str, float | None] = Field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """A finished run, with the questions of both splits."""

    run: Run
    library: Library
    asked: dict[Split, list[Question]]
    journal: Journal
    say: Callable[[str], None]

    @cached_property
    def known(self) -> dict[tuple[str, str], Point]:
        """Return the journalled points of this run."""
        points = [Point.model_validate(row) for row in self.journal.rows()]
        return {(one.part, one.name): one for one in points if one.run == self.run.name}

    def relex(self) -> None:
        """Score every point of an extrapolation from the first :data:`SHARE` of the steps."""
        until = round(SHARE * self.run.recipe().train.rounds)
        fitted, later = fitted_snapshots(self.run, until)
        with Trajectory({**fitted, **later}) as trajectory:
            fits = fit_all(trajectory, len(fitted))
            for point in _raw_first(candidates(fits, FACTORS, DAMPING)):
                if (RELEX, point.name) not in self.known:
                    self._point(point, trajectory, until, fits.together)
        made = [one for one in self.known.values() if one.part == RELEX]
        self._trained_on(RELEX, until, sum(one.seconds or 0.0 for one in made))
        self._score_last()

    def _point(
        self, point: Candidate, trajectory: Trajectory, until: int, together: LineFit
    ) -> None:
        """Score a point; its seconds are those that making and choosing it take."""
        clock = time.process_time()
        model = self._opened(point, trajectory)
        selection = self._right(model, "selection")
        took = time.process_time() - clock
        facts = self._facts(together) if point.name == LAST else {}
        self._score(RELEX, point.name, model, until, selection, took, facts)

    def g2d(self, until: int) -> None:
        """Score one pass of DPO from the weights after a number of steps, and its control."""
        part = f"{G2D} {until}"
        if (part, "stopped") not in self.known:
            self._score(part, "stopped", model_at(self.run, until), until)
        if (part, "pass") not in self.known:
            self._passed(part, until)
        passed = self.known.get((part, "pass"))
        if passed is not None:
            self._trained_on(part, until, passed.seconds or 0.0)

    def _passed(self, part: str, until: int) -> None:
        wanted = preference_of(self.run, until, None)
        clock = time.process_time()
        rollouts = (one for one in read_scored(self.run.traces.path) if one.step <= until)
        pairs, tally = pairs_of(rollouts, wanted.pairs, {})
        if not pairs:
            self.say(f"{self.run.name}, {part}: no usable pair")
            return
        model = model_at(self.run, until)
        with tempfile.TemporaryDirectory() as folder:
            curve = prefer(model, self._student.tokenizer, pairs, wanted.dpo, Path(folder))
        took = time.process_time() - clock
        facts = {
            "pairs": float(tally.pairs),
            "pass rate": tally.pass_rate,
            "entropy": entropy_until(self.run, until),
            "last loss": curve.last_loss,
        }
        self._score(part, "pass", model, until, seconds=took, facts=facts)

    def _facts(self, fit: LineFit) -> dict[str, float | None]:
        """Return how well the lines fit, and the processor seconds of one of the run's rounds."""
        self.say(f"{self.run.name}: the time of a step")
        asked = questions_of(self.run.recipe().data, self.library)
        return {
            "first component": fit.first,
            "random walk": fit.walk_first,
            "held-out R2": fit.held_out_r2,
            STEP: processor_seconds(self.run, self.library, asked),
        }

    def _trained_on(self, part: str, until: int, seconds: float) -> None:
        """Score the run as many steps later as fit into the seconds, at most at its end."""
        step = self.known[RELEX, LAST].facts[STEP]
        assert step is not None
        steps = min(last_step(self.run), until + round(seconds / step))
        if (part, "training on") not in self.known:
            self._score(part, "training on", model_at(self.run, steps), steps)

    def _score_last(self) -> None:
        if (RELEX, RAW) not in self.known:
            last = last_step(self.run)
            model = model_at(self.run, last)
            self._score(RELEX, RAW, model, last, self._right(model, "selection"))

    def _score(  # noqa: PLR0913
        self,
        part: str,
        name: str,
        model: Any,
        steps: int,
        selection: float | None = None,
        seconds: float | None = None,
        facts: dict[str, float | None] | None = None,
    ) -> None:
        self.say(f"{self.run.name}, {part}, {name}")
        self._keep(
            Point(
                run=self.run.name,
                part=part,
                name=name,
                selection=selection,
                test=self._right(model, "test"),
                steps=steps,
                seconds=seconds,
                facts=facts or {},
            )
        )

    def _right(self, model: Any, split: Split) -> float:
        recipe, asked = self.run.recipe(), self.asked[split]
        return share_right(answers(recipe, self.library, self._student.codec, model, asked))

    def _keep(self, point: Point) -> None:
        self.journal.append([point.model_dump(mode="json")])
        self.known[point.part, point.name] = point

    def _opened(self, point: Candidate, trajectory: Trajectory) -> Any:
        recipe = self.run.recipe()
        with tempfile.TemporaryDirectory() as folder:
            save_weights(recipe, point.tensors(trajectory), Path(folder))
            return reopened(recipe.model, Path(folder))

    @cached_property
    def _student(self) -> Any:
        recipe = self.run.recipe()
        return load_model(recipe.model, recipe.train.seed)


def _raw_first(points: Sequence[Candidate]) -> list[Candidate]:
    return sorted(points, key=lambda one: one.name != LAST)


def table(points: Sequence[Point], part: str, base: str) -> Iterator[str]:
    """Yield the rows of a Markdown table: each point's share right on the test split, over runs.

    Args:
        points: the points of all runs.
        part: the part.
        base: the point that the others are compared with, run by run.
    """
    own = [one for one in points if one.part == part]
    plain = {one.run: one.test for one in own if one.name == base}
    yield "| point | steps | selection, % | test, % | against the base, points |"
    yield "| --- | --- | --- | --- | --- |"
    for name in dict.fromkeys(one.name for one in own):
        of = [one for one in own if one.name == name]
        shown = [one.selection for one in of if one.selection is not None]
        beside = [one for one in of if one.run in plain]
        gained = gain([one.test for one in beside], [plain[one.run] for one in beside])
        yield (
            f"| {name} | {', '.join(str(one.steps) for one in of)} |"
            f" {f'{100 * fmean(shown):.1f}' if shown else ''} |"
            f" {100 * fmean(one.test for one in of):.1f} | {gained} |"
        )


def chosen(points: Sequence[Point], *, stopped: bool) -> Iterator[Point]:
    """Yield for each run the point that the guard writes.

    Args:
        points: the points of all runs.
        stopped: as if the run had ended at the last fitted step; otherwise its last checkpoint is
            a point too.
    """
    first = LAST if stopped else RAW
    for run in dict.fromkeys(one.run for one in points):
        own = [p for p in points if p.run == run and p.part == RELEX and p.selection is not None]
        kept = [p for p in own if not (stopped and p.name == RAW)]
        ordered = sorted(kept, key=lambda p: p.name != first)
        yield max(ordered, key=lambda p: p.selection or 0.0).model_copy(update={"name": GUARD})


def gain(own: Sequence[float], base: Sequence[float]) -> str:
    """Return the difference of shares in points, paired by run; without interval for one run."""
    if not own:
        return ""
    if len(own) == 1:
        return f"{100 * (own[0] - base[0]):+.1f}"
    return points(paired(own, base))


def picture(points: Sequence[Point]) -> str:
    """Return an SVG: mean share right on the test split against the factor, a line per damping."""
    own = [one for one in points if one.part == RELEX]

    def level(name: str) -> float:
        return 100 * fmean(one.test for one in own if one.name == name)

    lines = {
        f"damping {damping:g}": [
            (1.0, level(LAST)),
            *((factor, level(f"{factor:g}x-{damping:g}")) for factor in FACTORS),
        ]
        for damping in DAMPING
    }
    flat = {"where the fit ends": LAST, "start": "start", "training on": "training on"}
    flat["end of the run"] = RAW
    across = (1.0, FACTORS[-1])
    for label, name in flat.items():
        lines[label] = [(x, level(name)) for x in across]
    return curves("Held-out questions answered right, %", "times the steps:", lines)


def main() -> None:
    """Measure the runs that the command line names, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+", help="runs, by name or folder")
    parser.add_argument("--journal", type=Path, required=True, help="file of the scores")
    parser.add_argument(
        "--parts", nargs="+", choices=(RELEX, G2D), default=(RELEX, G2D), help="default: both"
    )
    parser.add_argument("--selection", type=int, default=100, help="about so many questions")
    parser.add_argument("--test", type=int, default=200, help="about so many questions")
    parser.add_argument("--plot", type=Path, help="write a picture of the extrapolated points")
    given = parser.parse_args()
    quiet_libraries()
    journal = Journal(given.journal)
    journal.cut_unfinished()
    for name in given.runs:
        run = find_run(name, runs_home())
        recipe = run.recipe()
        with open_library(recipe.data) as library:
            asked: dict[Split, list[Question]] = {
                "selection": held_out(recipe, library, given.selection, split="selection"),
                "test": held_out(recipe, library, given.test, split="test"),
            }
            measured = Measured(run, library, asked, journal, errors.print)
            measured.relex()
            cuts = dict.fromkeys((*CUTS, last_step(run))) if G2D in given.parts else ()
            for until in cuts:
                measured.g2d(until)
    found = [Point.model_validate(row) for row in journal.rows()]
    _show(found)
    if given.plot is not None:
        given.plot.write_text(picture(found), encoding="utf-8")


def _show(points: Sequence[Point]) -> None:
    parts = dict.fromkeys(one.part for one in points)
    for part in parts:
        out.print(f"\n{part}", markup=False)
        for row in table(points, part, LAST if part == RELEX else "training on"):
            out.print(row, markup=False, soft_wrap=True)
    for stopped in (True, False):
        written = list(chosen(points, stopped=stopped))
        plain = {p.run: p for p in points if p.name == (LAST if stopped else RAW)}
        gained = gain([one.test for one in written], [plain[one.run].test for one in written])
        worse = sum((o.selection or 0) < (plain[o.run].selection or 0) for o in written)
        what = "stopped" if stopped else "whole run"
        out.print(f"guard, {what}: {gained}; worse on selection: {worse}", markup=False)


if __name__ == "__main__":
    main()
