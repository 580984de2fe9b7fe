"""Score saved rollouts again with the present reward code.

A run keeps every rollout with its question and its rewards in ``traces.jsonl``, one
:class:`ScoredTrace` per line. Scoring them again tells whether a change of the rewards would have
changed what was learned, and whether a reward depends on anything but the trace: it must not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean

from pydantic import ValidationError

from agent.trace import Trace
from agent.trace_migration import StoredTrace
from corpus.errors import BadInputError, Place, SourceError
from corpus.model import Frozen
from corpus.questions import Question
from rl.rewards import REWARDS, outcome, score
from rl.rewards.outcome import Outcome

FILE = "traces.jsonl"
SAME = 1e-9
"""Difference from which a reward has changed."""

_Pair = tuple[float | None, float | None]


class ScoredTrace(Frozen):
    """One rollout as a run keeps it. ``rewards`` are the trace's channels, unweighted.

    ``void`` says which failure of the infrastructure voided it; then every reward is ``None``.
    """

    step: int
    question: Question
    trace: StoredTrace | None
    void: str | None = None
    rewards: dict[str, float | None]
    outcome: Outcome


class Drift(Frozen):
    """How one channel's rewards differ from the stored ones.

    ``scored`` counts the rollouts that have a reward both then and now; the means and ``largest``
    (absolute) are over those. ``gained`` and ``lost`` counts had a reward only now, or only then.
    """

    scored: int
    changed: int
    gained: int
    lost: int
    mean_stored: float | None
    mean_now: float | None
    largest: float


class Rescored(Frozen):
    """What scoring a run again found. ``first_changed`` names a trace to look at."""

    traces: int
    void: int
    outcomes_changed: int
    first_changed: str | None
    channels: dict[str, Drift]


def scored(
    step: int,
    question: Question,
    trace: Trace | None,
    void: str | None = None,
    names: Iterable[str] = tuple(REWARDS),
) -> ScoredTrace:
    """Score a rollout for keeping.

    Raises:
        BadInputError: there is no channel of that name.
    """
    judged = trace if void is None else None
    return ScoredTrace(
        step=step,
        question=question,
        trace=trace,
        void=void,
        rewards=score(judged, question, tuple(names)),
        outcome=outcome(judged, question),
    )


def as_line(record: ScoredTrace) -> str:
    """Return the line of ``traces.jsonl``, its end of line included."""
    return record.model_dump_json() + "\n"


def read_scored(path: Path) -> Iterator[ScoredTrace]:
    """Yield the rollouts of a ``traces.jsonl``. A last line still being written is left out.

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


def rescore(run: Path) -> Rescored:
    """Score the rollouts of a run directory (or of a ``traces.jsonl``) again.

    Only the channels that a rollout was stored with are compared, one line in memory at a time.

    Raises:
        BadInputError: there is no such file, it holds nothing, or a channel no longer exists.
        SourceError: a line is not a scored trace, or its trace contradicts itself.
    """
    path = run / FILE if run.is_dir() else run
    pairs: dict[str, list[_Pair]] = {}
    count = void = outcomes = 0
    first = None
    for line, was in enumerate(read_scored(path), 1):
        now = _again(was, Place(str(path), line))
        both = {name: (reward, now.rewards[name]) for name, reward in was.rewards.items()}
        for name, pair in both.items():
            pairs.setdefault(name, []).append(pair)
        turned = was.outcome != now.outcome
        count, void, outcomes = count + 1, void + (was.void is not None), outcomes + turned
        if first is None and (turned or any(map(_differ, both.values()))):
            first = was.trace.id if was.trace else was.question.id
    if count == 0:
        raise BadInputError(f"{path} holds no rollout.")
    return Rescored(
        traces=count,
        void=void,
        outcomes_changed=outcomes,
        first_changed=first,
        channels={name: _drift(own) for name, own in pairs.items()},
    )


def _again(was: ScoredTrace, place: Place) -> ScoredTrace:
    try:
        return scored(was.step, was.question, was.trace, was.void, was.rewards)
    except ValueError as fault:
        raise SourceError(place, str(fault)) from fault


def _differ(pair: _Pair) -> bool:
    then, now = pair
    return then is not now if then is None or now is None else abs(then - now) > SAME


def _drift(pairs: Sequence[_Pair]) -> Drift:
    both = [(then, now) for then, now in pairs if then is not None and now is not None]
    return Drift(
        scored=len(both),
        changed=sum(map(_differ, both)),
        gained=sum(then is None and now is not None for then, now in pairs),
        lost=sum(then is not None and now is None for then, now in pairs),
        mean_stored=fmean(then for then, _ in both) if both else None,
        mean_now=fmean(now for _, now in both) if both else None,
        largest=max((abs(then - now) for then, now in both), default=0.0),
    )


def _record(line: str, place: Place) -> ScoredTrace:
    try:
        return ScoredTrace.model_validate_json(line)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or None
        words = f"not a scored trace: {first['msg']}"
        raise SourceError(Place(place.file, place.line, field), words) from fault
