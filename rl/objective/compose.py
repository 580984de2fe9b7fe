"""Compose the objective: apply the slots in order to get one advantage per token.

::

    rewards (N,F) -> advantage (N,) -> post (N,) -> x weights (N,T) >= 0 -> + additives (N,T)
                  -> clip rule (epsilons, (N,T) or numbers) -> + regularisers -> loss

Weights come before additives, because only a weight >= 0 commutes with the clip. Tokens that a
regulariser acts on are never clipped. Pure functions of tensors; nothing here has a gradient but
:func:`penalty`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import torch
from torch import Tensor

from corpus.errors import BadInputError
from rl.objective.methods.registry import method
from rl.objective.methods.settings import MethodSettings
from rl.objective.methods.stock import Grpo, Ppo
from rl.objective.slots import (
    AdditiveSlot,
    AdvantageSlot,
    Batch,
    ChannelSlot,
    ClipSlot,
    Need,
    PostSlot,
    RegulariserSlot,
    Slot,
    WeightSlot,
)
from rl.recipes.recipe import ObjectiveSettings

S = TypeVar("S", bound=Slot)

Estimate = Callable[[Batch], Tensor]
"""Maps a batch to one advantage per rollout, shape ``(N,)``."""


@dataclass(frozen=True)
class Objective:
    """The methods of a run, by slot. The default is GRPO with the PPO clip."""

    advantage: AdvantageSlot = field(default_factory=Grpo)
    post: tuple[PostSlot, ...] = ()
    weights: tuple[WeightSlot, ...] = ()
    additives: tuple[AdditiveSlot, ...] = ()
    clip: ClipSlot = field(default_factory=Ppo)
    regularisers: tuple[RegulariserSlot, ...] = ()
    channels: tuple[ChannelSlot, ...] = ()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Return every method, in the order in which the slots are applied."""
        first = (*self.channels, self.advantage, *self.post, *self.weights, *self.additives)
        return (*first, self.clip, *self.regularisers)

    @property
    def needs(self) -> frozenset[Need]:
        """Return the names of the tensors that the methods read."""
        return frozenset[Need]().union(*(slot.needs for slot in self.slots))


@dataclass(frozen=True)
class ShapedAdvantages:
    """Advantages of one round, and the tokens that each regulariser selects.

    ``advantages_N`` is per rollout, before weights and additives; ``selected_R_N_T`` holds one
    boolean mask per regulariser.
    """

    batch: Batch
    advantages_N: Tensor
    advantages_N_T: Tensor
    selected_R_N_T: tuple[Tensor, ...]


def build_objective(settings: ObjectiveSettings) -> Objective:
    """Return the objective whose methods a recipe names.

    Raises:
        BadInputError: a method of an installed package cannot be loaded or fills another slot.
    """
    return Objective(
        advantage=_filled(settings.advantage, AdvantageSlot),
        post=_all_filled(settings.post, PostSlot),
        weights=_all_filled(settings.weights, WeightSlot),
        additives=_all_filled(settings.additives, AdditiveSlot),
        clip=_filled(settings.clip, ClipSlot),
        regularisers=_all_filled(settings.regularisers, RegulariserSlot),
        channels=_all_filled(settings.channels, ChannelSlot),
    )


def _all_filled(named: Sequence[MethodSettings], slot: type[S]) -> tuple[S, ...]:
    return tuple(_filled(settings, slot) for settings in named)


def _filled(settings: MethodSettings, slot: type[S]) -> S:
    found = method(settings)
    if not isinstance(found, slot):
        raise BadInputError(f"The method '{settings.kind}' fills another slot than it declares.")
    return found


def shape(objective: Objective, batch: Batch, estimate: Estimate | None = None) -> ShapedAdvantages:
    """Compute the advantages of a batch: all slots up to the clip.

    Args:
        objective: the methods.
        batch: the rollouts of this process.
        estimate: replaces the advantage slot's ``estimate``; needed where advantages depend on the
            rollouts of other processes too.

    Raises:
        ValueError: a weight is negative, NaN or not detached, or an advantage is not finite; the
            message names the method.
    """
    batch = with_channels(objective, batch)
    advantages_N = (estimate or objective.advantage.estimate)(batch)
    for post in objective.post:
        advantages_N = post.adjust(batch, advantages_N)
    advantages_N_T = advantages_N.unsqueeze(1) * batch.mask_N_T
    for weight in objective.weights:
        weights = weight.weigh(batch, advantages_N)
        if weights.requires_grad or bool((weights < 0).any()) or bool(torch.isnan(weights).any()):
            raise ValueError(f"{weight.kind} gives a weight that is negative, NaN or not detached")
        advantages_N_T = advantages_N_T * weights
    for additive in objective.additives:
        added = additive.add(batch, advantages_N_T)
        advantages_N_T = advantages_N_T + torch.where(batch.mask_N_T > 0, added, 0.0)
    if not bool(torch.isfinite(advantages_N_T).all()):
        kinds = ", ".join(slot.kind for slot in objective.slots)
        raise ValueError(f"an advantage is not a finite number; the methods are {kinds}")
    selected = tuple(
        one.select(batch, advantages_N_T) & (batch.mask_N_T > 0) for one in objective.regularisers
    )
    return ShapedAdvantages(batch, advantages_N, advantages_N_T, selected)


def with_channels(objective: Objective, batch: Batch) -> Batch:
    """Return the batch with the channel slots' rewards appended to ``rewards_N_F``."""
    if not objective.channels:
        return batch
    rewards = [channel.reward(batch).unsqueeze(1) for channel in objective.channels]
    weights = batch.channel_weights_F.new_tensor([c.settings.weight for c in objective.channels])
    return replace(
        batch,
        channels=(*batch.channels, *(channel.kind for channel in objective.channels)),
        channel_weights_F=torch.cat([batch.channel_weights_F, weights]),
        rewards_N_F=torch.cat([batch.rewards_N_F, *rewards], dim=1),
    )


def bounds(  # noqa: PLR0913
    clip: ClipSlot,
    low: float,
    high: float,
    selected_R_N_T: Sequence[Tensor],
    like_N_T: Tensor,
    generator: torch.Generator,
) -> tuple[float | Tensor, float | Tensor]:
    """Return lower and upper clip epsilon, numbers or ``(N, T)``; none on selected tokens."""
    bound = clip.epsilons(low, high, like_N_T, generator)
    if not selected_R_N_T:
        return bound
    free = torch.stack(tuple(selected_R_N_T)).any(dim=0)
    lower, upper = (torch.as_tensor(b).to(like_N_T).expand_as(like_N_T) for b in bound)
    return lower.masked_fill(free, torch.inf), upper.masked_fill(free, torch.inf)


def penalty(
    regularisers: Sequence[RegulariserSlot],
    logps_N_T: Tensor,
    old_logps_N_T: Tensor,
    selected_R_N_T: Sequence[Tensor],
) -> Tensor:
    """Return the sum of the regularisers' penalties on the token losses, ``(N, T)``."""
    total = torch.zeros_like(logps_N_T)
    for regulariser, selected in zip(regularisers, selected_R_N_T, strict=True):
        total = total + regulariser.penalty(logps_N_T, old_logps_N_T, selected)
    return total
