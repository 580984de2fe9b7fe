"""Orthogonal bottleneck: a fixed projection of features onto few dimensions, and alternatives.

Paper: Todorov and Sabatelli, "Learning in Low-Dimensional Subspaces: Orthogonal Bottlenecks for
Reinforcement Learning", arXiv 2605.26012. ``B`` of shape ``(D, k)`` is drawn uniformly among
matrices with orthonormal columns (Haar measure): ``X ~ N(0, 1)``, ``Q R = X``,
``B = Q sign(diag R)``. Features ``z`` become ``h = z B``.

Limitations: on the features of a frozen encoder with full rank, a random ``B`` keeps about
``k / D`` of the variance that a linear target needs; nothing is lost where the features have rank
``k`` or less (:func:`effective_rank`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

Kind = Literal["haar", "linear", "pca", "none"]


class OrthogonalBottleneck(nn.Module):  # type: ignore[misc]
    """Projects ``(..., D)`` onto ``(..., k)`` by a fixed orthonormal matrix.

    ``basis`` ``(D, k)`` is a buffer in float32: saved with the module, never trained, and kept in
    float32 when the module is cast.
    """

    basis: Tensor

    def __init__(self, basis_D_k: Tensor, *, scaled: bool = False) -> None:
        super().__init__()
        self.register_buffer("basis", basis_D_k.float())
        width, kept = basis_D_k.shape
        self.scale = math.sqrt(width / kept) if scaled else 1.0

    def forward(self, z: Tensor) -> Tensor:
        """Return ``z B``, times ``sqrt(D / k)`` if ``scaled``, in float32."""
        return self.scale * (z.float() @ self.basis)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
        """Move the basis with the module, but leave it in float32."""
        exact = self.basis
        super()._apply(fn, recurse)
        self.basis = exact.to(self.basis.device)
        return self


def haar(width: int, kept: int, seed: int) -> Tensor:
    """Return a random orthonormal basis ``(D, k)``, uniform by the Haar measure, in float32.

    Raises:
        ValueError: ``kept`` is not between 1 and ``width``.
    """
    _check(width, kept)
    chance = torch.Generator().manual_seed(seed)
    drawn = torch.randn(width, kept, generator=chance, dtype=torch.float64)
    q, r = torch.linalg.qr(drawn)
    return (q * torch.sign(torch.diagonal(r))).float()


def principal(features_N_D: Tensor, kept: int) -> Tensor:
    """Return the first ``kept`` principal directions of features ``(N, D)``, as columns.

    Raises:
        ValueError: ``kept`` is greater than ``D`` or than ``N``.
    """
    rows, width = features_N_D.shape
    _check(min(rows, width), kept)
    centred = features_N_D.double() - features_N_D.double().mean(dim=0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    return directions[:kept].T.float().contiguous()


def bottleneck(
    kind: Kind, width: int, kept: int, seed: int, seen_N_D: Tensor | None = None
) -> tuple[nn.Module, int]:
    """Return a bottleneck and the width of what it returns.

    Args:
        kind: ``haar``, ``pca``, ``linear`` (trained with the rest) or ``none``.
        width: number of features ``D``.
        kept: dimensions ``k`` that are left; ignored by ``none``.
        seed: of ``haar``'s matrix and of ``linear``'s first weights.
        seen_N_D: features that ``pca`` is fitted on.

    Raises:
        ValueError: ``kept`` is too great, or ``pca`` has nothing to be fitted on.
    """
    match kind:
        case "none":
            return nn.Identity(), width
        case "haar":
            return OrthogonalBottleneck(haar(width, kept, seed)), kept
        case "pca":
            if seen_N_D is None:
                raise ValueError("pca is fitted on features, and there are none")
            return OrthogonalBottleneck(principal(seen_N_D, kept)), kept
        case "linear":
            _check(width, kept)
            layer = nn.Linear(width, kept, bias=False)
            with torch.no_grad():
                layer.weight.copy_(haar(width, kept, seed).T)
            return layer, kept


def effective_rank(features_N_D: Tensor) -> float:
    """Return ``exp`` of the entropy of the normalised singular values of centred features."""
    centred = features_N_D.double() - features_N_D.double().mean(dim=0)
    sizes = torch.linalg.svdvals(centred)
    shares = sizes / sizes.sum().clamp(min=1e-12)
    shares = shares[shares > 0]
    return float(torch.exp(-(shares * shares.log()).sum()))


def _check(width: int, kept: int) -> None:
    if not 1 <= kept <= width:
        raise ValueError(f"a bottleneck of {kept} dimensions does not fit {width} features")
