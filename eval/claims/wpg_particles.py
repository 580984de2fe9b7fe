"""The Wasserstein policy gradient's own step, for actions that are vectors.

Paper: arXiv 2605.26078 (see :mod:`rl.objective.methods.wpg`). The policy of one state is a cloud of
``M`` particles ``(M, d)`` that climb ``grad_a Q`` and diffuse, which is Langevin dynamics::

    a' = a + eta * grad_a Q(a) + sqrt(2 tau eta) * noise

For ``Q(a) = -beta/2 |a - m|^2`` everything is Gaussian and known exactly, per coordinate::

    explicit   mean' - m = (1 - eta beta) (mean - m)
               var' - var* = (1 - eta beta)^2 (var - var*),  var* = (tau/beta) / (1 - eta beta/2)
    proximal   mean' - m = (mean - m) / (1 + eta beta)
               std'  = (std + sqrt(std^2 + 4 tau eta (1 + eta beta))) / (2 (1 + eta beta))

The explicit step ends at a variance too large by ``1 / (1 - eta beta/2)``: the theorem's O(eta)
bias. The proximal step (JKO) ends at ``tau/beta`` exactly.

Limitations: it does not apply to a vocabulary, where ``grad_a Q`` does not exist.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def langevin_step(
    actions_M_D: Tensor,
    slope_M_D: Tensor,
    eta: float,
    tau: float,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return the particles after one step of size ``eta`` at temperature ``tau``, ``(M, d)``.

    Args:
        actions_M_D: the particles.
        slope_M_D: the gradient of Q at each.
        eta: step size, > 0.
        tau: weight of the entropy; 0 is plain gradient ascent.
        generator: the source of the noise.
    """
    noise = torch.randn(
        actions_M_D.shape, generator=generator, dtype=actions_M_D.dtype, device=actions_M_D.device
    )
    return actions_M_D + eta * slope_M_D + math.sqrt(2.0 * tau * eta) * noise


def explicit_moments(
    offset: float, variance: float, eta: float, tau: float, beta: float
) -> tuple[float, float]:
    """Return ``mean - m`` and variance after one Langevin step on ``-beta/2 |a - m|^2``."""
    shrink = 1.0 - eta * beta
    return shrink * offset, shrink**2 * variance + 2.0 * tau * eta


def proximal_moments(
    offset: float, deviation: float, eta: float, tau: float, beta: float
) -> tuple[float, float]:
    """Return ``mean - m`` and standard deviation after one proximal (JKO) step on the same Q."""
    stiff = 1.0 + eta * beta
    widest = deviation + math.sqrt(deviation**2 + 4.0 * tau * eta * stiff)
    return offset / stiff, widest / (2.0 * stiff)
