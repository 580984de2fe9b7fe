"""Entropy shaping: an exploration bonus, bounded by a fraction of the advantage.

Papers: "Reasoning with Exploration: An Entropy Perspective", arXiv 2506.14758; used by
LegalSearch-R1, "Can LLMs Time Travel?", arXiv 2605.25920, code AlexFanw/LegalSearch-R1. Status:
published, with code.

With advantages ``A`` and the entropy ``H`` of the next-token distribution at rollout time, in nats,
both ``(N, T)``::

    A_t += min(alpha * H_t, |A_t| / kappa)

With ``kappa > 1`` the sign of ``A`` never flips, and 0 stays 0.

Defaults: ``alpha = 0.1``, ``kappa = 2`` and all of the model's tokens, as in LegalSearch-R1's code.
The first paper has ``alpha = 0.4``; LegalSearch-R1's text restricts the bonus to plan tokens, its
code does not.

Limitations: it does not keep entropy up by itself. A token with a negative advantage is punished
less if it was uncertain; a token whose advantage is 0 is unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rl.objective.methods.groups import widened
from rl.objective.methods.settings import EntropySettings
from rl.objective.slots import AdditiveSlot, Batch, Need


@dataclass(frozen=True)
class EntropyShaping(AdditiveSlot):
    """Adds ``alpha`` times the entropy to a token's advantage, at most ``|advantage| / kappa``."""

    settings: EntropySettings = field(default_factory=EntropySettings)
    needs = frozenset[Need]({"entropies"})

    def add(self, batch: Batch, advantages_N_T: Tensor) -> Tensor:
        """Return the bonus of each token, shape ``(N, T)``.

        Raises:
            ValueError: the batch has no entropies.
        """
        if batch.entropies_N_T is None:
            raise ValueError("entropy shaping needs the entropies of the rollout policy")
        return shaping(
            advantages_N_T,
            batch.entropies_N_T,
            batch.mask_N_T,
            self.settings.alpha,
            self.settings.kappa,
        )


def shaping(
    advantages_N_T: Tensor, entropies_N_T: Tensor, mask_N_T: Tensor, alpha: float, kappa: float
) -> Tensor:
    """Return the bonus ``(N, T)``, 0 where the mask is 0."""
    advantages = widened(advantages_N_T)
    bonus = torch.minimum(alpha * widened(entropies_N_T).clamp(min=0.0), advantages.abs() / kappa)
    return torch.where(mask_N_T > 0, bonus, 0.0)
