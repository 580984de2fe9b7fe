"""How good a rollout is by the label of a person, where one was given. Free of torch."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from corpus.model import Frozen
from rl.annotation.items import Choice, ChosenCandidate, ChosenDecline, ChosenVersion, Label
from rl.rewards.claims import declared
from rl.rewards.scored_trace import ScoredTrace


class Rank(IntEnum):
    """How good a rollout is; the greater is preferred."""

    WRONG = 0
    ABSTAINED = 1
    RIGHT = 2


class Verdict(Frozen):
    """The label of an item, and the letter of the candidate that a rollout gave."""

    choice: Choice
    letter: str


def verdicts(labels: Iterable[Label]) -> dict[str, Verdict]:
    """Return the verdict on each rollout that was labelled, by the id of its trace.

    Labels that are not settled, and those of annotators who were unsure, say nothing.
    """
    return {
        trace: Verdict(choice=label.choice, letter=letter)
        for label in labels
        if isinstance(label.choice, ChosenCandidate | ChosenDecline | ChosenVersion)
        for letter, traces in label.traces.items()
        for trace in traces
    }


def rank_by_label(verdict: Verdict, record: ScoredTrace) -> Rank:
    """Return how good a rollout is by its label.

    Raises:
        ValueError: the rollout has no trace.
    """
    if record.trace is None:
        raise ValueError(f"the rollout of {record.question.id} has no trace")
    reason = declared(record.trace)
    match verdict.choice:
        case ChosenCandidate(letter=letter):
            good = letter == verdict.letter
        case ChosenDecline(reason=wanted):
            good = reason is not None and reason.value == wanted.value
        case _:
            good = False
    if good:
        return Rank.RIGHT
    return Rank.WRONG if reason is None else Rank.ABSTAINED
