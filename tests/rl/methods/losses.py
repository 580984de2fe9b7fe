"""The clipped loss of one step, written out, for tests that compare gradients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Bound = float | Tensor


def clipped_loss(ratio: Tensor, advantages: Tensor, low: Bound, high: Bound) -> Tensor:
    """-min(ratio A, clip(ratio) A) per token, as TRL computes it."""
    inside = torch.clamp(ratio, 1 - torch.as_tensor(low), 1 + torch.as_tensor(high))
    return -torch.min(ratio * advantages, inside * advantages)


def gradient(loss: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Gradient of the summed loss."""
    leaf = at.detach().clone().requires_grad_()
    (found,) = torch.autograd.grad(loss(leaf).sum(), leaf)
    return found
