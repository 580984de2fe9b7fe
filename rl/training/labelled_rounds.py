"""A round of a run that learns from labels: choose, ask, grade, and trust some majorities.

Sits where rollouts are scored (:class:`rl.rollouts.trl_adapter.TrlAdapter`), before TRL sees them.
Rewards come from labels alone. A question without a label has none and the coefficient 0, or, where
a probe trusts the majority of its rollouts, rewards by the majority and the coefficient ``P``.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agent.trace import Trace
from corpus.errors import InForceError
from corpus.questions import Posed
from rl.annotation.items import Item
from rl.annotation.items_of_run import item_of
from rl.annotation.ledger import Ledger
from rl.annotation.probes.care import Care
from rl.annotation.probes.features import group_features
from rl.annotation.selection.choosers import (
    Chooser,
    by_table,
    choose,
    choosers,
    trusted,
)
from rl.annotation.selection.clusters import AnswerGroup, group
from rl.annotation.sources.gold import GoldSource
from rl.annotation.sources.truth import size_of_the_right
from rl.annotation.sources.verdict import NoAnswer, RightAnswer, graded, unlabelled
from rl.recipes.label_settings import LabelSettings
from rl.rewards.scorer import Scorer
from rl.rollouts.rollout import Rollout

STATE = "labels.pt"
"""File of a checkpoint that holds the probes."""


class WaitingForLabels(InForceError):  # noqa: N818 - the state of the run, in the words of its reader
    """Labels are missing and the run waits for them; its last checkpoint is complete."""

    exit_status = 3


@dataclass(frozen=True)
class Group:
    """The rollouts of one question in a round, with their clusters."""

    answers: AnswerGroup
    rollouts: tuple[Rollout, ...]
    traces: tuple[Trace | None, ...]

    @property
    def id(self) -> str:
        """Return the question's id."""
        return self.answers.question.id


