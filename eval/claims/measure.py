"""Run the arms of a claim and compare the method with its best control.

Runs are kept in a journal, so that results can be computed again or continued.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import Field

from corpus.model import Frozen
from eval.claims.claim_specs import ClaimSpec, Metric
from eval.claims.lab import Score
from eval.claims.lab_runs import Curve, Result
from eval.claims.label_curve import LabelNeed, label_needs
from eval.claims.verdict import Effect, collapsed, paired

ReportProgress = Callable[[str], None]
Play = Callable[[Any, int], Result]
"""Runs an arm with a seed."""
Noise = Callable[[Any, int], float]
"""Returns the variance of an arm's gradient over its squared mean, with a seed."""


class Arm(Frozen):
    """Scores of an arm on the test works, mean over seeds, and the number of collapsed runs.

    Attributes:
        name: name of the arm.
        role: method, control or reference.
        accuracy: share of right answers.
        abstention: F1 of abstaining.
        anachronism: share of answers from a version not in force.
        retained: accuracy on the second skill; null if not measured.
        consistency: temporal consistency of the drafts; null if not measured.
        dated: share of first dated calls with the governing date; null if not measured.
        entropy: entropy of the first token, in nats.
        divergence: KL divergence from the start, in nats.
        clipped: share of tokens whose clip was active.
        gap: agreement minus accuracy.
        collapsed: number of collapsed runs.
        curve_entropy: entropy by round.
        curve_accuracy: accuracy by round.
        curve_agreement: agreement by round.
    """

    name: str
    role: str
    accuracy: float
    abstention: float
    anachronism: float
    retained: float | None
    consistency: float | None
    dated: float | None
    entropy: float
    divergence: float
    clipped: float
    gap: float
    collapsed: int
    curve_entropy: tuple[float, ...]
    curve_accuracy: tuple[float, ...]
    curve_agreement: tuple[float, ...]


class Finding(Frozen):
    """One tested claim: each arm of the method against the chosen control.

    Attributes:
        method: name of the method.
        claimed: the claim.
        published: status of the publication.
        metric: the measure that is compared.
        control: the chosen control.
        effects: method minus control, by arm of the method.
        arms: the scores of every arm.
        noise: gradient variance over its squared mean, by arm.
        labels: labels that each arm needs, where the arms choose them.
    """

    method: str
    claimed: str
    published: str
    metric: Metric
    control: str
    effects: dict[str, Effect]
    arms: tuple[Arm, ...]
    noise: dict[str, float] = Field(default_factory=dict)
    labels: dict[str, LabelNeed] = Field(default_factory=dict)


class Journal:
    """Finished runs, one JSON line each, found by their settings; a missing run is executed.

    Several processes may share a file: it is read again before each run.
    """

    def __init__(self, path: Path | None, play: Play) -> None:
        self._path, self._play = path, play
        self._known: dict[str, Result] = {}

    def result(self, trial: Any, seed: int) -> Result:
        """Return a run's result, running it if the journal does not hold it."""
        key = _key(trial, seed)
        if key not in self._known and self._path is not None and self._path.exists():
            self._known = dict(_read(self._path))
        if key not in self._known:
            self._known[key] = self._play(trial, seed)
            if self._path is not None:
                line = json.dumps({"key": key, **asdict(self._known[key])})
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(f"\n{line}\n" if _unfinished(self._path) else f"{line}\n")
        return self._known[key]


def _key(trial: Any, seed: int) -> str:
    told = trial.model_dump(exclude_defaults=True, exclude={"name"})
    return json.dumps([trial.name, told, seed], sort_keys=True)


def _unfinished(path: Path) -> bool:
    """Return whether the last line is incomplete."""
    return path.read_bytes()[-1:] not in {b"", b"\n"}


