"""NSR: near-boundary stochastic rescue, a PPO clip whose bounds are drawn per token.

Paper: Yang et al., "Clipping Bottleneck: Stabilizing RLVR via Stochastic Recovery of Near-Boundary
Signals", arXiv 2605.22703. Status: published; no official code found.

A token whose clip is active (ratio ``rho > 1 + high`` and advantage > 0, or ``rho < 1 - low`` and
advantage < 0) loses its gradient under PPO. The paper multiplies its ratio by noise ``u`` and
keeps the token if that brings it back inside. Keeping it if ``u * rho <= 1 + high`` is the same
event as clipping at ``(1 + high) / u``, so a random bound per token does it, drawn without
regard to the ratio, and tokens inside the bounds never notice. With ``u`` uniform on
``(1 - delta, 1]``, shapes ``(N, T)`` or ``(N, 1)`` like the ratio::

    noise       high_t = (1 + high) / u_t - 1          low_t = 1 - (1 - low) * u_t
                P(kept | rho) = clip(((1 + high) / rho - (1 - delta)) / delta, 0, 1)
    bernoulli   high_t = band * high with probability p, else high; low_t likewise, one draw

``noise`` is the paper's and the default; ``bernoulli``, which naming ``p`` or ``band`` chooses, is
the variant of articles about it.

Defaults: the paper's range of the noise was not found; ``delta = 0.3`` rescues tokens up to a
ratio of ``(1 + high) / 0.7``, ours. ``p = 0.2`` and ``band = 1.5`` are the articles'; "within 1.5
times the threshold" is read as ``1 + 1.5 high``, not ``1.5 (1 + high)``.

Limitations: it has no effect while the ratio is exactly 1, so it needs ``num_iterations >= 2`` or
stale rollouts. A rescued token keeps its full gradient; the paper may also multiply the gradient by
``u``, which depends on the current ratio and cannot be expressed as a bound.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rl.objective.methods.settings import NsrSettings
from rl.objective.slots import ClipSlot


@dataclass(frozen=True)
class NearBoundaryRescue(ClipSlot):
    """PPO clip with a random bound per token."""

    settings: NsrSettings = field(default_factory=NsrSettings)

    def epsilons(
        self, low: float, high: float, like_N_T: Tensor, generator: torch.Generator
    ) -> tuple[float | Tensor, float | Tensor]:
        """Return the lower and upper epsilon of each token, each ``(N, T)``."""
        uniform = draws(like_N_T, generator)
        if self.settings.draw == "noise":
            return noise_bounds(low, high, 1.0 - self.settings.delta * uniform)
        return bernoulli_bounds(low, high, uniform < self.settings.p, self.settings.band)


def draws(like_N_T: Tensor, generator: torch.Generator) -> Tensor:
    """Return uniform random numbers in [0, 1), float32, with shape and device of ``like_N_T``."""
    drawn = torch.rand(like_N_T.shape, generator=generator, device=generator.device)
    return drawn.to(like_N_T.device)


def noise_bounds(low: float, high: float, u_N_T: Tensor) -> tuple[Tensor, Tensor]:
    """Return lower and upper epsilon; they keep a token if ``u * ratio`` is within the clip."""
    return 1.0 - (1.0 - low) * u_N_T, (1.0 + high) / u_N_T - 1.0


def bernoulli_bounds(
    low: float, high: float, rescued_N_T: Tensor, band: float
) -> tuple[Tensor, Tensor]:
    """Return lower and upper epsilon, ``band`` times as wide where ``rescued`` is true."""
    factor_N_T = torch.where(rescued_N_T, band, 1.0)
    return low * factor_N_T, high * factor_N_T
