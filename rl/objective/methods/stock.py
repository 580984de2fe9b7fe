"""The methods that TRL implements: GRPO, GDPO and RLOO advantages, and the PPO clip.

Papers: GRPO 2402.03300, GDPO 2601.05242, RLOO 2402.14740, PPO 1707.06347. Status: published, in
TRL 1.16; the arithmetic follows TRL's step by step, so that a run whose other slots are empty
equals TRL's own bit for bit.

With rewards ``R (N, F)``, weights ``w (F,)`` and groups of ``G``::

    GRPO   A_i = (r_i - mean r) / (std r + 1e-4),        r = sum_k w_k R_k
    GDPO   z_k = (R_k - mean R_k) / (std R_k + 1e-4) per group,  r = sum_k w_k z_k,
           A_i = (r_i - mean r) / (std r + 1e-4) over the whole batch
    RLOO   A_i = r_i - mean of the other rollouts of its group

NaN rewards are ignored: the channel is left out of the sum, and a rollout without any reward is
left out of the means and gets 0. A group whose rewards are all equal gets 0.

Limitations: a group of one has advantage 0, and all tokens of a rollout get the same advantage.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from rl.objective.methods.groups import grouped, nanstd, widened
from rl.objective.methods.settings import GdpoSettings, GrpoSettings, PpoSettings, RlooSettings
from rl.objective.slots import AdvantageSlot, Batch, ClipSlot

EPS = 1e-4
"""Added to standard deviations to avoid division by zero, as in TRL."""


@dataclass(frozen=True)
class Grpo(AdvantageSlot):
    """Difference from the group's mean reward, in standard deviations."""

    settings: GrpoSettings = field(default_factory=GrpoSettings)

    def estimate(self, batch: Batch) -> Tensor:
        """Return the advantages, shape ``(N,)``."""
        return group_norm(summed(batch), batch.group_size, self.settings.scale)


@dataclass(frozen=True)
class Gdpo(AdvantageSlot):
    """Each channel normalised within its group, then their weighted sum over the batch."""

    settings: GdpoSettings = field(default_factory=GdpoSettings)

    def estimate(self, batch: Batch) -> Tensor:
        """Return the advantages, shape ``(N,)``."""
        return channel_norm(batch.rewards_N_F, batch.channel_weights_F, batch.group_size)


@dataclass(frozen=True)
class Rloo(AdvantageSlot):
    """Difference from the mean reward of the group's other rollouts."""

    settings: RlooSettings = field(default_factory=RlooSettings)

    def estimate(self, batch: Batch) -> Tensor:
        """Return the advantages, shape ``(N,)``."""
        return leave_one_out(summed(batch), batch.group_size, whiten=self.settings.whiten)


@dataclass(frozen=True)
class Ppo(ClipSlot):
    """The PPO clip with fixed bounds."""

    settings: PpoSettings = field(default_factory=PpoSettings)

    def epsilons(
        self,
        low: float,
        high: float,
        like_N_T: Tensor,  # noqa: ARG002
        generator: torch.Generator,  # noqa: ARG002
    ) -> tuple[float | Tensor, float | Tensor]:
        """Return the bounds unchanged."""
        return low, high


def summed(batch: Batch) -> Tensor:
    """Return the weighted sum of each rollout's channels ``(N,)``; NaN where none has a value."""
    rewards = widened(batch.rewards_N_F)
    total = (rewards * batch.channel_weights_F.to(rewards)).nansum(dim=1)
    return total.masked_fill(torch.isnan(rewards).all(dim=1), torch.nan)


def group_norm(
    rewards_N: Tensor, group_size: int, scale: Literal["group", "batch", "none"] = "group"
) -> Tensor:
    """Return GRPO's advantages ``(N,)``.

    Raises:
        ValueError: ``N`` is not a multiple of ``group_size``.
    """
    by_group = grouped(widened(rewards_N), group_size)
    centred = by_group - torch.nanmean(by_group, dim=1, keepdim=True)
    if scale == "group":
        centred = centred / (nanstd(by_group, dim=1) + EPS)
    elif scale == "batch":
        centred = centred / (nanstd(by_group.reshape(1, -1), dim=1) + EPS)
    return torch.nan_to_num(centred.reshape(-1), nan=0.0)


def channel_norm(rewards_N_F: Tensor, weights_F: Tensor, group_size: int) -> Tensor:
    """Return GDPO's advantages ``(N,)``.

    Raises:
        ValueError: ``N`` is not a multiple of ``group_size``.
    """
    rewards = widened(rewards_N_F)
    unscored = torch.isnan(rewards).all(dim=1)
    channels = [grouped(column, group_size) for column in rewards.unbind(dim=1)]
    by_group = torch.stack(channels, dim=-1)
    mean, std = torch.nanmean(by_group, dim=1, keepdim=True), nanstd(by_group, dim=1)
    normed = ((by_group - mean) / (std + EPS)).reshape(rewards.shape)
    total = (normed * weights_F.to(rewards)).nansum(dim=1).masked_fill(unscored, torch.nan)
    whitened = (total - torch.nanmean(total)) / (nanstd(total, dim=0) + EPS)
    return torch.nan_to_num(whitened, nan=0.0)


def leave_one_out(rewards_N: Tensor, group_size: int, *, whiten: bool = False) -> Tensor:
    """Return RLOO's advantages ``(N,)``.

    Raises:
        ValueError: ``N`` is not a multiple of ``group_size``.
    """
    by_group = grouped(widened(rewards_N), group_size)
    others = (~torch.isnan(by_group)).sum(dim=1, keepdim=True) - 1
    total = by_group.nansum(dim=1, keepdim=True)
    advantages = torch.where(others > 0, by_group - (total - by_group) / others, torch.nan)
    advantages = advantages.reshape(-1)
    if whiten:
        centred = advantages - torch.nanmean(advantages)
        advantages = centred / (nanstd(advantages, dim=0) + EPS)
    return torch.nan_to_num(advantages, nan=0.0)
