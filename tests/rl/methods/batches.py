"""Small batches of every shape that a method may meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from rl.objective.slots import Batch, TopK
from rl.rewards.outcome import Outcome

VOCABULARY, WIDTH, LIKELIEST = 7, 5, 3


def a_batch(
    groups: int = 2,
    group_size: int = 4,
    tokens: int = 6,
    *,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    **changed: Any,
) -> Batch:
    """A random batch in which some tokens are tools', some rewards and log-probs unknown."""
    chance = torch.Generator().manual_seed(seed)
    n = groups * group_size

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=chance).to(dtype)

    def integers(high: int, *shape: int) -> Tensor:
        return torch.randint(high, shape, generator=chance)

    rewards = uniform(n, 2)
    rewards[uniform(n, 2) < 0.15] = torch.nan
    old = -3 * uniform(n, tokens)
    hidden = uniform(n, tokens, WIDTH) - 0.5
    spread = {side: uniform(n, tokens, VOCABULARY).float().log_softmax(-1) for side in ("p", "q")}
    top = {side: logps.topk(LIKELIEST, dim=-1) for side, logps in spread.items()}

    def chunks() -> Iterator[tuple[slice, Tensor]]:
        for start in range(0, n, 3):
            yield slice(start, start + 3), hidden[start : start + 3]

    known: dict[str, Any] = {
        "group_size": group_size,
        "channels": ("temporal", "format"),
        "channel_weights_F": torch.tensor([1.0, 0.5]),
        "rewards_N_F": rewards,
        "completion_ids_N_T": integers(VOCABULARY, n, tokens),
        "mask_N_T": (uniform(n, tokens) < 0.7).float(),
        "outcomes_N": integers(4, n) - 1,
        "answer_keys_N": integers(3, n) - 1,
        "own_N": uniform(n) < 0.6,
        "sampling_logps_N_T": (old + uniform(n, tokens) - 0.5).masked_fill(
            uniform(n, tokens) < 0.1, torch.nan
        ),
        "old_logps_N_T": old,
        "entropies_N_T": 2 * uniform(n, tokens),
        "certainty_N_T": uniform(n, tokens),
        "teacher_logps_N_T": -4 * uniform(n, tokens),
        "top_k": TopK(
            top["p"].indices,
            top["p"].values,
            top["q"].indices,
            top["q"].values,
            torch.nn.functional.normalize(torch.randn(VOCABULARY, WIDTH, generator=chance), dim=1),
        ),
        "hidden_chunks": chunks,
        "generator": torch.Generator().manual_seed(seed),
    }
    return Batch(**{**known, **changed})


def labels(*letters: str) -> Tensor:
    """Outcomes from letters: c(orrect), w(rong), a(bstained), x (excluded)."""
    known = {
        "c": Outcome.CORRECT,
        "w": Outcome.WRONG,
        "a": Outcome.ABSTAINED,
        "x": Outcome.EXCLUDED,
    }
    return torch.tensor([known[letter] for letter in letters])


def permuted(batch: Batch, order: Tensor) -> Batch:
    """The same rollouts in another order."""
    n = len(order)
    moved = {
        field.name: value[order]
        for field in fields(batch)
        if isinstance(value := getattr(batch, field.name), Tensor) and value.shape[0] == n
        if field.name != "channel_weights_F"
    }
    top = batch.top_k
    if top is not None:
        rows = (top.old_ids, top.old_logps, top.ref_ids, top.ref_logps)
        moved["top_k"] = TopK(*(one[order] for one in rows), top.embeddings)
    if batch.hidden_chunks is not None:
        hidden = torch.cat([part for _, part in batch.hidden_chunks()])[order]
        moved["hidden_chunks"] = lambda: iter([(slice(0, n), hidden)])
    return replace(batch, **moved)
