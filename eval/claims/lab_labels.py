"""Labels in the laboratory: choice, probes and trust are the product's, on its rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from corpus.questions import Posed
from eval.claims.lab import Scored
from rl.annotation.probes.care import Care
from rl.annotation.probes.features import vote_features
from rl.annotation.selection.advantage_gap import advantage_gap
from rl.annotation.selection.choosers import Chooser, by_table, choose, choosers, trusted
from rl.annotation.selection.clusters import AnswerGroup, Cluster
from rl.objective.slots import Batch
from rl.recipes.label_settings import LabelSettings


@dataclass
class Labelling:
    """The labels of one run.

    Args:
        settings: the table ``[labels]``; the source is the task's own answers.
        width: hidden units of the policy.
        group_size: rollouts of a question.
        seed: seed of the run.
    """

    settings: LabelSettings
    width: int
    group_size: int
    seed: int

    def __post_init__(self) -> None:
        self._care = Care(self.settings, 2 * self.width, self.group_size, self.seed)
        self._round = 0
        self.handed_out = 0

    def labelled(self, batch: Batch, judged: Scored) -> Batch:
        """Return the batch with rewards where there is a label or a trusted majority, else NaN."""
        groups = _groups(judged.keys, self.group_size, self._round)
        features = _features(batch, groups)
        right = judged.task.bool().tolist()
        sizes = {
            group.question.id: _size_of_the_right(group, right, at * group.n)
            for at, group in enumerate(groups)
        }
        chooser = self._chooser(groups, features, sizes)
        chosen = [at for at, _ in choose(chooser, groups, self.settings.budget)]
        self.handed_out += len(chosen)
        self._care.learn(
            [groups[at] for at in chosen],
            features[chosen],
            [sizes[groups[at].question.id] for at in chosen],
        )
        asked = {groups[at].question.id for at in chosen}
        stand_ins = self._trusted(groups, features, asked)
        return _graded(batch, judged.keys, groups, asked, stand_ins)

    def _chooser(
        self, groups: Sequence[AnswerGroup], features: Tensor, sizes: dict[str, int | None]
    ) -> Chooser:
        if self.settings.policy == "care":
            return by_table("care", self._care.scores(groups, features))
        if self.settings.policy == "oracle_cag":
            gaps = {
                g.question.id: advantage_gap(g.n, len(g.majority.members), sizes[g.question.id])
                for g in groups
                if g.majority is not None
            }
            return by_table("oracle_cag", gaps)
        return choosers(self.seed + self._round)[self.settings.policy]

    def _trusted(
        self, groups: Sequence[AnswerGroup], features: Tensor, asked: set[str]
    ) -> dict[str, float]:
        self._round += 1
        if not self.settings.pseudo or self._round <= self.settings.warmup:
            return {}
        return trusted(groups, self._care.trust(groups, features), asked, self.settings.gate)


def _graded(
    batch: Batch,
    keys_N: Tensor,
    groups: Sequence[AnswerGroup],
    asked: set[str],
    stand_ins: dict[str, float],
) -> Batch:
    rewards, weights = batch.rewards_N_F.clone(), torch.ones(len(keys_N))
    for at, group in enumerate(groups):
        if group.question.id in asked:
            continue
        rows = slice(at * group.n, (at + 1) * group.n)
        trust = stand_ins.get(group.question.id)
        weights[rows] = trust or 0.0
        rewards[rows] = torch.nan
        if trust is not None and group.majority is not None:
            agrees = keys_N[rows] == int(group.majority.key)
            rewards[rows] = agrees.float().unsqueeze(1)
    return replace(batch, rewards_N_F=rewards, coefficients_N=weights)


def _groups(keys_N: Tensor, group_size: int, number: int) -> list[AnswerGroup]:
    found = []
    for at, keys in enumerate(keys_N.reshape(-1, group_size).tolist()):
        members: dict[int, list[int]] = {}
        for place, key in enumerate(keys):
            if key >= 0:
                members.setdefault(key, []).append(place)
        found.append(
            AnswerGroup(
                question=Posed(id=f"{number}-{at}", language="en", text=""),
                n=group_size,
                clusters=tuple(Cluster(key=str(k), members=tuple(m)) for k, m in members.items()),
            )
        )
    return found


def _features(batch: Batch, groups: Sequence[AnswerGroup]) -> Tensor:
    """Return mean states at the first and the last own token, and the vote, ``(B, F)``."""
    assert batch.hidden_chunks is not None
    hidden = torch.cat([part for _, part in batch.hidden_chunks()])
    places = torch.arange(hidden.size(1)).expand(len(hidden), -1)
    last = torch.where(batch.mask_N_T > 0, places, 0).amax(dim=1)
    states = torch.cat([hidden[:, 0], hidden[torch.arange(len(hidden)), last]], dim=1)
    means = states.reshape(len(groups), -1, states.size(1)).mean(dim=1)
    votes = torch.stack([vote_features(group, ()) for group in groups])
    return torch.cat([means, votes], dim=1)


def _size_of_the_right(group: AnswerGroup, right: Sequence[bool], first: int) -> int | None:
    """Return ``None`` where the majority is right, else the size of the right cluster, or 0."""
    found = [c for c in group.clusters if right[first + c.members[0]]]
    if group.majority in found:
        return None
    return max((len(cluster.members) for cluster in found), default=0)
