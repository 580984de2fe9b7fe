"""Scored traces: a trace with its rewards and outcome, as training and evaluation store it.

Both write the same journal, ``traces.jsonl``: one :class:`ScoredTrace` per line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from agent.trace import Trace
from agent.trace_migration import StoredTrace
from corpus.errors import BadInputError, Place
from corpus.model import Frozen
from corpus.questions import Posed, Question
from corpus.validation import source_error
from rl.journal import Journal
from rl.rewards import REWARDS, outcome
from rl.rewards.outcome import Outcome
from rl.rewards.scorer import Scorer, Unscored, ask_scorer

R = TypeVar("R", bound="RolloutRecord")


class Scores(Frozen):
    """Scores of one trace, computed once and used by training, metrics and the journal.

    Attributes:
        rewards: unweighted, by scorer; ``None``: unscored.
        unscored: the reason, by scorer.
        outcome: the label, before any reward shaping.
        coefficient: how much the rollout counts, from 0 to 1; below 1 only where its question has
            no label.
    """

    rewards: dict[str, float | None]
    unscored: dict[str, str] = Field(default_factory=dict)
    outcome: Outcome
    coefficient: float = 1.0


class RolloutRecord(Frozen):
    """One question with its run and scores; a line of a journal.

    The question may be posed without its gold answer, as in a run that learns from labels.

    ``step`` is the optimiser step before which it was sampled, 0 in an evaluation. ``void`` names
    the infrastructure failure that voided it; then every reward is ``None``. ``rewards``,
    ``unscored``, ``outcome`` and ``coefficient`` are its :class:`Scores`. ``advantage`` is what a
    round of training made of them, before methods that act on single tokens; ``None`` elsewhere.
    """

    step: int
    question: Question | Posed
    trace: StoredTrace | None
    void: str | None = None
    rewards: dict[str, float | None]
    unscored: dict[str, str] = Field(default_factory=dict)
    outcome: Outcome
    coefficient: float = 1.0
    advantage: float | None = None


class ScoredTrace(RolloutRecord):
    """A line of a journal whose question has its gold answer."""

    question: Question


def scores(trace: Trace | None, question: Question, scorers: Iterable[Scorer]) -> Scores:
    """Return the scores of a trace from all scorers; without a trace every reward is ``None``."""
    names = {scorer.name: scorer for scorer in scorers}
    if trace is None:
        return Scores(rewards=dict.fromkeys(names), outcome=outcome(None, question))
    found = {name: ask_scorer(scorer, trace, question) for name, scorer in names.items()}
    return Scores(
        rewards={n: None if isinstance(v, Unscored) else v for n, v in found.items()},
        unscored={n: v.reason for n, v in found.items() if isinstance(v, Unscored)},
        outcome=outcome(trace, question),
    )


def scored(
    step: int,
    question: Question,
    trace: Trace | None,
    void: str | None = None,
    scorers: Iterable[Scorer] = tuple(REWARDS.values()),
) -> ScoredTrace:
    """Return the scored trace for a journal; a void one has no rewards."""
    found = scores(trace if void is None else None, question, scorers)
    return ScoredTrace(step=step, question=question, trace=trace, void=void, **dict(found))


def append_scored(journal: Journal, records: Sequence[RolloutRecord]) -> None:
    """Write scored traces to the end of a journal.

    Raises:
        RunError: the disk is full, or the file cannot be written.
    """
    journal.append([record.model_dump(mode="json") for record in records])


def read_scored(path: Path) -> Iterator[ScoredTrace]:
    """Yield the scored traces of a journal; an unfinished last line is skipped.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: a line is not a scored trace, or has no gold answer; names line and field.
    """
    return _read(path, ScoredTrace, "a scored trace")


def read_rollouts(path: Path) -> Iterator[RolloutRecord]:
    """Yield the lines of a journal, with or without gold answers; else as :func:`read_scored`.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: a line is not one of a journal; names line and field.
    """
    return _read(path, RolloutRecord, "a scored rollout")


def _read(path: Path, kind: type[R], what: str) -> Iterator[R]:
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.endswith("\n"):
                    yield _record(line, Place(str(path), number), kind, what)
    except (OSError, UnicodeDecodeError) as fault:
        raise BadInputError(f"Cannot read rollouts from {path}: {fault}.") from fault


def _record(line: str, place: Place, kind: type[R], what: str) -> R:
    try:
        return kind.model_validate_json(line)
    except ValidationError as fault:
        raise source_error(place, fault, what) from fault
