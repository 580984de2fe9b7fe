"""Which questions of a round are worth a label: one protocol, a few lines for each policy.

A chooser gives every group of rollouts a score; the highest ``ceil(budget * B)`` are chosen.
It sees clusters of answers and the question as posed, never a gold answer.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from rl.annotation.selection.clusters import AnswerGroup


@dataclass(frozen=True)
class Chooser:
    """A policy that scores groups of rollouts; a higher score is more worth a label.

    Attributes:
        name: the word that names it on the command line and in an item's origin.
        score: returns the score of one group.
        share: the share of a round's questions that it chooses whatever the budget; ``None``: as
            the budget says.
    """

    name: str
    score: Callable[[AnswerGroup], float]
    share: float | None = None


def random_chooser(seed: int) -> Chooser:
    """Return a chooser that scores by a hash of seed and question."""

    def score(group: AnswerGroup) -> float:
        digest = hashlib.blake2b(f"{seed}\n{group.question.id}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    return Chooser("random", score)


def entropy(group: AnswerGroup) -> float:
    """Return the entropy of the answers in nats; rollouts without an answer do not count."""
    sizes = [len(cluster.members) for cluster in group.clusters]
    total = sum(sizes)
    return -sum(size / total * math.log(size / total) for size in sizes) if total else 0.0


def low_confidence(group: AnswerGroup) -> float:
    """Return 1 minus the largest cluster's share of all rollouts."""
    largest = group.majority
    return 1.0 - len(largest.members) / group.n if largest else 1.0


def by_table(name: str, scores: Mapping[str, float]) -> Chooser:
    """Return a chooser that reads the score of each question id from a table."""
    return Chooser(name, lambda group: scores[group.question.id])


FULL = Chooser("full", lambda _group: 1.0, share=1.0)
"""Chooses every question that can be asked about."""
NONE = Chooser("none", lambda _group: 0.0, share=0.0)
"""Chooses no question."""


def choosers(seed: int = 0) -> dict[str, Chooser]:
    """Return the choosers that need no label and no model, by name."""
    found = [
        random_chooser(seed),
        Chooser("entropy", entropy),
        Chooser("low_confidence", low_confidence),
        FULL,
        NONE,
    ]
    return {chooser.name: chooser for chooser in found}


def choose(
    chooser: Chooser,
    groups: Sequence[AnswerGroup],
    budget: float,
    labelled: Container[str] = frozenset(),
) -> list[tuple[int, float]]:
    """Return the places of the chosen groups with their scores, the highest first.

    A group without any readable answer cannot be asked about. Equal scores go by place.

    Args:
        chooser: scores the groups.
        groups: those of a round, ``B`` of them.
        budget: share of ``B``, from 0 to 1; ``ceil(budget * B)`` are chosen at most.
        labelled: ids of questions whose label is there already; they are not chosen again.
    """
    scored = [
        (place, chooser.score(group))
        for place, group in enumerate(groups)
        if group.clusters and group.question.id not in labelled
    ]
    ranked = sorted(scored, key=lambda found: (-found[1], found[0]))
    share = budget if chooser.share is None else chooser.share
    return ranked[: math.ceil(share * len(groups))]


def trusted(
    groups: Sequence[AnswerGroup],
    probabilities: Sequence[float],
    taken: Container[str],
    share: float,
) -> dict[str, float]:
    """Return the groups whose majority stands in for a label, by question id, with ``P``.

    A majority that another cluster equals is not trusted. Equal probabilities go by place.

    Args:
        groups: those of a round.
        probabilities: ``P`` that the majority of each is right.
        taken: ids of questions that have a label, or were asked about.
        share: share of the other questions that are trusted at most, rounded up.
    """
    free = [place for place, group in enumerate(groups) if group.question.id not in taken]
    usable = [place for place in free if groups[place].clusters and not groups[place].tied]
    ranked = sorted(usable, key=lambda place: (-probabilities[place], place))
    kept = ranked[: math.ceil(share * len(free))]
    return {groups[at].question.id: min(max(probabilities[at], 0.0), 1.0) for at in kept}
