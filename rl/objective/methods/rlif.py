"""RLIF: rewards without labels: agreement within the group, and the policy's own certainty.

Paper: Joarder et al., "Two is better than one: A Collapse-free Multi-Reward RLIF Training
Framework", arXiv 2605.22620. Status: published, code announced. Certainty as a reward is
Intuitor's (2505.19590), voting TTRL's (2504.16084).

Per rollout ``i`` of a group, with answers ``a``, ``V`` the vocabulary and means over its own
tokens, all ``(N,)``::

    agreement       R_i = |{j: a_j = a_i}| / |{j: a_j parseable}|     0 if a_i is not parseable
    certainty       R_i = mean_t KL(uniform || pi_t) = mean_t (logsumexp z_t - mean z_t - log V)
    overconfidence  R_i = -mean_t [pi(y_t) > 0.99]

The paper *rewards* certainty; articles about it say that sure tokens are *penalised*. These are
opposite hypotheses: ``certainty`` is the paper's, ``overconfidence`` the articles'. The paper
combines the channels by GDPO with weights one half each and adds KL-Cov
(:mod:`rl.objective.methods.kl_cov`) with 0.02 and 0.05.

An excluded rollout (truncated, voided) is not counted and has the reward NaN. Certainty is NaN too
for a rollout in which the model wrote nothing.

Limitations: agreement does not distinguish a right answer from a common one, and rises when the
policy repeats itself; the report therefore shows the gap between agreement and true accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rl.objective.methods.groups import grouped, rollout_means, widened
from rl.objective.methods.settings import (
    AgreementSettings,
    CertaintySettings,
    OverconfidenceSettings,
)
from rl.objective.slots import Batch, ChannelSlot, Need
from rl.rewards.outcome import Outcome


@dataclass(frozen=True)
class Agreement(ChannelSlot):
    """Share of the group's parseable answers that equal the rollout's own."""

    settings: AgreementSettings = field(default_factory=AgreementSettings)

    def reward(self, batch: Batch) -> Tensor:
        """Return the agreement of each rollout, ``(N,)`` in [0, 1]; NaN where it is excluded."""
        excluded = batch.outcomes_N == Outcome.EXCLUDED
        return agreement(batch.answer_keys_N, excluded, batch.group_size)


@dataclass(frozen=True)
class Certainty(ChannelSlot):
    """Mean KL divergence from uniform of the policy's next-token distributions."""

    settings: CertaintySettings = field(default_factory=CertaintySettings)
    needs = frozenset[Need]({"certainty"})

    def reward(self, batch: Batch) -> Tensor:
        """Return the certainty of each rollout, ``(N,)``, in nats.

        Raises:
            ValueError: the batch has no certainty.
        """
        if batch.certainty_N_T is None:
            raise ValueError("certainty needs KL(uniform || policy) of every token")
        return _where_written(batch, batch.certainty_N_T)


@dataclass(frozen=True)
class Overconfidence(ChannelSlot):
    """Negative share of tokens with a probability above a threshold."""

    settings: OverconfidenceSettings = field(default_factory=OverconfidenceSettings)
    needs = frozenset[Need]({"old_logps"})

    def reward(self, batch: Batch) -> Tensor:
        """Return minus the share of overconfident tokens, ``(N,)`` in [-1, 0].

        Raises:
            ValueError: the batch has no log-probabilities of the rollout policy.
        """
        if batch.old_logps_N_T is None:
            raise ValueError("overconfidence needs the log-probabilities of the rollout policy")
        sure_N_T = (widened(batch.old_logps_N_T).exp() > self.settings.above).float()
        return -_where_written(batch, sure_N_T)


def agreement(answer_keys_N: Tensor, excluded_N: Tensor, group_size: int) -> Tensor:
    """Return the share of the group's parseable answers that equal each rollout's, ``(N,)``.

    Args:
        answer_keys_N: equal within a group for equal answers, -1 for an unparseable one.
        excluded_N: bool; the reward of an excluded rollout is NaN, and it does not count for
            others.
        group_size: rollouts per question.
    """
    keys = grouped(answer_keys_N, group_size)
    votes = (keys >= 0) & ~grouped(excluded_N, group_size)
    same = (keys.unsqueeze(2) == keys.unsqueeze(1)) & votes.unsqueeze(2) & votes.unsqueeze(1)
    share = same.sum(dim=2) / votes.sum(dim=1, keepdim=True).clamp(min=1)
    return share.reshape(-1).masked_fill(excluded_N, torch.nan)


def _where_written(batch: Batch, values_N_T: Tensor) -> Tensor:
    silent = (batch.mask_N_T > 0).sum(dim=1) == 0
    silent = silent | (batch.outcomes_N == Outcome.EXCLUDED)
    return rollout_means(values_N_T, batch.mask_N_T).masked_fill(silent, torch.nan)
