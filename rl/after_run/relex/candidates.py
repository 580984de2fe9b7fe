"""The candidates of an extrapolation: weighted sums of the fitted snapshots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rl.after_run.relex.explained import Fits
from rl.after_run.relex.trajectory import ExtrapolationError, Trajectory

START, LAST, AVERAGE, BEMA = "start", "last-snapshot", "average", "bema"
DECAY = 0.8
"""Decay per snapshot of the exponential moving average."""
LAG, AVERAGE_POWER, BIAS_POWER = 10.0, 0.5, 0.2
"""Defaults of TRL's ``BEMACallback``: rho, kappa and eta of arXiv 2508.00180."""


@dataclass(frozen=True)
class Candidate:
    """A point that may be written: weights of the fitted snapshots after the first, by tensor."""

    name: str
    weights: Mapping[str, Tensor]

    def tensors(self, trajectory: Trajectory) -> Iterator[tuple[str, Tensor]]:
        """Yield each tensor of the point, float32; one is in memory at a time.

        Raises:
            ExtrapolationError: a weight is not finite.
        """
        for name, weights in self.weights.items():
            yield name, trajectory.weighted(name, weights)


def candidates(fits: Fits, factors: Sequence[float], damping: Sequence[float]) -> list[Candidate]:
    """Return the start, the last snapshot, both moving averages and the extrapolations.

    Args:
        fits: the lines.
        factors: how far to extrapolate, in multiples of the last fitted step.
        damping: factors of the coefficient; 0 gives the start, which is listed once.

    Raises:
        ExtrapolationError: a factor or a damping is not a finite number of at least 0.
    """
    for value in (*factors, *damping):
        if not 0.0 <= value < float("inf"):
            raise ExtrapolationError(f"{value:g} is no factor: give a number of at least 0.")
    count, last = len(fits.steps), fits.steps[-1]
    same = {
        START: torch.zeros(count),
        LAST: _one_hot(count),
        AVERAGE: averaging(count),
        BEMA: bias_corrected(fits.steps),
    }
    found = [Candidate(name, dict.fromkeys(fits.lines, row)) for name, row in same.items()]
    for factor in dict.fromkeys(factors):
        for share in dict.fromkeys(one for one in damping if one > 0.0):
            rows = {name: line.weights(factor * last, share) for name, line in fits.lines.items()}
            found.append(Candidate(f"{factor:g}x-{share:g}", rows))
    return [Candidate(one.name, {n: w.double() for n, w in one.weights.items()}) for one in found]


def averaging(count: int, decay: float = DECAY) -> Tensor:
    """Return the weights of an exponential moving average over the start and ``count`` snapshots.

    The start has the rest of the weight, ``decay ** count``.
    """
    ages = torch.arange(count - 1, -1, -1, dtype=torch.float64)
    return (1.0 - decay) * decay**ages


def bias_corrected(steps: Sequence[int]) -> Tensor:
    """Return the weights of the bias-corrected moving average (BEMA, arXiv 2508.00180).

    The average starts at the first weights, and takes in a snapshot of step ``t`` with weight
    ``(LAG + t) ** -AVERAGE_POWER``; to it is added the whole change so far, times
    ``(LAG + T) ** -BIAS_POWER`` at the last step ``T``.

    Args:
        steps: optimiser steps of the snapshots after the start, ascending.
    """
    weights = torch.zeros(len(steps), dtype=torch.float64)
    for place, step in enumerate(steps):
        taken = (LAG + step) ** -AVERAGE_POWER
        weights *= 1.0 - taken
        weights[place] = taken
    weights[-1] += (LAG + steps[-1]) ** -BIAS_POWER
    return weights


def _one_hot(count: int) -> Tensor:
    return torch.nn.functional.one_hot(torch.tensor(count - 1), count).double()
