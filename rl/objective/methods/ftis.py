"""F-TIS: learn from rollouts that another model or an older checkpoint sampled.

Paper: Blagoev et al., "F-TIS: Harnessing Diverse Models in Collaborative GRPO", arXiv 2605.22537
(workshop). Truncated importance sampling as in TRL and DeepSeek-V3.2's sequence mask (2512.02556).
Status: published; no official code found.

With ``l`` the log-probabilities under the rollout policy and ``l_gen`` under the sampler, both
``(N, T)``, advantages ``(N,)``, and ``d_t = l_gen,t - l_t``::

    tis           w_t = min(exp(-d_t), cap)
    ftis_filter   A_i = 0  if  A_i < 0, rollout i is foreign and  D_i > limit
                  D_i = sum_t exp(d_t) - d_t - 1     (``k3``)   or   sum_t d_t   (``k1``)

The weight only truncates, so positive off-policy rollouts are never dropped; the filter drops
negative ones that are far from the policy. Both are applied after the group's mean and standard
deviation, which include every rollout.

Defaults: ``cap = 2`` and ``limit = 50`` per rollout from the paper (``per_token`` divides by the
length). Which estimate of KL(policy || sampler) it uses was not found: ``k3`` is the one of GRPO's
own KL term and never negative (ours); ``k1`` is DeepSeek's, which takes the mean.

Where the sampler's log-probability is not known (NaN), ``w = 1`` and ``d = 0``.

Limitations: rollouts must come from the same tokenizer, since log-probabilities are compared by
token id. The truncated weight is biased; only ``cap = inf`` is not. The pool of off-policy rollouts
is :mod:`rl.rollouts.pool`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from rl.objective.methods.groups import widened
from rl.objective.methods.settings import FtisFilterSettings, TisSettings
from rl.objective.slots import Batch, Need, PostSlot, WeightSlot

FAR = 20.0
"""Differences of log-probabilities are clamped to this many nats before exp."""


@dataclass(frozen=True)
class TruncatedWeights(WeightSlot):
    """Truncated importance weights: policy probability over sampler probability, capped."""

    settings: TisSettings = field(default_factory=TisSettings)
    needs = frozenset[Need]({"old_logps"})

    def weigh(self, batch: Batch, advantages_N: Tensor) -> Tensor:  # noqa: ARG002
        """Return the importance weights, shape ``(N, T)``."""
        return truncated(drift(batch), self.settings.cap)


@dataclass(frozen=True)
class OffPolicyFilter(PostSlot):
    """Sets the advantage of bad off-policy rollouts to 0 where they are far from the policy."""

    settings: FtisFilterSettings = field(default_factory=FtisFilterSettings)
    needs = frozenset[Need]({"old_logps"})

    def adjust(self, batch: Batch, advantages_N: Tensor) -> Tensor:
        """Return the filtered advantages, shape ``(N,)``."""
        drift_N_T = drift(batch)
        distance_N = distances(drift_N_T, self.settings.estimate)
        if self.settings.per_token:
            distance_N = distance_N / (batch.mask_N_T > 0).sum(dim=1).clamp(min=1)
        dropped_N = (advantages_N < 0) & ~batch.own_N.bool() & (distance_N > self.settings.limit)
        return advantages_N.masked_fill(dropped_N, 0.0)


def drift(batch: Batch) -> Tensor:
    """Return ``l_gen - l`` ``(N, T)``: 0 outside the mask and where the sampler is not known.

    Raises:
        ValueError: the batch has no log-probabilities of the rollout policy.
    """
    if batch.old_logps_N_T is None:
        raise ValueError("F-TIS needs the log-probabilities of the rollout policy")
    logps_N_T = widened(batch.old_logps_N_T)
    if batch.sampling_logps_N_T is None:
        return torch.zeros_like(logps_N_T)
    drift_N_T = widened(batch.sampling_logps_N_T) - logps_N_T
    known = (batch.mask_N_T > 0) & ~torch.isnan(drift_N_T)
    return torch.where(known, drift_N_T.clamp(-FAR, FAR), 0.0)


def truncated(drift_N_T: Tensor, cap: float) -> Tensor:
    """Return importance weights in (0, cap], ``(N, T)``."""
    return torch.exp(-drift_N_T).clamp(max=cap)


def distances(drift_N_T: Tensor, estimate: Literal["k3", "k1"] = "k3") -> Tensor:
    """Return the divergence of each rollout from the policy, ``(N,)``, in nats."""
    if estimate == "k1":
        return drift_N_T.sum(dim=1)
    return (torch.expm1(drift_N_T) - drift_N_T).sum(dim=1)
