"""Exact check of the finite Wasserstein flow: errors against the bound on random MDPs."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from statistics import median

from corpus.model import Frozen
from eval.claims.plot import lines
from rl.control.wpg_finite import descent, random_mdp

PROCESSES, STEPS = 200, 15
ETA, GAMMA, TAU = 0.5, 0.9, 0.5
ROUNDING = 1e-9


class Contraction(Frozen):
    """Contraction of the errors: number of steps that broke the bound, and the closest approach.

    ``nearest`` is the largest error after a step, as a share of the bound.
    """

    processes: int
    steps: int
    broken: int
    nearest: float


def contraction(seed: int = 0) -> Contraction:
    """Run the flow on random MDPs with random sizes, discounts, temperatures and step sizes."""
    chance = Random(seed)  # noqa: S311 - no secret
    shares = []
    for number in range(PROCESSES):
        states, actions = chance.randint(2, 6), chance.randint(2, 5)
        gamma, tau, eta = (
            chance.uniform(0, 0.97),
            chance.uniform(0.05, 1.5),
            chance.uniform(0.05, 1),
        )
        errors = descent(random_mdp(states, actions, gamma, tau, number), eta, STEPS, number)
        rate = 1 - eta * (1 - gamma)
        shares += [
            after / (rate * before) for before, after in pairwise(errors) if before > ROUNDING
        ]
    return Contraction(
        processes=PROCESSES,
        steps=STEPS,
        broken=sum(share > 1 + ROUNDING for share in shares),
        nearest=max(shares),
    )


def picture(steps: int = 30) -> str:
    """Return a chart of the errors of 200 MDPs with one discount and step, with their bound."""
    runs = [descent(random_mdp(5, 4, GAMMA, TAU, n), ETA, steps, n) for n in range(PROCESSES)]
    shrunk = [[error / errors[0] for error in errors] for errors in runs]
    by_step = list(zip(*shrunk, strict=True))
    rate = 1 - ETA * (1 - GAMMA)
    return lines(
        f"Error of the soft values, relative to its start ({PROCESSES} processes)",
        "steps",
        {
            f"bound {rate:.2f}^k": [rate**k for k in range(steps + 1)],
            "worst process": [_above_rounding(max(errors)) for errors in by_step],
            "median process": [_above_rounding(median(errors)) for errors in by_step],
        },
        log=True,
    )


def _above_rounding(error: float) -> float:
    """Return an error, or 0 (not drawn) if it is of the size of rounding."""
    return error if error > 1e-12 else 0.0
