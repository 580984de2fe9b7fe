"""Clusters of equal answers among the rollouts of a question. Gold answers are not read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from agent.trace import Trace
from corpus.model import Frozen
from corpus.questions import Posed, figures
from rl.rewards.claims import acted, claims, declared, drafted


class Cluster(Frozen):
    """Rollouts that gave the same answer, by their places in the group, in order."""

    key: str
    members: tuple[int, ...]


class AnswerGroup(Frozen):
    """The rollouts of one question in one round.

    ``clusters`` are in the order of their first member; rollouts without a readable answer are in
    none. ``n`` counts all rollouts.
    """

    question: Posed
    n: int
    clusters: tuple[Cluster, ...]

    @property
    def majority(self) -> Cluster | None:
        """The largest cluster; of equally large ones the first seen."""
        return max(self.clusters, key=lambda c: (len(c.members), -c.members[0]), default=None)

    @property
    def tied(self) -> bool:
        """Tell whether another cluster is as large as the largest."""
        sizes = sorted((len(c.members) for c in self.clusters), reverse=True)
        return len(sizes) > 1 and sizes[0] == sizes[1]


def group(question: Posed, traces: Sequence[Trace | None]) -> AnswerGroup:
    """Cluster the rollouts of one question; ``None`` stands for a void one."""
    members: dict[str, list[int]] = {}
    for place, trace in enumerate(traces):
        key = cluster_key(trace, question.language)
        if key is not None:
            members.setdefault(key, []).append(place)
    return AnswerGroup(
        question=question,
        n=len(traces),
        clusters=tuple(Cluster(key=k, members=tuple(m)) for k, m in members.items()),
    )


def cluster_key(trace: Trace | None, language: str) -> str | None:
    """Return what equal answers share: the versions cited and the figures found there.

    Wording is not compared: two replies that cite one version and quote one figure of it say the
    same. An abstention has the key of its reason; ``None`` where there is no answer.
    """
    if trace is None or not acted(trace):
        return None
    if (reason := declared(trace)) is not None:
        return abstention_key(reason.value)
    if drafted(trace) is None:
        return None
    made = claims(trace)
    return cited_key([c.version_id for c in made], [c.quote for c in made], language)


def cited_key(versions: Iterable[str], quotes: Iterable[str], language: str) -> str:
    """Return the key of answers that cite these versions and find the figures of these quotes."""
    found = {f"{f.kind} {f.value}" for quote in set(quotes) for f in figures(quote, language)}
    return json.dumps([sorted(set(versions)), sorted(found)])


def abstention_key(reason: str) -> str:
    """Return the key of abstentions for a reason."""
    return f"abstain:{reason}"
