"""TIAR: abstaining gains advantage where the group's other attempts were wrong.

Paper: Pan et al., "TIAR: Trajectory-Informed Advantage Reweighting for LLM Abstention Learning",
arXiv 2605.25850. Status: published, code muyupan/TruthRL (where the adjustment never fires,
because a length penalty is added to the score before the rollout is classified).

Per group, with ``n_c`` correct and ``n_w`` wrong rollouts, on advantages ``(N,)``::

    p = n_c / (n_c + n_w)
    A_i += lam * (1 - 2 p)     for every i that abstained;  nothing if n_c + n_w = 0

Wrong includes unparseable; excluded rollouts (truncated, voided) neither count nor change.
Rollouts are classified by their outcome, before any reward is shaped.

Defaults: ``lam = 0.3`` from the paper's configuration. ``relative`` (ours) makes ``lam`` a
multiple of the standard deviation of the batch's advantages; needed with advantages that are
not in standard deviations already (LamPO, RLOO). ``confidence = "agreement"`` (ours, the label-free
method that articles describe) takes for ``p`` the largest cluster of equal answers over the
attempts.

Limitations: ``labels`` needs gold answers. ``agreement`` cannot tell a consistent hallucination
from knowledge, and then discourages abstaining.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rl.objective.methods.groups import grouped, nanstd, widened
from rl.objective.methods.settings import TiarSettings
from rl.objective.slots import Batch, PostSlot
from rl.rewards.outcome import Outcome


@dataclass(frozen=True)
class Tiar(PostSlot):
    """Raises or lowers the advantage of abstaining, by how often the group was right."""

    settings: TiarSettings = field(default_factory=TiarSettings)

    def adjust(self, batch: Batch, advantages_N: Tensor) -> Tensor:
        """Return the adjusted advantages, shape ``(N,)``."""
        outcomes = grouped(batch.outcomes_N, batch.group_size)
        p, attempts = (
            correct_share(outcomes)
            if self.settings.confidence == "labels"
            else majority_share(outcomes, grouped(batch.answer_keys_N, batch.group_size))
        )
        lam = self.settings.lam
        if self.settings.relative:
            lam *= float(torch.nan_to_num(nanstd(widened(advantages_N), dim=0)))
        return adjusted(advantages_N, outcomes, p, attempts, lam)


def correct_share(outcomes_B_G: Tensor) -> tuple[Tensor, Tensor]:
    """Return the share of correct attempts and the number of attempts, both ``(B, 1)``."""
    correct = (outcomes_B_G == Outcome.CORRECT).sum(dim=1, keepdim=True)
    attempts = correct + (outcomes_B_G == Outcome.WRONG).sum(dim=1, keepdim=True)
    return correct / attempts.clamp(min=1), attempts


def majority_share(outcomes_B_G: Tensor, keys_B_G: Tensor) -> tuple[Tensor, Tensor]:
    """Return the largest cluster's share of the attempts and their number, both ``(B, 1)``."""
    attempted = (outcomes_B_G == Outcome.CORRECT) | (outcomes_B_G == Outcome.WRONG)
    votes = attempted & (keys_B_G >= 0)
    same = (
        (keys_B_G.unsqueeze(2) == keys_B_G.unsqueeze(1)) & votes.unsqueeze(2) & votes.unsqueeze(1)
    )
    attempts = attempted.sum(dim=1, keepdim=True)
    return same.sum(dim=2).amax(dim=1, keepdim=True) / attempts.clamp(min=1), attempts


def adjusted(
    advantages_N: Tensor, outcomes_B_G: Tensor, p_B: Tensor, attempts_B: Tensor, lam: float
) -> Tensor:
    """Return the advantages with ``lam * (1 - 2p)`` added where a rollout abstained, ``(N,)``."""
    moved = (outcomes_B_G == Outcome.ABSTAINED) & (attempts_B > 0)
    bonus = torch.where(moved, lam * (1.0 - 2.0 * p_B), 0.0).reshape(-1)
    return widened(advantages_N) + bonus.to(widened(advantages_N).dtype)
