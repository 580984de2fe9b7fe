"""Soft advantages: a rollout counts as much as the label of its question is trusted (RLAVR).

Paper: Wang et al., "When Self-Belief Misleads: Active Label Acquisition for RLVR", arXiv
2605.25864. Status: published, code Lumina04/CARE (``soft_adv``).

Per rollout ``i``, with its coefficient ``c_i``::

    A_i <- c_i A_i      c = 1 with a label, P(majority right) with a trusted majority, else 0

Coefficients are set where labels are handed out (:mod:`rl.training.labelled_rounds`).

Limitations: an advantage of 0 leaves the rollout's tokens in the denominator of the loss, as a
group without spread does in GRPO.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor

from rl.objective.methods.settings import SoftAdvSettings
from rl.objective.slots import Batch, PostSlot


@dataclass(frozen=True)
class SoftAdv(PostSlot):
    """Multiplies the advantage of each rollout by its coefficient."""

    settings: SoftAdvSettings = field(default_factory=SoftAdvSettings)

    def adjust(self, batch: Batch, advantages_N: Tensor) -> Tensor:
        """Return the advantages times their coefficients, shape ``(N,)``; 0 stays exactly 0."""
        if batch.coefficients_N is None:
            return advantages_N
        return advantages_N * batch.coefficients_N.to(advantages_N)
