"""The network of a controller and how it learns: fitted Q iteration with a target network."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from agent.policies.control.features import FEATURES
from agent.policies.control.learnt import ValueNetwork
from agent.policies.controllers import Strategy
from corpus.model import Frozen
from rl.annotation.probes.bottleneck import OrthogonalBottleneck, haar
from rl.control.transitions import Transition


class LearnerSettings(Frozen):
    """Hyperparameters of the learner.

    Attributes:
        hidden: width of the two hidden layers.
        bottleneck: dimensions of a fixed orthogonal projection of the features; null for none.
        learning_rate: of Adam.
        discount: of the reward per turn.
        steps: optimiser steps of a round.
        batch: transitions of one step.
        renewed: optimiser steps after which the target network is replaced.
        seed: of the weights and the batches.
    """

    hidden: int = 64
    bottleneck: int | None = Field(default=None, ge=1, le=len(FEATURES))
    learning_rate: float = 1e-3
    discount: float = 0.95
    steps: int = 200
    batch: int = 64
    renewed: int = 50
    seed: int = 0


class Learner:
    """Learns the values of the strategies from transitions."""

    def __init__(self, settings: LearnerSettings) -> None:
        self._settings = settings
        self._chance = torch.Generator().manual_seed(settings.seed)
        with torch.random.fork_rng():
            torch.manual_seed(settings.seed)
            self._network = network(settings)
        self._target = copy.deepcopy(self._network)
        trained = [one for one in self._network.parameters() if one.requires_grad]
        self.parameters = sum(one.numel() for one in trained)
        self._adam = torch.optim.Adam(trained, lr=settings.learning_rate)
        self._done = 0

    def learn(self, seen: Sequence[Transition]) -> float:
        """Make the optimiser steps of one round on all transitions; return the mean loss."""
        if not seen:
            return 0.0
        table, losses = _table(seen), list[float]()
        for _ in range(self._settings.steps):
            drawn = torch.randint(len(seen), (self._settings.batch,), generator=self._chance)
            before, strategy, reward, after, ended = (column[drawn] for column in table)
            with torch.no_grad():
                later = self._target(after).max(dim=1).values * (1.0 - ended)
            wanted = reward + self._settings.discount * later
            value = self._network(before).gather(1, strategy.unsqueeze(1)).squeeze(1)
            loss = nn.functional.smooth_l1_loss(value, wanted)
            self._adam.zero_grad()
            loss.backward()
            self._adam.step()
            losses.append(float(loss.item()))
            self._done += 1
            if self._done % self._settings.renewed == 0:
                self._target.load_state_dict(self._network.state_dict())
        return sum(losses) / len(losses)

    def frozen(self) -> ValueNetwork:
        """Return the present network, as a controller uses it."""
        parts = [one for one in self._network if isinstance(one, nn.Linear)]
        layers = tuple((_array(one.weight), _array(one.bias)) for one in parts)
        basis = getattr(self._network[0], "basis", None)
        return ValueNetwork(layers, None if basis is None else _array(basis))


def widths(settings: LearnerSettings) -> tuple[int, ...]:
    """Return the numbers of features, hidden units and strategies."""
    return (len(FEATURES), settings.hidden, settings.hidden, len(Strategy))


def network(settings: LearnerSettings) -> nn.Sequential:
    """Return the network: a fixed projection if there is one, then a perceptron."""
    parts: list[nn.Module] = []
    sizes = list(widths(settings))
    if settings.bottleneck is not None:
        kept = settings.bottleneck
        parts.append(OrthogonalBottleneck(haar(sizes[0], kept, settings.seed)))
        sizes[0] = kept
    for into, out in pairwise(sizes):
        parts += [nn.Linear(into, out), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def _table(seen: Sequence[Transition]) -> tuple[Tensor, ...]:
    """Return the columns before, strategy, reward, after and whether the run ended."""
    nothing = (0.0,) * len(FEATURES)
    return (
        torch.tensor([one.before for one in seen]),
        torch.tensor([one.strategy for one in seen]),
        torch.tensor([one.reward for one in seen]),
        torch.tensor([one.after or nothing for one in seen]),
        torch.tensor([float(one.after is None) for one in seen]),
    )


def _array(one: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    found: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = one.detach().float().numpy().copy()
    return found
