"""The saved rollouts of a run, found by round in its journal, also while the run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ValidationError

from corpus.errors import Place
from corpus.validation import source_error
from rl.rewards.outcome import Outcome
from rl.rewards.scored_trace import RolloutRecord


class _Posed(BaseModel):
    id: str
    text: str
    family: str = ""


class _Head(BaseModel):
    """What the list of rollouts needs of a journal's line."""

    step: int
    question: _Posed
    rewards: dict[str, float | None]
    outcome: Outcome
    void: str | None = None
    advantage: float | None = None


@dataclass(frozen=True)
class Listed:
    """A rollout as it is listed: its place in the journal and what it earned.

    Attributes:
        at: byte at which its line begins.
        step: optimiser step before which it was sampled.
        question_id: id of its question.
        question: text of its question.
        family: family of its question; empty where its answer is not known.
        rewards: reward by channel; ``None``: unscored.
        outcome: its label.
        void: the failure that voided it.
        advantage: what the objective made of its rewards; ``None`` in runs that did not keep it.
    """

    at: int
    step: int
    question_id: str
    question: str
    family: str
    rewards: dict[str, float | None]
    outcome: Outcome
    void: str | None
    advantage: float | None


@dataclass
class SavedRollouts:
    """The rollouts in a ``traces.jsonl``; :meth:`update` reads what was appended since.

    ``listed`` grows with every update, and begins anew where the file was cut back, as a run that
    goes on from a checkpoint does.
    """

    path: Path
    listed: list[Listed] = field(default_factory=list)
    _read: int = 0

    def update(self) -> None:
        """Read the lines that are new.

        Raises:
            SourceError: a line is damaged; names it.
        """
        if not self.path.exists():
            return
        if self.path.stat().st_size < self._read:
            self.listed, self._read = [], 0
        with self.path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self.listed.append(self._one(line))
                self._read += len(line)

    def steps(self) -> list[int]:
        """Return the steps at which rollouts were sampled, in order."""
        return sorted({one.step for one in self.listed})

    def of_step(self, step: int) -> Iterator[Listed]:
        """Yield the rollouts of a step, in order."""
        return (one for one in self.listed if one.step == step)

    def whole(self, one: Listed) -> RolloutRecord:
        """Read a rollout with its trace.

        Raises:
            SourceError: its line is damaged.
        """
        with self.path.open("rb") as file:
            file.seek(one.at)
            line = file.readline()
        try:
            return RolloutRecord.model_validate_json(line)
        except ValidationError as fault:
            place = Place(str(self.path), self.listed.index(one) + 1)
            raise source_error(place, fault, "a scored rollout") from fault

    def _one(self, line: bytes) -> Listed:
        try:
            head = _Head.model_validate_json(line)
        except ValidationError as fault:
            place = Place(str(self.path), len(self.listed) + 1)
            raise source_error(place, fault, "a scored rollout") from fault
        return Listed(
            at=self._read,
            step=head.step,
            question_id=head.question.id,
            question=head.question.text,
            family=head.question.family,
            rewards=head.rewards,
            outcome=head.outcome,
            void=head.void,
            advantage=head.advantage,
        )
