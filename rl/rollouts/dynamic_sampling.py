"""Dynamic sampling: questions whose rollouts all earned the same are replaced by others.

Such a group has advantage 0 everywhere, so a round that has many learns little. Paper: DAPO, arXiv
2503.14476, which samples until every group of a batch varies; here the number of times is limited.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from corpus.questions import Posed
from rl.rollouts.rollout import Rollout, scores_of
from rl.rollouts.trl_adapter import Roll


@dataclass
class DynamicSampling:
    """Replaces groups without variance, at most ``most`` times a round.

    ``noted`` holds the metrics of the last round: ``resampled``, the share of groups that were
    sampled again (above 1 where some were several times).
    """

    questions: Sequence[Posed]
    group_size: int
    most: int
    noted: dict[str, float] = field(default_factory=dict)

    def __call__(self, scored: Sequence[Rollout], roll: Roll, seed: int) -> list[Rollout]:
        """Return the rollouts of a round, with groups that vary where others could be found.

        Args:
            scored: the round's scored rollouts, in groups.
            roll: samples and scores others.
            seed: decides which questions are drawn; the same one draws the same.
        """
        groups = grouped(scored, self.group_size)
        chance = Random(f"{seed}:resample")  # noqa: S311 - no secret
        spare = self._spare(groups, chance)
        again = 0
        for number in range(1, self.most + 1):
            flat = [place for place, group in enumerate(groups) if not varies(group)]
            drawn = [spare.pop() for _ in flat[: len(spare)]]
            if not drawn:
                break
            again += len(drawn)
            asked = [question for question in drawn for _ in range(self.group_size)]
            for place, found in zip(
                flat, grouped(roll(asked, number), self.group_size), strict=False
            ):
                groups[place] = found if varies(found) else groups[place]
        self.noted = {"resampled": again / max(len(groups), 1)}
        return [rollout for group in groups for rollout in group]

    def _spare(self, groups: Sequence[Sequence[Rollout]], chance: Random) -> list[Posed]:
        asked = {group[0].question.id for group in groups}
        spare = sorted((q for q in self.questions if q.id not in asked), key=lambda q: q.id)
        chance.shuffle(spare)
        return spare


def grouped(rollouts: Sequence[Rollout], size: int) -> list[Sequence[Rollout]]:
    """Return the groups of a round, in order."""
    return [rollouts[start : start + size] for start in range(0, len(rollouts), size)]


def varies(group: Sequence[Rollout]) -> bool:
    """Return whether two rollouts of a group differ in a reward that both have."""
    earned: defaultdict[str, set[float]] = defaultdict(set)
    for rollout in group:
        for name, value in scores_of(rollout).rewards.items():
            if value is not None:
                earned[name].add(value)
    return any(len(values) > 1 for values in earned.values())
