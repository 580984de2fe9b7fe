"""Slots of the objective: the batch of tensors, and one base class per slot.

A training method fills a slot. Three identities, all tested, keep the composition exact
(``docs/methods.md``): a detached weight >= 0 commutes with the PPO clip, so weights multiply the
advantages; on-policy distillation, the Wasserstein-proximal term and entropy shaping are added to
them token by token; near-boundary rescue is the PPO clip with a random epsilon per token.

Axes: ``N`` rollouts, where each ``group_size`` neighbours answer one question; ``F`` reward
channels; ``T`` completion tokens; ``K`` most likely tokens; ``D`` hidden units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor

from rl.objective.methods.settings import ChannelSettings, MethodSettings

Need = Literal["old_logps", "entropies", "certainty", "hidden", "teacher_logps", "top_k"]
"""Name of a tensor that is computed only if a method needs it."""


@dataclass(frozen=True)
class TopK:
    """The K most likely tokens under the rollout policy and the reference, with embeddings.

    ``ids`` and ``logps`` are ``(N, T, K)``; ``embeddings`` ``(V, D)`` are frozen, of unit norm.
    """

    old_ids: Tensor
    old_logps: Tensor
    ref_ids: Tensor
    ref_logps: Tensor
    embeddings: Tensor


@dataclass(frozen=True)
class Batch:
    """All that the slots may read of the rollouts of one generation step. Nothing has a gradient.

    Attributes:
        group_size: rollouts per question; ``N`` is a multiple of it.
        channels: names of the ``F`` reward channels.
        channel_weights_F: how much each counts.
        rewards_N_F: NaN where a channel says nothing of a rollout.
        completion_ids_N_T: as sampled, never tokenised again.
        mask_N_T: 1.0 where the model wrote a token that counts, 0.0 for tools' tokens and padding.
        outcomes_N: the :class:`~rl.rewards.outcome.Outcome` of each rollout.
        answer_keys_N: rollouts of a group with equal keys gave the same answer; -1: unparseable.
        own_N: the current policy sampled it (others come from the rollout pool).
        coefficients_N: how much each rollout's label is trusted, from 0 to 1; ``None``: all alike.
        sampling_logps_N_T: under whoever sampled, NaN where unknown; ``None``: not recorded.
        old_logps_N_T: under the policy at rollout time, computed by the trainer.
        entropies_N_T: of the next-token distribution at rollout time, in nats.
        certainty_N_T: KL(uniform || policy) per token, in nats.
        teacher_logps_N_T: of the sampled tokens under the teacher.
        top_k: for the Wasserstein-proximal term.
        hidden_chunks: yields ``(rows, hidden)`` with ``hidden`` ``(n, T, D)`` at the positions that
            predict each token; may be iterated several times, so nothing of size N*T*D is kept.
        generator: seeded by run and step; the only source of chance.
    """

    group_size: int
    channels: tuple[str, ...]
    channel_weights_F: Tensor
    rewards_N_F: Tensor
    completion_ids_N_T: Tensor
    mask_N_T: Tensor
    outcomes_N: Tensor
    answer_keys_N: Tensor
    own_N: Tensor
    coefficients_N: Tensor | None = None
    sampling_logps_N_T: Tensor | None = None
    old_logps_N_T: Tensor | None = None
    entropies_N_T: Tensor | None = None
    certainty_N_T: Tensor | None = None
    teacher_logps_N_T: Tensor | None = None
    top_k: TopK | None = None
    hidden_chunks: Callable[[], Iterator[tuple[slice, Tensor]]] | None = None
    generator: torch.Generator = field(default_factory=torch.Generator)


@dataclass(frozen=True)
class Slot:
    """Base of all methods: its settings, and in ``needs`` the tensors that it reads."""

    settings: MethodSettings
    needs: ClassVar[frozenset[Need]] = frozenset()

    @property
    def kind(self) -> str:
        """Return the method's name in recipes."""
        return self.settings.kind


class ChannelSlot(Slot):
    """A reward channel computed from tensors; other channels are computed from traces."""

    settings: ChannelSettings

    def reward(self, batch: Batch) -> Tensor:
        """Return the reward of each rollout ``(N,)``; NaN where it has none."""
        raise NotImplementedError


class AdvantageSlot(Slot):
    """Computes one advantage per rollout from its rewards."""

    def estimate(self, batch: Batch) -> Tensor:
        """Return the advantages ``(N,)``; 0 for a rollout without any reward."""
        raise NotImplementedError


class PostSlot(Slot):
    """Changes the advantages of rollouts, given their outcomes."""

    def adjust(self, batch: Batch, advantages_N: Tensor) -> Tensor:
        """Return the changed advantages ``(N,)``."""
        raise NotImplementedError


class WeightSlot(Slot):
    """Multiplies the advantages of tokens by detached, non-negative weights."""

    def weigh(self, batch: Batch, advantages_N: Tensor) -> Tensor:
        """Return the weights, ``(N, T)`` or ``(N, 1)``, all >= 0."""
        raise NotImplementedError


class AdditiveSlot(Slot):
    """Adds to the advantages of tokens, after all weights."""

    def add(self, batch: Batch, advantages_N_T: Tensor) -> Tensor:
        """Return what is added, ``(N, T)``: 0 outside the mask. ``advantages_N_T`` are weighted."""
        raise NotImplementedError


class ClipSlot(Slot):
    """Bounds of the probability ratio, outside of which a token gets no gradient."""

    def epsilons(
        self, low: float, high: float, like_N_T: Tensor, generator: torch.Generator
    ) -> tuple[float | Tensor, float | Tensor]:
        """Return lower and upper epsilon, numbers or ``(N, T)`` tensors like ``like_N_T``.

        Called once per micro-batch and inner epoch; the result must not depend on the ratio.
        """
        raise NotImplementedError


class RegulariserSlot(Slot):
    """A loss term that depends on the current policy."""

    def select(self, batch: Batch, advantages_N_T: Tensor) -> Tensor:
        """Return the tokens it acts on, bool ``(N, T)``: chosen at rollout time, never clipped."""
        raise NotImplementedError

    def penalty(self, logps_N_T: Tensor, old_logps_N_T: Tensor, selected_N_T: Tensor) -> Tensor:
        """Return the penalty ``(N, T)`` on token losses; only ``logps_N_T`` has a gradient."""
        raise NotImplementedError
