"""A line through the snapshots of one weight tensor.

Paper: arXiv 2605.21468 (RELEX). With the changes ``D (T, numel)`` of ``T`` snapshots from the first
one, at optimiser steps ``s (T,)``::

    G = D D'            u, lambda = its first eigenvector and eigenvalue, sigma = sqrt(lambda)
    v = D' u / sigma    c = D v = sigma u
    c_t ~ a s_t + b     by least squares
    W(s) = W_0 + damping (a s + b) v = W_0 + sum_t w_t D_t    w_t = damping (a s + b) u_t / sigma

Everything follows from the Gram matrix ``G (T, T)``, so no tensor of the size of the weights is
needed to fit, and an extrapolation is a weighted sum of snapshots.

Limitations: changes that are summed up step by step lie near one direction even if each is random:
the first component of a random walk explains 0.81 of it where the tensor is large. Shares are
therefore reported beside those of a random walk (:func:`random_walk_shares`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

FEWEST = 2
"""Fewest snapshots after the first to which a line is fitted."""
LARGE = 4096
"""Elements from which on a random walk's shares are those of infinitely many."""
WALKS = 64
"""Random walks that the shares of a smaller tensor are averaged over."""
_NOTHING = 1e-30
_ROUNDING = 1e-20


@dataclass(frozen=True)
class Line:
    """The fitted line of one tensor.

    Attributes:
        pull: ``u / sigma`` ``(T,)``, float64: the weights of the snapshots in one unit of ``v``; 0
            where the tensor did not change.
        slope: change of the coefficient per optimiser step.
        intercept: coefficient at step 0.
        eigenvalues: of the Gram matrix, largest first, ``(T,)``.
    """

    pull: Tensor
    slope: float
    intercept: float
    eigenvalues: Tensor

    def weights(self, target: float, damping: float) -> Tensor:
        """Return the weights of the snapshots ``(T,)`` for the tensor at step ``target``."""
        return damping * (self.slope * target + self.intercept) * self.pull


def fit_line(gram_T_T: Tensor, steps: Sequence[int]) -> Line:
    """Fit a line to the changes of one tensor.

    Args:
        gram_T_T: inner products of the changes, float64.
        steps: optimiser step of each change.

    Raises:
        ValueError: there are fewer than :data:`FEWEST` changes, or steps than rows.
    """
    if len(steps) < FEWEST or gram_T_T.shape != (len(steps), len(steps)):
        raise ValueError(f"a line needs at least {FEWEST} changes, and a step for each")
    values, vectors = torch.linalg.eigh(gram_T_T)
    order = values.flip(0).clamp(min=0.0)
    top = float(order[0])
    if top <= _NOTHING:
        return Line(torch.zeros_like(order), 0.0, 0.0, order)
    first, sigma = vectors[:, -1], top**0.5
    slope, intercept = _least_squares(torch.tensor(steps, dtype=torch.float64), sigma * first)
    return Line(first / sigma, slope, intercept, order)


def held_out_errors(line: Line, cross_H_T: Tensor, steps: Sequence[int]) -> tuple[float, float]:
    """Return the squared errors of the line on later changes, and their variance.

    Args:
        line: the line fitted to ``T`` changes.
        cross_H_T: inner products of ``H`` later changes with the fitted ones.
        steps: optimiser steps of the later changes.

    Returns:
        ``sum (c - predicted)^2`` and ``sum (c - mean c)^2``; R2 is 1 minus their ratio. Both are 0
        where the coefficients do not vary.
    """
    found = cross_H_T @ line.pull
    predicted = line.slope * torch.tensor(steps, dtype=torch.float64) + line.intercept
    varied = float((found - found.mean()).square().sum())
    if varied <= _ROUNDING * float(found.square().sum()):
        return 0.0, 0.0
    return float((found - predicted).square().sum()), varied


def shares(eigenvalues: Tensor) -> tuple[float, float] | None:
    """Return the shares of the first and of the first two components; ``None`` without change."""
    total = float(eigenvalues.sum())
    if total <= _NOTHING:
        return None
    return float(eigenvalues[0]) / total, float(eigenvalues[:2].sum()) / total


@lru_cache(1024)
def random_walk_shares(steps: tuple[int, ...], elements: int, seed: int = 0) -> tuple[float, float]:
    """Return the shares that a random walk of the same steps has, on average.

    For many elements the Gram matrix is ``min(s_i, s_j)``; for fewer than :data:`LARGE` the shares
    are averaged over :data:`WALKS` walks drawn from ``seed``.
    """
    if elements >= LARGE:
        at = torch.tensor(steps, dtype=torch.float64)
        return _shares_of(torch.minimum(at.unsqueeze(0), at.unsqueeze(1)))
    chance = torch.Generator().manual_seed(seed)
    gaps = torch.tensor(steps, dtype=torch.float64).diff(prepend=torch.zeros(1)).sqrt()
    found = torch.zeros(2, dtype=torch.float64)
    for _ in range(WALKS):
        drawn = torch.randn(len(steps), elements, generator=chance, dtype=torch.float64)
        walk = (drawn * gaps.unsqueeze(1)).cumsum(0)
        found += torch.tensor(_shares_of(walk @ walk.T))
    return float(found[0]) / WALKS, float(found[1]) / WALKS


def _shares_of(gram_T_T: Tensor) -> tuple[float, float]:
    values = torch.linalg.eigvalsh(gram_T_T).flip(0)
    return float(values[0] / values.sum()), float(values[:2].sum() / values.sum())


def _least_squares(x_T: Tensor, y_T: Tensor) -> tuple[float, float]:
    away = x_T - x_T.mean()
    slope = float((away * y_T).sum() / away.square().sum())
    return slope, float(y_T.mean()) - slope * float(x_T.mean())
