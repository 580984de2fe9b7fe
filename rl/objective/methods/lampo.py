"""LamPO: pairwise reward differences in a group, weighted by the policy's confidence.

Paper: "LamPO: A Lambda Style Policy Optimization", arXiv 2605.21235 (sibling LambdaPO, 2605.19416).
Status: **withdrawn** from arXiv, both. A hypothesis to test, not evidence.

With rewards ``R (N,)`` and ``l (N,)`` the mean log-probability per own token of each rollout under
the rollout policy, for every ``i`` of a group of ``G``::

    A_i = 1 / (G - 1) * sum_{j != i} (R_i - R_j) * c_ij
    lampo       c_ij = sigmoid((l_i - l_j) / tau)      as reported: sharpens likely rollouts
    lambdarank  c_ij = sigmoid((l_loser - l_winner) / tau), one weight for both: mis-ordered pairs
    uniform     c_ij = 1: RLOO exactly

Sequence log-probabilities are divided by their length, because raw sums saturate the sigmoid. Pairs
with a NaN reward are left out; equal rewards and ``G = 1`` give 0. ``scaled`` (ours) divides by the
group's standard deviation like GRPO.

Defaults: ``tau = 1``, mode ``lampo``, from a secondary source; no code was found.

Limitations: with binary rewards and uniform weights, pairs contain no more information than the
mean, so the confidence weight is the only new ingredient. In mode ``lampo`` a group's advantages do
not sum to zero. It needs the rollout policy's log-probabilities, which cost one forward pass if the
default step does not compute them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from rl.objective.methods.groups import grouped, nanstd, rollout_means, widened
from rl.objective.methods.settings import LampoSettings
from rl.objective.methods.stock import EPS, summed
from rl.objective.slots import AdvantageSlot, Batch, Need

Mode = Literal["lampo", "lambdarank", "uniform"]


@dataclass(frozen=True)
class Lampo(AdvantageSlot):
    """Mean of confidence-weighted pairwise reward differences."""

    settings: LampoSettings = field(default_factory=LampoSettings)
    needs = frozenset[Need]({"old_logps"})

    def estimate(self, batch: Batch) -> Tensor:
        """Return the advantages, shape ``(N,)``.

        Raises:
            ValueError: the batch has no log-probabilities of the rollout policy.
        """
        if batch.old_logps_N_T is None:
            raise ValueError("lampo needs the log-probabilities of the rollout policy")
        rewards = summed(batch)
        confidences = rollout_means(batch.old_logps_N_T, batch.mask_N_T)
        mode, tau = self.settings.mode, self.settings.tau
        advantages = pairwise(rewards, confidences, batch.group_size, mode, tau)
        if not self.settings.scaled:
            return advantages
        std = nanstd(grouped(rewards, batch.group_size), dim=1)
        per_rollout = torch.nan_to_num(std).expand(-1, batch.group_size).reshape(-1)
        return advantages / (per_rollout + EPS)


def pair_weights(confidences_B_G: Tensor, gaps_B_G_G: Tensor, mode: Mode, tau: float) -> Tensor:
    """Return the weight of each pair, ``(B, G, G)``."""
    margins = (confidences_B_G.unsqueeze(2) - confidences_B_G.unsqueeze(1)) / tau
    if mode == "lampo":
        return torch.sigmoid(margins)
    if mode == "lambdarank":
        return torch.sigmoid(-margins * torch.sign(gaps_B_G_G))
    return torch.ones_like(margins)


def pairwise(
    rewards_N: Tensor, confidences_N: Tensor, group_size: int, mode: Mode, tau: float = 1.0
) -> Tensor:
    """Return LamPO's advantages ``(N,)``; 0 for an unscored rollout.

    Raises:
        ValueError: ``N`` is not a multiple of ``group_size``.
    """
    rewards = grouped(widened(rewards_N), group_size)
    gaps = torch.nan_to_num(rewards.unsqueeze(2) - rewards.unsqueeze(1), nan=0.0)
    weights = pair_weights(grouped(widened(confidences_N), group_size), gaps, mode, tau)
    others = (~torch.isnan(rewards)).sum(dim=1, keepdim=True) - 1
    return ((gaps * weights).sum(dim=2) / others.clamp(min=1)).reshape(-1)
