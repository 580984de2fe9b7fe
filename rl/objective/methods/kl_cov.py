"""KL-Cov: a KL penalty on the few tokens that reduce the entropy most.

Papers: "The Entropy Mechanism of Reinforcement Learning for Reasoning Language Models",
arXiv 2505.22617, code PRIME-RL/Entropy-Mechanism-of-RL; used by RLIF, arXiv 2605.22620. Status:
published, with code.

Over the ``n`` valid tokens of the batch, with the log-probability ``l`` and the advantage ``A``
of each, both ``(N, T)`` at rollout time::

    cov_t = (l_t - mean l) * (A_t - mean A)
    S     = the max(1, floor(fraction * n)) tokens with the greatest cov
    L_t   = -rho_t * A_t + coefficient * |log rho_t|     for t in S: never clipped

Defaults: ``fraction = 0.002`` and ``coefficient = 1`` as in the first paper's code; RLIF reports
0.02 and 0.05. Ours: ``S`` is chosen once, from the rollout policy, so that it holds for every inner
epoch; and it is empty when all advantages, or all log-probabilities, are equal: every ``cov`` is
then 0 and a choice would be arbitrary.

Limitations: it has no effect while the ratio is exactly 1 (the gradient of ``|log rho|`` is 0
there), so it needs ``num_iterations >= 2``. Means and counts are those of one process's batch.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rl.objective.methods.groups import widened
from rl.objective.methods.settings import KlCovSettings
from rl.objective.slots import Batch, Need, RegulariserSlot


@dataclass(frozen=True)
class KlCov(RegulariserSlot):
    """Penalises the tokens with the greatest covariance of log-probability and advantage."""

    settings: KlCovSettings = field(default_factory=KlCovSettings)
    needs = frozenset[Need]({"old_logps"})

    def select(self, batch: Batch, advantages_N_T: Tensor) -> Tensor:
        """Return the selected tokens, bool ``(N, T)``.

        Raises:
            ValueError: the batch has no log-probabilities of the rollout policy.
        """
        if batch.old_logps_N_T is None:
            raise ValueError("kl_cov needs the log-probabilities of the rollout policy")
        return top_covariance(
            batch.old_logps_N_T, advantages_N_T, batch.mask_N_T, self.settings.fraction
        )

    def penalty(self, logps_N_T: Tensor, old_logps_N_T: Tensor, selected_N_T: Tensor) -> Tensor:
        """Return ``coefficient * |log ratio|`` on the selected tokens, ``(N, T)``."""
        distance = (logps_N_T - old_logps_N_T).abs()
        return torch.where(selected_N_T, self.settings.coefficient * distance, 0.0)


def top_covariance(
    logps_N_T: Tensor, advantages_N_T: Tensor, mask_N_T: Tensor, fraction: float
) -> Tensor:
    """Return the tokens with the greatest covariance, bool ``(N, T)``."""
    valid = mask_N_T > 0
    selected = torch.zeros_like(valid)
    logps, advantages = widened(logps_N_T)[valid], widened(advantages_N_T)[valid]
    if not fraction or not logps.numel():
        return selected
    if bool((logps == logps[0]).all()) or bool((advantages == advantages[0]).all()):
        return selected
    covariance = (logps - logps.mean()) * (advantages - advantages.mean())
    chosen = torch.zeros_like(covariance, dtype=torch.bool)
    chosen[covariance.topk(max(1, int(fraction * covariance.numel()))).indices] = True
    return selected.masked_scatter(valid, chosen)
