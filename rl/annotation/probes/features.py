"""Features of a group of rollouts for the probes: hidden states, and the shape of the vote.

As in arXiv 2605.25864: the hidden state at the end of the prompt and at the last token of the
response, the share of rollouts with an answer, the sizes of the clusters, and lengths / 4000.
States are means over the rollouts of the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from agent.models.token_sequence import TokenSequence
from rl.annotation.selection.clusters import AnswerGroup
from rl.rollouts.rollout import Rollout

ROWS = 16
"""Rollouts of one forward pass."""
LONG = 4000
"""Tokens of a response of length 1."""
VOTE = 4
"""Number of features beside hidden states and cluster sizes."""


def width_of(model: Any) -> int:
    """Return the number of dense features ``2 D`` of a model with hidden size ``D``."""
    return 2 * int(model.config.hidden_size)


def group_features(
    model: Any, groups: Sequence[AnswerGroup], rollouts: Sequence[Sequence[Rollout]]
) -> Tensor:
    """Return the features of groups, ``(B, 2 D + n + 4)``, in float32 on the CPU.

    Args:
        model: a causal language model; evaluated without gradient.
        groups: the groups, all of ``n`` rollouts.
        rollouts: their rollouts; one without tokens counts in the vote alone.
    """
    rows = []
    for group, mine in zip(groups, rollouts, strict=True):
        tokens = [one.episode for one in mine if one.episode is not None]
        rows.append(torch.cat([_states(model, tokens), vote_features(group, tokens)]))
    return torch.stack(rows)


def vote_features(group: AnswerGroup, tokens: Sequence[TokenSequence]) -> Tensor:
    """Return the shape of a vote ``(n + 4,)``.

    Sizes of the clusters over ``n``, the largest first, padded with 0; the share of rollouts with
    an answer; mean, least and greatest length of the responses.
    """
    sizes = sorted((len(cluster.members) for cluster in group.clusters), reverse=True)
    shares = [size / group.n for size in sizes] + [0.0] * (group.n - len(sizes))
    lengths = [len(one.completion_ids) / LONG for one in tokens] or [0.0]
    told = [sum(sizes) / group.n, sum(lengths) / len(lengths), min(lengths), max(lengths)]
    return torch.tensor([*shares, *told])


def _states(model: Any, tokens: Sequence[TokenSequence]) -> Tensor:
    """Return the mean states at the end of the prompts and of the responses, ``(2 D,)``."""
    if not tokens:
        return torch.zeros(width_of(model))
    parts = [_read(model, tokens[at : at + ROWS]) for at in range(0, len(tokens), ROWS)]
    return torch.cat(parts).mean(dim=0).flatten()


def _read(model: Any, tokens: Sequence[TokenSequence]) -> Tensor:
    """Return the two states of each sequence, ``(N, 2, D)``."""
    threads = [torch.tensor([*one.prompt_ids, *one.completion_ids]) for one in tokens]
    ids = torch.nn.utils.rnn.pad_sequence(threads, batch_first=True).to(model.device)
    lengths = torch.tensor([len(one) for one in threads])
    seen = (torch.arange(ids.size(1)) < lengths.unsqueeze(1)).long().to(model.device)
    whole = model.get_base_model() if hasattr(model, "get_base_model") else model
    with torch.no_grad():
        found = whole.base_model(input_ids=ids, attention_mask=seen, use_cache=False)
    hidden = found.last_hidden_state.float().cpu()
    ends = torch.tensor([len(one.prompt_ids) - 1 for one in tokens])
    places = torch.stack([ends.clamp(min=0), lengths - 1], dim=1)
    return hidden[torch.arange(len(hidden)).unsqueeze(1), places]
