"""Runs the arms of a claim and holds the method against its best control.

Runs are kept in a journal, so that a table can be made again, or carried on, without the runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean

from pydantic import Field

from corpus.model import Frozen
from eval.claims.rows import Metric, Row
from eval.claims.verdict import Effect, collapsed, paired
from rl.lab import Score
from rl.lab_runs import Curve, Result, Trial, gradient_noise, run

Told = Callable[[str], None]


class Arm(Frozen):
    """How an arm ended on the test works, mean over seeds, and how often it collapsed."""

    name: str
    role: str
    accuracy: float
    abstention: float
    anachronism: float
    retained: float
    entropy: float
    divergence: float
    clipped: float
    gap: float
    collapsed: int
    curve_entropy: tuple[float, ...]
    curve_accuracy: tuple[float, ...]
    curve_agreement: tuple[float, ...]


class Finding(Frozen):
    """One claim tested: each arm of the method against the control that was chosen."""

    method: str
    claimed: str
    published: str
    metric: Metric
    control: str
    effects: dict[str, Effect]
    arms: tuple[Arm, ...]
    noise: dict[str, float] = Field(default_factory=dict)


class Journal:
    """Finished runs by what they were, one JSON line each."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Result] = {}
        if path is not None and path.exists():
            self._known = dict(_read(path))

    def result(self, trial: Trial, seed: int) -> Result:
        """Return a run's result, running it if it is not known."""
        key = _key(trial, seed)
        if key not in self._known:
            self._known[key] = run(trial, seed)
            if self._path is not None:
                line = json.dumps({"key": key, **asdict(self._known[key])})
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
        return self._known[key]


def _key(trial: Trial, seed: int) -> str:
    told = trial.model_dump(exclude_defaults=True, exclude={"name"})
    return json.dumps([trial.name, told, seed], sort_keys=True)


def _read(path: Path) -> Iterator[tuple[str, Result]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        kept = json.loads(line)
        scores = {name: Score(**kept[name]) for name in ("start", "selection", "test")}
        yield kept["key"], Result(**scores, retained=kept["retained"], curve=Curve(**kept["curve"]))


def tested(row: Row, seeds: Sequence[int], journal: Journal, told: Told) -> Finding:
    """Run every arm with every seed and compare.

    Raises:
        ValueError: fewer than two seeds.
    """
    found: dict[str, list[Result]] = {}
    for trial in row.trials:
        told(f"{row.method}: {trial.name}")
        found[trial.name] = [journal.result(trial, seed) for seed in seeds]
    control = _matched(row, found) if row.matched else _best(row, found)
    held = [_metric(one, row.metric) for one in found[control]]
    effects = {
        trial.name: paired([_metric(one, row.metric) for one in found[trial.name]], held)
        for trial in row.arms
    }
    arms = tuple(
        _arm(trial.name, role, found[trial.name])
        for role, trials in (
            ("method", row.arms),
            ("control", row.controls),
            ("reference", row.references),
        )
        for trial in trials
    )
    return Finding(
        method=row.method,
        claimed=row.claimed,
        published=row.published,
        metric=row.metric,
        control=control,
        effects=effects,
        arms=arms,
        noise=_noise(row, seeds) if row.method == "lampo" else {},
    )


def _metric(result: Result, metric: Metric, split: str = "test") -> float:
    if metric == "retained":
        return result.retained
    return float(getattr(getattr(result, split), metric))


def _best(row: Row, found: dict[str, list[Result]]) -> str:
    """Return the control that did best on the selection works."""

    def mean(trial: Trial) -> float:
        return fmean(_metric(one, row.metric, "selection") for one in found[trial.name])

    return max(row.controls, key=mean).name


def _matched(row: Row, found: dict[str, list[Result]]) -> str:
    """Return the control that ended as far from the start as the method."""

    def distance(trial: Trial) -> float:
        return fmean(one.selection.divergence for one in found[trial.name])

    wanted = distance(row.arms[0])
    return min(row.controls, key=lambda trial: abs(distance(trial) - wanted)).name


def _noise(row: Row, seeds: Sequence[int]) -> dict[str, float]:
    """Return each estimator's gradient variance over its squared mean, at the start."""
    return {
        trial.name: fmean(gradient_noise(trial, seed) for seed in seeds) for trial in row.trials
    }


def _arm(name: str, role: str, results: Sequence[Result]) -> Arm:
    tests, curves = [one.test for one in results], [one.curve for one in results]
    last = [
        fmean(c.agreement[-10:]) - fmean(c.accuracy[-10:]) if c.accuracy else 0.0 for c in curves
    ]
    return Arm(
        name=name,
        role=role,
        accuracy=fmean(one.accuracy for one in tests),
        abstention=fmean(one.abstention for one in tests),
        anachronism=fmean(one.anachronism for one in tests),
        retained=fmean(one.retained for one in results),
        entropy=fmean(one.entropy for one in tests),
        divergence=fmean(one.divergence for one in tests),
        clipped=fmean(fmean(c.clipped) if c.clipped else 0.0 for c in curves),
        gap=fmean(last),
        collapsed=sum(collapsed(c.entropy, c.accuracy) for c in curves),
        curve_entropy=_mean_curve([c.entropy for c in curves]),
        curve_accuracy=_mean_curve([c.accuracy for c in curves]),
        curve_agreement=_mean_curve([c.agreement for c in curves]),
    )


def _mean_curve(curves: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(fmean(values) for values in zip(*curves, strict=True))
