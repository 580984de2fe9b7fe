"""Statistics of groups and of masked tokens, computed as in TRL; NaN means "not scored"."""

from __future__ import annotations

import torch
from torch import Tensor


def widened(values: Tensor) -> Tensor:
    """Return ``values`` in float32 at least, since half precision loses group statistics."""
    return values if values.dtype in (torch.float32, torch.float64) else values.float()


def grouped(values_N: Tensor, group_size: int) -> Tensor:
    """Return the values reshaped to ``(N / group_size, group_size)``.

    Raises:
        ValueError: ``N`` is not a multiple of ``group_size``.
    """
    if values_N.shape[0] % group_size:
        raise ValueError(f"{values_N.shape[0]} rollouts do not divide into groups of {group_size}")
    return values_N.reshape(-1, group_size)


def nanstd(values: Tensor, dim: int) -> Tensor:
    """Return the sample standard deviation along ``dim`` (kept) without NaN; NaN for one value."""
    mean = torch.nanmean(values, dim=dim, keepdim=True)
    variance = torch.nanmean((values - mean) ** 2, dim=dim, keepdim=True)
    count = (~torch.isnan(values)).sum(dim=dim, keepdim=True).to(values.dtype)
    bessel = torch.where(count > 1, count / (count - 1), torch.nan)
    return torch.sqrt(variance * bessel)


def rollout_means(values_N_T: Tensor, mask_N_T: Tensor) -> Tensor:
    """Return each rollout's mean over its masked-in tokens ``(N,)``; 0 where the mask is empty.

    Values where the mask is 0 are ignored, NaN too.
    """
    mask = mask_N_T > 0
    kept = torch.where(mask, widened(values_N_T), 0.0)
    return kept.sum(dim=1) / mask.sum(dim=1).clamp(min=1)