@dataclass
class LabelledRounds:
    """Scores the rollouts of each round of a run by labels.

    Args:
        settings: the table ``[labels]`` of the recipe.
        run: name of the run, in the origin of its items.
        ledger: the labels of the run.
        scorers: reward channels, for gold answers.
        group_size: rollouts of a question.
        steps_per_round: optimiser steps of a round.
        seed: seed of the run.
        care: the probes; ``None`` where neither policy nor pseudo-labels use them.
    """

    settings: LabelSettings
    run: str
    ledger: Ledger
    scorers: Sequence[Scorer]
    group_size: int
    steps_per_round: int
    seed: int
    care: Care | None = None
    noted: dict[str, float] = field(default_factory=dict)
    """Metrics of the newest round."""

    def returning(
        self, step: int, asked: Sequence[Posed], known: Mapping[str, Posed]
    ) -> list[Posed]:
        """Return a round's questions, the last ones replaced by those that were labelled since.

        Args:
            step: optimiser step before which they are asked.
            asked: the questions of the round, each ``group_size`` times.
            known: all questions, by id.

        Raises:
            InForceError: the source of labels cannot be read.
        """
        present = {question.id for question in asked}
        came = [known[one] for one in self.ledger.collect(step) if one not in present]
        places = len(asked) // self.group_size
        back = [question for question in came[:places] for _ in range(self.group_size)]
        return [*asked[: len(asked) - len(back)], *back]

    def __call__(self, trainer: Any, rollouts: Sequence[Rollout]) -> list[Rollout]:
        """Return a round's rollouts with their scores.

        Raises:
            WaitingForLabels: a label is missing, and the settings say to wait.
            InForceError: the source of labels cannot be read.
        """
        step = int(trainer.state.global_step)
        groups = _groups(rollouts, self.group_size)
        features = self._features(trainer, groups)
        new = self._choose(step, groups, features)
        came = self.ledger.ask(step, new)
        missing = len(new) - len(came)
        if missing and self.settings.wait:
            raise WaitingForLabels(_waiting(self.run, missing))
        self._learn(groups, features, self.ledger.came(step))
        stand_ins = self._trusted(step, groups, features)
        self.noted = {
            "labels/handed_out": float(self.ledger.source.handed_out),
            "labels/asked": float(len(new)),
            "labels/pending": float(len(self.ledger.pending)),
            "labels/trusted": float(len(stand_ins)),
        }
        return [one for mine in groups for one in self._scored(mine, stand_ins.get(mine.id))]

    def save(self, checkpoint: Path) -> None:
        """Write the probes into a checkpoint."""
        if self.care is not None:
            torch.save(self.care.state(), checkpoint / STATE)

    def restore(self, checkpoint: Path) -> None:
        """Read the probes from a checkpoint."""
        if self.care is not None:
            self.care.restore(torch.load(checkpoint / STATE, weights_only=True))

    def _features(self, trainer: Any, groups: Sequence[Group]) -> Tensor | None:
        if self.care is None:
            return None
        model = trainer.accelerator.unwrap_model(trainer.model)
        return group_features(model, [g.answers for g in groups], [g.rollouts for g in groups])

    def _choose(self, step: int, groups: Sequence[Group], features: Tensor | None) -> list[Item]:
        chooser = self._chooser(step, groups, features)
        chosen = choose(
            chooser,
            [mine.answers for mine in groups],
            self.settings.budget,
            self.ledger.known | self.ledger.pending,
        )
        return [
            item_of(
                self.run, step, groups[at].answers, groups[at].traces, self.settings.policy, score
            )
            for at, score in chosen
        ]

    def _chooser(self, step: int, groups: Sequence[Group], features: Tensor | None) -> Chooser:
        answers = [mine.answers for mine in groups]
        if self.settings.policy == "care":
            assert self.care is not None
            assert features is not None
            return by_table("care", self.care.scores(answers, features))
        if self.settings.policy == "oracle_cag":
            assert isinstance(self.ledger.source, GoldSource)
            gaps = self.ledger.source.gaps(answers, [mine.traces for mine in groups])
            return by_table("oracle_cag", gaps)
        return choosers(self.seed + step)[self.settings.policy]

    def _learn(self, groups: Sequence[Group], features: Tensor | None, new: Container[str]) -> None:
        """Let the probes learn from the questions of the round whose label is new."""
        if self.care is None or features is None:
            return
        places, right = [], []
        for at, mine in enumerate(groups):
            verdict = self.ledger.verdict(mine.id)
            silent = verdict is None or isinstance(verdict, NoAnswer) or not mine.answers.clusters
            if mine.id in new and not silent:
                assert verdict is not None
                places.append(at)
                right.append(size_of_the_right(verdict, mine.answers, mine.traces))
        self.care.learn([groups[at].answers for at in places], features[places], right)

    def _trusted(
        self, step: int, groups: Sequence[Group], features: Tensor | None
    ) -> dict[str, float]:
        """Return ``P`` of the unlabelled questions whose majority is trusted, by id."""
        early = step // self.steps_per_round < self.settings.warmup
        if self.care is None or features is None or not self.settings.pseudo or early:
            return {}
        answers = [mine.answers for mine in groups]
        taken = self.ledger.known | self.ledger.pending
        return trusted(answers, self.care.trust(answers, features), taken, self.settings.gate)

    def _scored(self, mine: Group, trust: float | None) -> list[Rollout]:
        verdict, language = self.ledger.verdict(mine.id), mine.answers.question.language
        weight = 1.0
        if verdict is None and trust is not None and mine.answers.majority is not None:
            verdict, weight = RightAnswer(key=mine.answers.majority.key), trust
        scored = []
        for rollout, trace in zip(mine.rollouts, mine.traces, strict=True):
            if verdict is None:
                found = unlabelled(self.scorers)
            else:
                found = graded(verdict, trace, language, self.scorers)
                found = found.model_copy(update={"coefficient": found.coefficient * weight})
            scored.append(rollout.model_copy(update={"scores": found}))
        return scored


def _groups(rollouts: Sequence[Rollout], group_size: int) -> list[Group]:
    found = []
    for first in range(0, len(rollouts), group_size):
        mine = tuple(rollouts[first : first + group_size])
        traces = tuple(None if one.void is not None else one.trace for one in mine)
        found.append(Group(group(mine[0].question, traces), mine, traces))
    return found


def _waiting(run: str, missing: int) -> str:
    what = "1 label" if missing == 1 else f"{missing} labels"
    return (
        f"{run} is waiting for {what}; --resume goes on when they are there (inforce labels create"
        f" NAME --from {run} puts what it asked before annotators)."
    )
