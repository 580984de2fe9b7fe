"""A small classifier on frozen features, trained a few steps a round on what was labelled.

As in the code of arXiv 2605.25864: AdamW with learning rate 1e-4, three steps a round of 16
examples from the newest 2,048, with classes balanced half and half (weights clipped to [0.25, 4]).
The paper leaves the architecture open; here it is a logistic probe or a perceptron with one hidden
layer. Features are standardised by the examples held, anew in each round: by those of the first
round alone, which are two or three, a feature that hardly differs among them would outweigh all.
"""

from __future__ import annotations

import copy
from collections import deque
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rl.annotation.probes.bottleneck import Kind, bottleneck

Architecture = Literal["logistic", "perceptron"]

STEPS, BATCH, REPLAY = 3, 16, 2048
LEARNING_RATE = 1e-4
BALANCE, LEAST, MOST = 0.5, 0.25, 4.0
"""Target share of each class, and bounds of the weights that bring it about."""
FEWEST = 8
"""Examples before a probe learns."""
HIDDEN = 64
"""Hidden units of the perceptron."""


class Probe:
    """Gives the probability of one or several binary questions about a row of features.

    Args:
        width: number of dense features ``D``, which the bottleneck reduces.
        extra: number of further features, which it leaves alone.
        architecture: of what follows the bottleneck.
        kind: the bottleneck; ``pca`` is fitted once, on the first ``kept`` examples or more.
        kept: its dimensions.
        seed: of all weights and of what is drawn from the replay.
        learning_rate: of AdamW.
        steps: optimiser steps of one call of :meth:`learn`.
    """

    def __init__(  # noqa: PLR0913
        self,
        width: int,
        extra: int,
        *,
        architecture: Architecture = "logistic",
        kind: Kind = "none",
        kept: int = 16,
        seed: int = 0,
        learning_rate: float = LEARNING_RATE,
        steps: int = STEPS,
    ) -> None:
        self._width, self._extra, self._architecture = width, extra, architecture
        self._kind, self._kept, self._seed = kind, kept, seed
        self._rate, self._steps = learning_rate, steps
        self._chance = torch.Generator().manual_seed(seed)
        self._replay: deque[tuple[Tensor, float]] = deque(maxlen=REPLAY)
        self._parts: tuple[nn.Module, nn.Module] | None = None
        self._optimiser: torch.optim.Optimizer | None = None
        self._spread: tuple[Tensor, Tensor] | None = None

    @property
    def ready(self) -> bool:
        """Return whether it has learnt from enough examples to be asked."""
        return self._parts is not None

    def learn(self, features_N_F: Tensor, truths_N: Tensor) -> None:
        """Add examples to the replay and take the optimiser steps of a round.

        Nothing is learnt before it holds :data:`FEWEST` examples, and with ``pca`` ``kept``.

        Args:
            features_N_F: dense features, then further ones; ``F = width + extra``.
            truths_N: 1.0 where the answer is yes, 0.0 where it is no.
        """
        rows = zip(features_N_F.float(), truths_N.tolist(), strict=True)
        self._replay.extend((row.clone(), truth) for row, truth in rows)
        needed = max(FEWEST, self._kept) if self._kind == "pca" else FEWEST
        if len(self._replay) < needed:
            return
        held_N_F, _ = self.examples()
        self._spread = (held_N_F.mean(dim=0), held_N_F.std(dim=0, correction=0) + 1e-3)
        if self._parts is None:
            self._build(held_N_F)
        for _ in range(self._steps):
            self._step()

    def probability(self, features_N_F: Tensor) -> Tensor:
        """Return the probability of a yes ``(N,)``; one half before it is ready."""
        if self._parts is None:
            return torch.full((len(features_N_F),), 0.5)
        with torch.no_grad():
            return torch.sigmoid(self._logits(features_N_F.float()))

    def examples(self) -> tuple[Tensor, Tensor]:
        """Return the features ``(N, F)`` and truths ``(N,)`` that it holds."""
        rows = [row for row, _ in self._replay]
        features = torch.stack(rows) if rows else torch.zeros(0, self._width + self._extra)
        return features, torch.tensor([truth for _, truth in self._replay])

    def state(self) -> dict[str, Any]:
        """Return all that it needs to go on, as tensors and plain data."""
        features, truths = self.examples()
        found: dict[str, Any] = {
            "features": features,
            "truths": truths,
            "chance": self._chance.get_state(),
        }
        if self._parts is not None and self._optimiser is not None and self._spread is not None:
            found["parts"] = [part.state_dict() for part in self._parts]
            found["optimiser"] = self._optimiser.state_dict()
            found["spread"] = list(self._spread)
        return found

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state that :meth:`state` returned."""
        rows = zip(state["features"], state["truths"].tolist(), strict=True)
        self._replay.extend((row.clone(), truth) for row, truth in rows)
        self._chance.set_state(state["chance"])
        if "parts" not in state:
            return
        mean, spread = state["spread"]
        self._spread = (mean, spread)
        self._build(state["features"])
        assert self._parts is not None
        assert self._optimiser is not None
        for part, saved in zip(self._parts, state["parts"], strict=True):
            part.load_state_dict(saved)
        self._optimiser.load_state_dict(copy.deepcopy(state["optimiser"]))

    def _build(self, seen_N_F: Tensor) -> None:
        dense = self._standardised(seen_N_F)[:, : self._width]
        with torch.random.fork_rng():
            torch.manual_seed(self._seed)
            first, width = bottleneck(self._kind, self._width, self._kept, self._seed, dense)
            head = _head(self._architecture, width + self._extra)
        self._parts = (first, head)
        trained = [*first.parameters(), *head.parameters()]
        self._optimiser = torch.optim.AdamW(trained, lr=self._rate)

    def _logits(self, features_N_F: Tensor) -> Tensor:
        assert self._parts is not None
        first, head = self._parts
        rows = self._standardised(features_N_F)
        joined = torch.cat([first(rows[:, : self._width]), rows[:, self._width :]], dim=1)
        logits: Tensor = head(joined).squeeze(1)
        return logits

    def _standardised(self, features_N_F: Tensor) -> Tensor:
        assert self._spread is not None
        mean, spread = self._spread
        return (features_N_F - mean) / spread

    def _step(self) -> None:
        assert self._optimiser is not None
        drawn = torch.randint(len(self._replay), (BATCH,), generator=self._chance)
        rows, truths = zip(*(self._replay[int(place)] for place in drawn), strict=True)
        truths_B = torch.tensor(truths)
        losses = nn.functional.binary_cross_entropy_with_logits(
            self._logits(torch.stack(rows)), truths_B, reduction="none"
        )
        self._optimiser.zero_grad()
        (losses * self._weights(truths_B)).mean().backward()
        self._optimiser.step()

    def _weights(self, truths_B: Tensor) -> Tensor:
        """Return a weight for each example, so that both classes count alike over the replay."""
        share = sum(truth for _, truth in self._replay) / len(self._replay)
        yes = _bounded(BALANCE / max(share, 1e-6))
        no = _bounded(BALANCE / max(1 - share, 1e-6))
        return torch.where(truths_B > 0.5, yes, no)


def _head(architecture: Architecture, width: int) -> nn.Module:
    if architecture == "logistic":
        return nn.Linear(width, 1)
    return nn.Sequential(nn.Linear(width, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1))


def _bounded(weight: float) -> float:
    return min(max(weight, LEAST), MOST)
