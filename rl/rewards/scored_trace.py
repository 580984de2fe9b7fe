"""Scored traces: a trace with its rewards and outcome, as training and evaluation store it.

Both write the same journal, ``traces.jsonl``: one :class:`ScoredTrace` per line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from agent.trace import Trace
from agent.trace_migration import StoredTrace
from corpus.errors import BadInputError, Place
from corpus.model import Frozen
from corpus.questions import Question
from corpus.validation import source_error
from rl.journal import Journal
from rl.rewards import REWARDS, outcome
from rl.rewards.outcome import Outcome
from rl.rewards.scorer import Scorer, Unscored, ask_scorer


class Scores(Frozen):
    """Scores of one trace, computed once and used by training, metrics and the journal.

    Attributes:
        rewards: unweighted, by scorer; ``None``: unscored.
        unscored: the reason, by scorer.
        outcome: the label, before any reward shaping.
    """

    rewards: dict[str, float | None]
    unscored: dict[str, str] = Field(default_factory=dict)
    outcome: Outcome


class ScoredTrace(Frozen):
    """One question with its run and scores; a line of a journal.

    ``step`` is the optimiser step before which it was sampled, 0 in an evaluation. ``void`` names
    the infrastructure failure that voided it; then every reward is ``None``. ``rewards``,
    ``unscored`` and ``outcome`` are its :class:`Scores`.
    """

    step: int
    question: Question
    trace: StoredTrace | None
    void: str | None = None
    rewards: dict[str, float | None]
    unscored: dict[str, str] = Field(default_factory=dict)
    outcome: Outcome


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


def append_scored(journal: Journal, records: Sequence[ScoredTrace]) -> None:
    """Write scored traces to the end of a journal.

    Raises:
        RunError: the disk is full, or the file cannot be written.
    """
    journal.append([record.model_dump(mode="json") for record in records])


def read_scored(path: Path) -> Iterator[ScoredTrace]:
    """Yield the scored traces of a journal; an unfinished last line is skipped.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: a line is not a scored trace; names line and field.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.endswith("\n"):
                    yield _record(line, Place(str(path), number))
    except (OSError, UnicodeDecodeError) as fault:
        raise BadInputError(f"Cannot read rollouts from {path}: {fault}.") from fault


def _record(line: str, place: Place) -> ScoredTrace:
    try:
        return ScoredTrace.model_validate_json(line)
    except ValidationError as fault:
        raise source_error(place, fault, "a scored trace") from fault
