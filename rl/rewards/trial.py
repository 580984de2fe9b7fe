"""Rewards tried on the saved rollouts of a run, so that a hack is seen before it is trained on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

from agent.trace import Trace
from corpus.errors import BadInputError
from corpus.model import Frozen
from rl.rewards.claims import drafted
from rl.rewards.outcome import Outcome
from rl.rewards.scored_trace import ScoredTrace, read_scored
from rl.rewards.scorer import Scorer, Unscored, ask_scorer, prepare_scorers

SHOWN = 3
"""Number of best and of worst rollouts."""


class TriedRollout(Frozen):
    """One rollout with the reward that it would earn.

    Attributes:
        trace: id of its trace.
        reward: the reward.
        outcome: its label: ``correct``, ``wrong`` or ``abstained``.
        question: the question.
        reply: what it drafted, or why it abstained.
    """

    trace: str
    reward: float
    outcome: str
    question: str
    reply: str


class TriedReward(Frozen):
    """A reward over the rollouts of a run.

    Attributes:
        name: name of the reward.
        scored: number of rollouts with a reward.
        unscored: number of rollouts without one, by reason.
        mean: mean reward; null if no rollout was scored.
        by_outcome: mean reward of each label.
        pays_wrong: whether wrong answers earn at least as much as correct ones, on average.
        best: the rollouts with the greatest reward.
        worst: the rollouts with the least reward.
    """

    name: str
    scored: int
    unscored: dict[str, int]
    mean: float | None
    by_outcome: dict[str, float]
    pays_wrong: bool
    best: tuple[TriedRollout, ...]
    worst: tuple[TriedRollout, ...]


def try_rewards(scorers: Sequence[Scorer], journal: Path) -> tuple[TriedReward, ...]:
    """Return what each reward gives to the rollouts of a journal (``traces.jsonl``).

    Raises:
        BadInputError: the journal cannot be read or holds no rollout.
        SourceError: a line is not a scored trace.
        InForceError: a reward cannot score any rollout.
    """
    saved = [one for one in read_scored(journal) if one.trace is not None and one.void is None]
    if not saved:
        raise BadInputError(f"{journal} holds no rollout.")
    pairs = [(one.trace, one.question) for one in saved if one.trace is not None]
    prepare_scorers(scorers, pairs)
    return tuple(_tried(scorer, saved) for scorer in scorers)


def _tried(scorer: Scorer, saved: Iterable[ScoredTrace]) -> TriedReward:
    unscored: Counter[str] = Counter()
    found: list[TriedRollout] = []
    for one in saved:
        assert one.trace is not None
        value = ask_scorer(scorer, one.trace, one.question)
        if isinstance(value, Unscored):
            unscored[value.reason] += 1
        else:
            found.append(_rollout(one, one.trace, value))
    found.sort(key=lambda rollout: rollout.reward)
    by_outcome = _by_outcome(found)
    wrong, correct = by_outcome.get("wrong"), by_outcome.get("correct")
    return TriedReward(
        name=scorer.name,
        scored=len(found),
        unscored=dict(unscored),
        mean=fmean(rollout.reward for rollout in found) if found else None,
        by_outcome=by_outcome,
        pays_wrong=wrong is not None and correct is not None and wrong >= correct,
        best=tuple(reversed(found[-SHOWN:])),
        worst=tuple(found[:SHOWN]),
    )


def _rollout(one: ScoredTrace, trace: Trace, value: float) -> TriedRollout:
    return TriedRollout(
        trace=trace.id,
        reward=value,
        outcome=Outcome(one.outcome).name.lower(),
        question=one.question.text,
        reply=_reply(trace),
    )


def _reply(trace: Trace) -> str:
    draft = drafted(trace)
    if draft is not None:
        return " ".join(sentence.text for sentence in draft.sentences)
    if trace.abstention is not None:
        return f"[{trace.abstention.reason}] {trace.abstention.explanation}"
    return ""


def _by_outcome(found: Iterable[TriedRollout]) -> dict[str, float]:
    rewards: dict[str, list[float]] = defaultdict(list)
    for rollout in found:
        rewards[rollout.outcome].append(rollout.reward)
    return {name: fmean(own) for name, own in sorted(rewards.items())}
