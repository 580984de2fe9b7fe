"""What ``inforce eval claims imitation`` measures: its arms, and the groups of their rollouts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from corpus.model import Frozen
from corpus.questions import HARDER_FAMILIES
from eval.claims.verdict import Effect, paired
from rl.rewards import right
from rl.rewards.scored_trace import ScoredTrace

START, REWARDS, DEMONSTRATIONS, REJECTION = "start", "rewards", "demonstrations", "rejection"
ARMS = (START, REWARDS, DEMONSTRATIONS, REJECTION)

MIDDLE = (0.2, 0.8)
"""Shares of right rollouts between which a group is neither easy nor hopeless."""


class ArmOfSeed(Frozen):
    """One arm with one seed.

    Attributes:
        right: share of questions answered rightly, by family.
        seconds: processor seconds of its training, with the sampling where there is any.
        learnt: number of rollouts or demonstrations it learnt from.
    """

    right: dict[str, float]
    seconds: float
    learnt: int


class Groups(Frozen):
    """The groups of rollouts of some rounds.

    Attributes:
        right: share of rollouts that are right.
        unvaried: share of groups whose rollouts are all right or all wrong.
        middle: share of groups of which 0.2 to 0.8 are right.
    """

    right: float
    unvaried: float
    middle: float


class Arm(Frozen):
    """An arm over all seeds.

    Attributes:
        right: mean share right, over all families.
        harder: the same over the harder families.
        seconds: mean processor seconds of the training.
        less: the arm with rewards less this one, paired by seed; null for that arm itself.
        less_harder: the same over the harder families.
    """

    right: float
    harder: float
    seconds: float
    less: Effect | None
    less_harder: Effect | None


class BeyondImitation(Frozen):
    """Rewards against more imitation.

    Attributes:
        seeds: number of seeds.
        questions: number of test questions of each.
        arms: scores by arm.
        groups: groups of rollouts by family, over all seeds and rounds.
        first: all groups of the first half of the rounds.
        last: those of the second half.
    """

    seeds: int
    questions: int
    arms: dict[str, Arm]
    groups: dict[str, Groups]
    first: Groups
    last: Groups


def grouped(rollouts: Iterable[ScoredTrace], steps: int) -> list[tuple[int, str, float]]:
    """Return round, family and share right of each group; a round has so many steps."""
    found: defaultdict[tuple[int, str, str], list[bool]] = defaultdict(list)
    for one in rollouts:
        if one.trace is not None and one.void is None:
            key = (one.step // steps, one.question.family.value, one.question.id)
            found[key].append(right(one.trace, one.question))
    return [(key[0], key[1], fmean(outcomes)) for key, outcomes in found.items()]


def together(
    seeds: Sequence[Mapping[str, ArmOfSeed]],
    groups: Sequence[tuple[int, str, float]],
    rounds: int,
    questions: int,
) -> BeyondImitation:
    """Return the scores over all seeds.

    Raises:
        ValueError: there are fewer than two seeds.
    """
    families = dict.fromkeys(family for _, family, _ in groups)
    return BeyondImitation(
        seeds=len(seeds),
        questions=questions,
        arms={name: _arm(name, seeds) for name in ARMS},
        groups={one: summed(group for group in groups if group[1] == one) for one in families},
        first=summed(group for group in groups if group[0] < rounds // 2),
        last=summed(group for group in groups if group[0] >= rounds // 2),
    )


def summed(groups: Iterable[tuple[int, str, float]]) -> Groups:
    """Return the statistics of groups.

    Raises:
        ValueError: there are none.
    """
    rates = [rate for _, _, rate in groups]
    low, high = MIDDLE
    return Groups(
        right=fmean(rates),
        unvaried=fmean(rate in (0.0, 1.0) for rate in rates),
        middle=fmean(low <= rate <= high for rate in rates),
    )


def _arm(name: str, seeds: Sequence[Mapping[str, ArmOfSeed]]) -> Arm:
    harder = [_share(arms[name], harder=True) for arms in seeds]
    every = [_share(arms[name], harder=False) for arms in seeds]
    other = name != REWARDS
    rewarded = [arms[REWARDS] for arms in seeds]
    return Arm(
        right=fmean(every),
        harder=fmean(harder),
        seconds=fmean(arms[name].seconds for arms in seeds),
        less=paired([_share(one, harder=False) for one in rewarded], every) if other else None,
        less_harder=(
            paired([_share(one, harder=True) for one in rewarded], harder) if other else None
        ),
    )


def _share(arm: ArmOfSeed, *, harder: bool) -> float:
    """Return the share right; every family has as many questions."""
    names = {family.value for family in HARDER_FAMILIES}
    return fmean(value for name, value in arm.right.items() if name in names or not harder)
