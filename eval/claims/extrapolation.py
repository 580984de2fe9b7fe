"""RELEX in the laboratory: extrapolated weights beside the raw ones, their average and training on.

A run of :data:`ROUNDS` rounds keeps its weights after each. Lines are fitted to the first
:data:`SHARE` of them; the raw point is the end of that share, as if the run had stopped there.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from corpus.model import Frozen
from eval.claims.lab import Policy, score
from eval.claims.lab_runs import SELECTION, TEST, Trial, held_out, run, warmed
from eval.metrics import Score, bootstrap
from rl.after_run.relex.candidates import LAST, candidates
from rl.after_run.relex.explained import Fits, LineFit, fit_all
from rl.after_run.relex.trajectory import Trajectory
from rl.run.snapshots import snapshot_path
from rl.training.weight_snapshots import trained_weights, write_weights

ROUNDS, SHARE = 60, 0.15
FACTORS, DAMPING = (2.0, 5.0, 10.0, 20.0), (0.0, 0.25, 0.5, 1.0)
RAW = LAST
"""The last of the fitted snapshots; it is the first point, and wins ties."""


class PointScores(Frozen):
    """A point over all seeds; intervals are 95 %, from resampled seeds.

    Attributes:
        right: exact probability of a right answer on held-out works.
        gained: its difference from the raw point of the same seed.
        best: number of seeds in which the guard chose it.
    """

    right: Score
    gained: Score
    best: int


class Extrapolations(Frozen):
    """What extrapolating the laboratory's runs gives.

    Attributes:
        rounds: rounds of a run.
        fitted: rounds that lines were fitted to.
        first: share of the squared change that the first component explains.
        walk_first: the same share of a random walk.
        held_out_r2: R2 of the lines on the later rounds.
        points: scores by point; ``trained-N`` is training on for N rounds, ``guard`` what it wrote.
        written: point that the guard wrote, for each seed.
        worse_on_selection: seeds in which that is worse than the raw point on the selection split.
        worse_on_test: the same on the test split.
    """

    rounds: int
    fitted: int
    first: Score
    walk_first: float
    held_out_r2: Score
    points: dict[str, PointScores]
    written: tuple[str, ...]
    worse_on_selection: int
    worse_on_test: int


@dataclass(frozen=True)
class _Extrapolated:
    """One seed: the fit, and the accuracy of each point on both splits."""

    fit: LineFit
    selection: Mapping[str, float]
    test: Mapping[str, float]

    @property
    def written(self) -> str:
        """Return the point that the guard writes."""
        points = [name for name in self.selection if not name.startswith("trained-")]
        return max(points, key=self.selection.__getitem__)


def extrapolations(seeds: Iterable[int], say: Callable[[str], None]) -> Extrapolations:
    """Run every seed and return the scores over all of them."""
    found = []
    for seed in seeds:
        say(f"seed {seed}")
        with TemporaryDirectory() as folder:
            found.append(_extrapolated(seed, Path(folder)))
    return _together(found)


def _extrapolated(seed: int, folder: Path) -> _Extrapolated:
    def keep(number: int, policy: Policy) -> None:
        write_weights(snapshot_path(folder, number), trained_weights(policy))

    run(Trial(name="relex", rounds=ROUNDS), seed, keep)
    fitted = round(SHARE * ROUNDS) + 1
    files = {number: snapshot_path(folder, number) for number in range(ROUNDS + 1)}
    with Trajectory(files) as trajectory:
        fits = fit_all(trajectory, fitted)
        policies = _policies(fits, trajectory, seed)
    start = warmed(seed)
    splits = {split: held_out(split, seed) for split in (SELECTION, TEST)}
    accuracy = {
        split: {name: score(one, asked, start).accuracy for name, one in policies.items()}
        for split, asked in splits.items()
    }
    return _Extrapolated(fits.together, accuracy[SELECTION], accuracy[TEST])


def _policies(fits: Fits, trajectory: Trajectory, seed: int) -> dict[str, Policy]:
    """Return the policy of every point, the raw one first, and of training on."""
    points = {one.name: one for one in candidates(fits, FACTORS, DAMPING)}
    order = dict.fromkeys([RAW, *points])
    made = {name: _policy(dict(points[name].tensors(trajectory)), seed) for name in order}
    later = (2 * fits.steps[-1], 5 * fits.steps[-1], ROUNDS)
    for number in later:
        one_hot = torch.zeros(len(trajectory.steps) - 1, dtype=torch.float64)
        one_hot[number - 1] = 1.0
        weights = {name: trajectory.weighted(name, one_hot) for name in trajectory.shapes}
        made[f"trained-{number}"] = _policy(weights, seed)
    return made


def _policy(weights: Mapping[str, torch.Tensor], seed: int) -> Policy:
    policy = copy.deepcopy(warmed(seed))
    policy.load_state_dict(dict(weights), strict=False)
    return policy


def _together(found: list[_Extrapolated]) -> Extrapolations:
    points = {
        name: PointScores(
            right=_over_seeds([one.test[name] for one in found]),
            gained=_over_seeds([one.test[name] - one.test[RAW] for one in found]),
            best=sum(one.written == name for one in found),
        )
        for name in found[0].test
    }
    guarded = [(one.test[one.written], one.test[RAW]) for one in found]
    points["guard"] = PointScores(
        right=_over_seeds([value for value, _ in guarded]),
        gained=_over_seeds([value - raw for value, raw in guarded]),
        best=len(found),
    )
    return Extrapolations(
        rounds=ROUNDS,
        fitted=round(SHARE * ROUNDS),
        first=_over_seeds([one.fit.first or 0.0 for one in found]),
        walk_first=found[0].fit.walk_first,
        held_out_r2=_over_seeds([one.fit.held_out_r2 or 0.0 for one in found]),
        points=points,
        written=tuple(one.written for one in found),
        worse_on_selection=sum(one.selection[one.written] < one.selection[RAW] for one in found),
        worse_on_test=sum(one.test[one.written] < one.test[RAW] for one in found),
    )


def _over_seeds(values: list[float]) -> Score:
    return bootstrap([[value] for value in values], seed=0)