def _read(path: Path) -> Iterator[tuple[str, Result]]:
    """Yield the runs of a journal; an unfinished last line is skipped."""
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            kept = json.loads(line)
        except ValueError:
            continue
        scores = {name: Score(**kept[name]) for name in ("start", "selection", "test")}
        yield kept["key"], Result(**scores, curve=Curve(**kept["curve"]), retained=kept["retained"])


def tested(
    row: ClaimSpec[Any],
    seeds: Sequence[int],
    journal: Journal,
    told: ReportProgress,
    noise: Noise | None,
) -> Finding:
    """Run every arm with every seed and compare; all arms of a seed before the next seed.

    Args:
        row: the claim.
        seeds: seeds of every arm.
        journal: runs arms, or returns stored results.
        told: called with progress messages.
        noise: measures each arm's gradient noise at the start; ``None``: not measured.

    Raises:
        ValueError: fewer than two seeds.
    """
    found: dict[str, list[Result]] = {trial.name: [] for trial in row.trials}
    for seed in seeds:
        for trial in row.trials:
            told(f"{row.method}: {trial.name}, seed {seed}")
            found[trial.name].append(journal.result(trial, seed))
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
        noise=_noise(row, seeds, noise) if noise and row.method == "lampo" else {},
        labels=label_needs(found),
    )


def _metric(result: Result, metric: Metric, split: str = "test") -> float:
    if metric == "retained":
        if result.retained is None:
            raise ValueError("no other skill was measured, so none can be said to be retained")
        return result.retained
    return float(getattr(getattr(result, split), metric))


def _best(row: ClaimSpec[Any], found: dict[str, list[Result]]) -> str:
    """Return the control with the best score on the selection works."""

    def mean(trial: Any) -> float:
        return fmean(_metric(one, row.metric, "selection") for one in found[trial.name])

    return str(max(row.controls, key=mean).name)


def _matched(row: ClaimSpec[Any], found: dict[str, list[Result]]) -> str:
    """Return the control that ended as far from the start as the method."""

    def distance(trial: Any) -> float:
        return fmean(one.selection.divergence for one in found[trial.name])

    wanted = distance(row.arms[0])
    return str(min(row.controls, key=lambda trial: abs(distance(trial) - wanted)).name)


def _noise(row: ClaimSpec[Any], seeds: Sequence[int], noise: Noise) -> dict[str, float]:
    """Return each estimator's gradient variance over its squared mean, at the start."""
    return {trial.name: fmean(noise(trial, seed) for seed in seeds) for trial in row.trials}


def _arm(name: str, role: str, results: Sequence[Result]) -> Arm:
    tests, curves = [one.test for one in results], [one.curve for one in results]
    kept = [one.retained for one in results if one.retained is not None]
    last = [
        fmean(c.agreement[-10:]) - fmean(c.accuracy[-10:]) if c.accuracy else 0.0 for c in curves
    ]
    return Arm(
        name=name,
        role=role,
        accuracy=fmean(one.accuracy for one in tests),
        abstention=fmean(one.abstention for one in tests),
        anachronism=fmean(one.anachronism for one in tests),
        retained=fmean(kept) if kept else None,
        consistency=_mean_measured([one.consistency for one in tests]),
        dated=_mean_measured([one.dated for one in tests]),
        entropy=fmean(one.entropy for one in tests),
        divergence=fmean(one.divergence for one in tests),
        clipped=fmean(fmean(c.clipped) if c.clipped else 0.0 for c in curves),
        gap=fmean(last),
        collapsed=sum(collapsed(c.entropy, c.accuracy) for c in curves),
        curve_entropy=_mean_curve([c.entropy for c in curves]),
        curve_accuracy=_mean_curve([c.accuracy for c in curves]),
        curve_agreement=_mean_curve([c.agreement for c in curves]),
    )


def _mean_measured(values: Sequence[float | None]) -> float | None:
    """Return the mean; ``None`` unless every run has the measure."""
    found = [value for value in values if value is not None]
    return fmean(found) if found and len(found) == len(values) else None


def _mean_curve(curves: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(fmean(values) for values in zip(*curves, strict=True))
