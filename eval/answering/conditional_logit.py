"""A conditional logit over the quotations held against each question, fitted by Newton's method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.answering.evidence import Quotation
from agent.answering.score import LinearModel
from eval.answering.training import Labelled

Table = list[tuple[Labelled, list[Quotation]]]
Numbers = NDArray[np.float64]

_RIDGE = 1.0
_ROUNDS = 100
_SMALLEST = 1e-8  # step


def choice_model(table: Table, names: Sequence[str]) -> LinearModel:
    """Fit a conditional logit with a ridge on the weights, by Newton's method with shorter steps
    where it would overshoot.

    Each question chooses among its quotations and "none of them", whose weight is 1; what it should
    choose are the quotations that state its answer; where there is none, "none of them" or what is
    law on other days alone.
    """
    asked = [(one, quotations) for one, quotations in table if quotations]
    rows = [_options(one, quotations, names) for one, quotations in asked]
    x_N_K = np.vstack([options for options, _ in rows])
    right_N = np.concatenate([right for _, right in rows])
    starts_Q = np.cumsum([0, *(len(options) for options, _ in rows[:-1])])
    sizes_Q = [len(options) for options, _ in rows]
    ridge_K = np.array([1e-3, *([_RIDGE] * len(names))])
    b_K = np.zeros(len(names) + 1)

    def loss(weights_K: Numbers) -> float:
        odds_N = x_N_K @ weights_K
        total, right = (
            np.logaddexp.reduceat(part, starts_Q)
            for part in (odds_N, np.where(right_N > 0, odds_N, -np.inf))
        )
        return float((total - right).sum() + (ridge_K * weights_K**2).sum() / 2)

    for _ in range(_ROUNDS):
        chosen_N, wanted_N = _shares(x_N_K @ b_K, right_N, starts_Q, sizes_Q)
        slope_K = x_N_K.T @ (wanted_N - chosen_N) - ridge_K * b_K
        means_Q_K = np.add.reduceat(x_N_K * chosen_N[:, None], starts_Q)
        curve_K_K = (x_N_K.T * chosen_N) @ x_N_K - means_Q_K.T @ means_Q_K + np.diag(ridge_K)
        step_K: Numbers = np.linalg.solve(curve_K_K, slope_K)
        now = loss(b_K)
        while np.abs(step_K).max() > _SMALLEST and loss(b_K + step_K) > now:
            step_K = step_K / 2
        b_K = b_K + step_K
        if np.abs(step_K).max() < _SMALLEST:
            break
    rounded = [round(float(weight), 4) for weight in b_K]
    return LinearModel(intercept=rounded[0], weights=dict(zip(names, rounded[1:], strict=True)))


def _options(
    one: Labelled, quotations: Sequence[Quotation], names: Sequence[str]
) -> tuple[Numbers, Numbers]:
    """Return the numbers of each option ``(N, K)``, "none" last, and which are right ``(N,)``."""
    numbers = [quotation.evidence.model_dump() for quotation in quotations]
    x_N_K = np.array(
        [[1.0, *(row[name] for name in names)] for row in numbers] + [[0.0] * (len(names) + 1)]
    )
    right = [one.stated_by(quotation) for quotation in quotations]
    if any(right):
        return x_N_K, np.array([*right, False], dtype=float)
    return x_N_K, np.array([*(row["elsewhen"] for row in numbers), 1.0])


def _shares(
    odds_N: Numbers, right_N: Numbers, starts_Q: NDArray[np.int64], sizes_Q: Sequence[int]
) -> tuple[Numbers, Numbers]:
    """Return the share of each option among those of its question, and among the right ones."""
    largest_N = np.repeat(np.maximum.reduceat(odds_N, starts_Q), sizes_Q)
    weights_N = np.exp(odds_N - largest_N)
    wanted_N = weights_N * right_N
    totals_N, rights_N = (
        np.repeat(np.add.reduceat(one, starts_Q), sizes_Q) for one in (weights_N, wanted_N)
    )
    return weights_N / totals_N, wanted_N / np.maximum(rights_N, 1e-300)
