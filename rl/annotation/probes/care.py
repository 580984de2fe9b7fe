"""CARE: estimate, before any label is asked for, how far it would correct the advantages.

Paper: Wang et al., "When Self-Belief Misleads: Active Label Acquisition for RLVR", arXiv
2605.25864, code Lumina04/CARE. One probe gives ``P``, the probability that the majority of a group
is right; a second one, for each smaller cluster and for "nobody", the probability that it is the
right one if the majority is not. The score of a group of ``n`` with a majority of ``x`` is the
expected gap::

    score = (1 - P) sum_y p(y) CAG(n, x, y)      y: sizes of the other clusters, and 0

Both probes learn from the labelled groups alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rl.annotation.probes.features import VOTE
from rl.annotation.probes.probe import Probe
from rl.annotation.selection.advantage_gap import advantage_gap
from rl.annotation.selection.clusters import AnswerGroup
from rl.recipes.label_settings import LabelSettings

CANDIDATE = 2
"""Features that the second probe reads beside those of the group: the size, and whether it is 0."""


class Care:
    """The two probes of a run.

    Args:
        settings: architecture, bottleneck and steps of the probes.
        width: dense features of a group.
        group_size: rollouts of a group, ``n``.
        seed: seed of the run.
    """

    def __init__(self, settings: LabelSettings, width: int, group_size: int, seed: int) -> None:
        def probe(extra: int, number: int) -> Probe:
            return Probe(
                width,
                group_size + VOTE + extra,
                architecture=settings.probe,
                kind=settings.bottleneck,
                kept=min(settings.kept, width),
                seed=2 * seed + number,
                learning_rate=settings.probe_rate,
                steps=settings.probe_steps,
            )

        self.vote = probe(0, 0)
        self._size = probe(CANDIDATE, 1)

    def trust(self, groups: Sequence[AnswerGroup], features_B_F: Tensor) -> list[float]:
        """Return the probability that the majority of each group is right.

        Until the probe has learnt from a few labels that is the majority's share of the rollouts.
        """
        if not self.vote.ready:
            return [_share(group) for group in groups]
        return [float(p) for p in self.vote.probability(features_B_F)]

    def scores(self, groups: Sequence[AnswerGroup], features_B_F: Tensor) -> dict[str, float]:
        """Return the expected gap of each group that has an answer, by question id."""
        trusted = self.trust(groups, features_B_F)
        found = {}
        for group, row, p in zip(groups, features_B_F, trusted, strict=True):
            if group.majority is not None:
                found[group.question.id] = (1 - p) * self._gap(group, row)
        return found

    def learn(
        self,
        groups: Sequence[AnswerGroup],
        features_B_F: Tensor,
        right: Sequence[int | None],
    ) -> None:
        """Learn from labelled groups and take the optimiser steps of a round.

        Args:
            groups: labelled groups that have an answer.
            features_B_F: their features.
            right: size of the right cluster, 0 where there is none, ``None`` where the majority is
                right.
        """
        truths = torch.tensor([float(size is None) for size in right])
        self.vote.learn(features_B_F, truths)
        rows, hits = [], []
        for group, row, size in zip(groups, features_B_F, right, strict=True):
            if size is not None:
                others = _others(group)
                rows += list(_candidates(group, row, others))
                hits += _first(others, size)
        width = features_B_F.size(1) + CANDIDATE
        self._size.learn(torch.stack(rows) if rows else torch.zeros(0, width), torch.tensor(hits))

    def state(self) -> dict[str, Any]:
        """Return the state of both probes."""
        return {"vote": self.vote.state(), "size": self._size.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state that :meth:`state` returned."""
        self.vote.restore(state["vote"])
        self._size.restore(state["size"])

    def _gap(self, group: AnswerGroup, row: Tensor) -> float:
        """Return the expected gap if the majority is wrong."""
        assert group.majority is not None
        others, largest = _others(group), len(group.majority.members)
        p = self._size.probability(_candidates(group, row, others))
        p = p / p.sum().clamp(min=1e-9)
        return sum(
            float(share) * advantage_gap(group.n, largest, size)
            for share, size in zip(p, others, strict=True)
        )


def _others(group: AnswerGroup) -> list[int]:
    """Return the sizes of the clusters beside the majority, in their order, and 0."""
    return [len(c.members) for c in group.clusters if c is not group.majority] + [0]


def _candidates(group: AnswerGroup, row_F: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return a row of features for each size, ``(S, F + 2)``."""
    told = torch.tensor([[size / group.n, float(size == 0)] for size in sizes])
    return torch.cat([row_F.expand(len(sizes), -1), told], dim=1)


def _first(sizes: Sequence[int], size: int) -> list[float]:
    """Return 1.0 at the first place of a size, 0.0 elsewhere."""
    place = list(sizes).index(size)
    return [float(at == place) for at in range(len(sizes))]


def _share(group: AnswerGroup) -> float:
    return len(group.majority.members) / group.n if group.majority else 0.0
