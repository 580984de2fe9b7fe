"""What a label says of the clusters of a group: whether the majority is right, else who is."""

from __future__ import annotations

from collections.abc import Sequence

from agent.trace import Trace
from rl.annotation.selection.clusters import AnswerGroup
from rl.annotation.sources.verdict import Verdict, says_right


def size_of_the_right(
    verdict: Verdict, group: AnswerGroup, traces: Sequence[Trace | None]
) -> int | None:
    """Return ``None`` where the majority is right, else the size of the largest right cluster.

    A cluster is right where its first rollout is. 0: no cluster is.

    Raises:
        ValueError: the group has no cluster.
    """
    majority = group.majority
    if majority is None:
        raise ValueError(f"no rollout of {group.question.id} has an answer")
    language = group.question.language
    right = [c for c in group.clusters if says_right(verdict, traces[c.members[0]], language)]
    if majority in right:
        return None
    return max((len(cluster.members) for cluster in right), default=0)
