"""DelTA: weigh the tokens that tell good rollouts from bad ones.

Paper: Zhang, Wu, Lin, "DelTA: Discriminative Token Credit Assignment for RLVR", arXiv 2605.21467,
code RUCBM/DelTA. Status: published, with code.

With the last hidden state ``h (N, T, D)`` at the position that predicts each token, its
probability ``p (N, T)`` under the rollout policy, and the advantages ``A``, over the model's own
tokens of the rollouts with ``A > 0`` (side +) and ``A < 0`` (side -)::

    v_t    = (1 - p_t) h_t                          direction of the output layer's gradient
    mu_s   = sum_s |A| alpha v / sum_s |A| alpha    alpha = 1 at first
    margin = |v - mu_other|^2 - |v - mu_own|^2
    alpha  = sigmoid(margin / std of margin over the side)
    w_t    = lambda_t n / sum lambda,   lambda_t = low + (high - low) alpha_t   low where A = 0

so the mean weight is 1. After the first round the centroids are refined ``refinements`` times.

Defaults: weights in [0.8, 1.2] and one refinement, from the paper's code. Where that code uses the
attention mask, tools' tokens are left out here. With one side empty, or with vectors that do not
differ, every weight is 1.

Limitations: all weights are 1 while a batch has only good or only bad rollouts. Hidden states are
read twice per round (two forward passes, if the trainer has not recorded them). Do not combine it
with a mask of the most uncertain tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rl.objective.methods.groups import widened
from rl.objective.methods.settings import DeltaSettings
from rl.objective.slots import Batch, Need, WeightSlot

Chunks = Callable[[], Iterator[tuple[slice, Tensor]]]

FLAT = 1e-5
"""Margins with a smaller spread, relative to the centroids' squared norm, count as rounding errors.
"""


@dataclass(frozen=True)
class Delta(WeightSlot):
    """Token weights of mean 1, larger for tokens typical of the good or of the bad rollouts."""

    settings: DeltaSettings = field(default_factory=DeltaSettings)
    needs = frozenset[Need]({"hidden", "old_logps"})

    def weigh(self, batch: Batch, advantages_N: Tensor) -> Tensor:
        """Return the token weights, shape ``(N, T)``.

        Raises:
            ValueError: the batch has no hidden states, or no log-probabilities.
        """
        if batch.hidden_chunks is None or batch.old_logps_N_T is None:
            raise ValueError("delta needs hidden states and the rollout policy's log-probabilities")
        pull_N_T = 1.0 - widened(batch.old_logps_N_T).exp()
        valid_N_T = batch.mask_N_T > 0
        weights_N_T = discriminative(
            batch.hidden_chunks,
            torch.where(valid_N_T, pull_N_T, 0.0),
            widened(advantages_N).unsqueeze(1) * valid_N_T,
            valid_N_T,
            (self.settings.low, self.settings.high),
            self.settings.refinements,
        )
        return (
            shuffled_weights(weights_N_T, valid_N_T, batch.generator)
            if self.settings.shuffled
            else weights_N_T
        )


def shuffled_weights(weights_N_T: Tensor, mask_N_T: Tensor, generator: torch.Generator) -> Tensor:
    """Return the weights shuffled over the tokens of the mask, ``(N, T)`` (for a control)."""
    earned = weights_N_T[mask_N_T]
    order = torch.randperm(len(earned), generator=generator, device=generator.device)
    return weights_N_T.masked_scatter(mask_N_T, earned[order.to(earned.device)])


def discriminative(  # noqa: PLR0913
    chunks: Chunks,
    pull_N_T: Tensor,
    advantages_N_T: Tensor,
    mask_N_T: Tensor,
    bounds: tuple[float, float] = (0.8, 1.2),
    refinements: int = 1,
) -> Tensor:
    """Return DelTA's token weights ``(N, T)``: mean 1 over the mask, 0 outside it.

    Args:
        chunks: yields ``(rows, hidden (n, T, D))``, once per call.
        pull_N_T: ``1 - p`` of each token.
        advantages_N_T: 0 outside the mask.
        mask_N_T: bool, the model's own tokens.
        bounds: smallest and largest weight before the mean is set to 1.
        refinements: number of times the centroids are computed again.
    """
    sides = advantages_N_T > 0, advantages_N_T < 0
    if not (sides[0].any() and sides[1].any()):
        return mask_N_T.to(pull_N_T.dtype)
    alpha_N_T = torch.ones_like(pull_N_T)
    for _ in range(1 + refinements):
        mass_N_T = advantages_N_T.abs() * alpha_N_T
        plus_D, minus_D = centroids(chunks, pull_N_T, (mass_N_T * sides[0], mass_N_T * sides[1]))
        margins_N_T = margins(chunks, pull_N_T, plus_D, minus_D)
        flat = FLAT * float(plus_D.square().sum() + minus_D.square().sum())
        alpha_N_T = closeness(margins_N_T, sides[0], flat) + closeness(-margins_N_T, sides[1], flat)
    low, high = bounds
    lambda_N_T = (low + (high - low) * alpha_N_T) * mask_N_T
    return lambda_N_T * (mask_N_T.sum() / lambda_N_T.sum())


def centroids(
    chunks: Chunks, pull_N_T: Tensor, masses_N_T: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """Return two centroids, each ``(D,)``: means of ``v`` weighted by each mass, in one pass."""
    pulls = torch.stack([pull_N_T * mass for mass in masses_N_T])
    totals = sum(
        torch.einsum("snt,ntd->sd", pulls[:, rows], hidden.to(pull_N_T))
        for rows, hidden in chunks()
    )
    plus_D, minus_D = (total / mass.sum() for total, mass in zip(totals, masses_N_T, strict=True))
    return plus_D, minus_D


def margins(chunks: Chunks, pull_N_T: Tensor, plus_D: Tensor, minus_D: Tensor) -> Tensor:
    """Return the margins ``(N, T)``, positive where ``v`` is nearer to ``plus``."""
    toward_D = 2.0 * (plus_D - minus_D)
    offset = plus_D.square().sum() - minus_D.square().sum()
    along_N_T = torch.zeros_like(pull_N_T)
    for rows, hidden in chunks():
        along_N_T[rows] = hidden.to(pull_N_T) @ toward_D
    return pull_N_T * along_N_T - offset


def closeness(margins_N_T: Tensor, side_N_T: Tensor, flat: float) -> Tensor:
    """Return ``alpha`` of one side's tokens, 0 elsewhere; 0.5 where the margins do not vary."""
    spread = margins_N_T[side_N_T].std(correction=0)
    alpha = (
        torch.sigmoid(margins_N_T / spread) if spread > flat else torch.full_like(margins_N_T, 0.5)
    )
    return torch.where(side_N_T, alpha, 0.0)
