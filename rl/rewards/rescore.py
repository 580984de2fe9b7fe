"""Score stored rollouts again with the present reward code.

Training runs and evaluations keep every rollout with its question and rewards in a journal
(:mod:`rl.rewards.scored_trace`). Scoring them again shows whether a change of the reward code
changes stored rewards, and that a reward depends on nothing but the trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import fmean

from corpus.errors import BadInputError, Place, SourceError
from corpus.model import Frozen
from rl.journal import TRACES
from rl.recipes.judge_settings import JudgeSettings
from rl.rewards.plugins import reward_scorers
from rl.rewards.scored_trace import ScoredTrace, read_scored, scored
from rl.rewards.scorer import Scorer

SAME = 1e-9
"""Smallest difference that counts as a change of a reward."""

_Pair = tuple[float | None, float | None]


class Drift(Frozen):
    """How one channel's rewards differ from the stored ones.

    Attributes:
        scored: rollouts with a reward both then and now.
        changed: rollouts whose reward changed.
        gained: rollouts with a reward only now.
        lost: rollouts with a reward only then.
        mean_stored: mean of the stored rewards.
        mean_now: mean of the present rewards.
        largest: largest absolute difference.
    """

    scored: int
    changed: int
    gained: int
    lost: int
    mean_stored: float | None
    mean_now: float | None
    largest: float


class Rescored(Frozen):
    """Result of scoring a run again. ``first_changed`` is the id of the first changed trace.

    Attributes:
        traces: number of rollouts.
        void: void rollouts.
        outcomes_changed: rollouts whose outcome changed.
        first_changed: id of the first changed trace; null if none changed.
        channels: the differences by reward channel.
    """

    traces: int
    void: int
    outcomes_changed: int
    first_changed: str | None
    channels: dict[str, Drift]


def rescore(
    run: Path, plugins: Sequence[Path] = (), judge: JudgeSettings | None = None
) -> Rescored:
    """Score the rollouts of a run directory, or of a ``traces.jsonl``, again.

    Only the channels that were stored are compared. The file is read line by line.

    Args:
        run: the run directory or journal.
        plugins: the reward files of the run.
        judge: the model behind the reward ``judge``; it is asked only what it was not asked before.

    Raises:
        BadInputError: the file is missing or empty, or a channel no longer exists.
        SourceError: a line is not a scored trace, or its trace contradicts itself.
    """
    path = run / TRACES if run.is_dir() else run
    pairs: dict[str, list[_Pair]] = {}
    count = void = outcomes = 0
    first = None
    scorers = cache(lambda names: reward_scorers(names, plugins, judge))
    for line, was in enumerate(read_scored(path), 1):
        now = _again(was, Place(str(path), line), scorers(tuple(was.rewards)))
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


def _again(was: ScoredTrace, place: Place, scorers: Sequence[Scorer]) -> ScoredTrace:
    try:
        return scored(was.step, was.question, was.trace, was.void, scorers)
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
