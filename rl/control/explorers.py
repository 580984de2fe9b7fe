"""How strategies are tried out in training: epsilon-greedy, and the finite Wasserstein flow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal, Protocol

import torch

from agent.policies.control.features import features
from agent.policies.control.learnt import ValueNetwork
from agent.policies.controllers import Strategy
from agent.policy import PolicyState
from rl.control.wpg_finite import flow, generator

ExplorerName = Literal["epsilon_greedy", "wpg_finite"]

FIRST, LAST = 1.0, 0.05
"""Epsilon in the first and in the last round."""
TEMPERATURE = 0.1
"""Temperature of the values in the flow's target."""
LONGEST = 4.0
"""Time of the flow in the last round; it begins at 0, the uniform distribution."""


class Explorer(Protocol):
    """Gives the probabilities of the strategies from their values."""

    def probabilities(self, values_A: list[float], progress: float) -> list[float]:
        """Return a distribution; ``progress`` runs from 0 in the first round to 1 in the last."""
        ...


class EpsilonGreedy:
    """The strategy of greatest value, or with probability epsilon any one."""

    def probabilities(self, values_A: list[float], progress: float) -> list[float]:
        """Return the distribution; epsilon falls linearly."""
        epsilon = FIRST + (LAST - FIRST) * progress
        best = max(range(len(values_A)), key=values_A.__getitem__)
        even = epsilon / len(values_A)
        return [even + (1.0 - epsilon) * (place == best) for place in range(len(values_A))]


class WassersteinFlow:
    """The flow from the uniform distribution towards ``softmax(Q / temperature)``.

    See :mod:`rl.control.wpg_finite`; all pairs of strategies are joined, since nothing says which
    are alike.
    """

    def probabilities(self, values_A: list[float], progress: float) -> list[float]:
        """Return the distribution of the flow at a time that grows with the progress."""
        values = torch.tensor(values_A, dtype=torch.float64)
        values = (values - values.max()).clamp(min=-10.0 * TEMPERATURE)
        count = len(values_A)
        joined = (torch.ones(count, count, dtype=torch.float64) - torch.eye(count)) / count
        start = torch.full((count,), 1.0 / count, dtype=torch.float64)
        found = flow(start, generator(values, joined, TEMPERATURE), LONGEST * progress)
        found = found.clamp(min=0.0)
        return [float(one) for one in found / found.sum()]


EXPLORERS: dict[ExplorerName, Callable[[], Explorer]] = {
    "epsilon_greedy": EpsilonGreedy,
    "wpg_finite": WassersteinFlow,
}


@dataclass(frozen=True)
class ExploringController:
    """Draws a strategy before each turn; the draw depends on seed, question and turn alone."""

    network: ValueNetwork
    explorer: Explorer
    progress: float
    seed: int
    name: str = "exploring"

    def choose(self, state: PolicyState) -> Strategy:
        """Return the strategy for the turn of ``state``."""
        values = [float(one) for one in self.network.values(features(state))]
        chances = self.explorer.probabilities(values, self.progress)
        told = repr((self.seed, state.question, state.governing.as_at, len(state.turns)))
        digest = hashlib.blake2b(told.encode(), digest_size=8).digest()
        drawn = Random(int.from_bytes(digest, "big"))  # noqa: S311 - no secret
        return drawn.choices(list(Strategy), weights=chances)[0]


@dataclass(frozen=True)
class RandomController:
    """Draws every strategy with the same probability."""

    seed: int
    name: str = "random"

    def choose(self, state: PolicyState) -> Strategy:
        """Return the strategy for the turn of ``state``."""
        told = repr((self.seed, state.question, state.governing.as_at, len(state.turns)))
        return Random(told).choice(list(Strategy))  # noqa: S311 - no secret
