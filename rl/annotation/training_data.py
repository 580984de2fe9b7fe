"""Labels as training data: demonstrations, and preference pairs, of the run's own rollouts.

A demonstration is a rollout that a label says is right; a pair is one with a wrong rollout of the
same question. Both are token ids as they were sampled, with the mask of the model's own tokens;
tool tokens have mask 0. Of rollouts that give the same answer the first is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.models.token_sequence import TokenSequence, episode
from agent.trace import Trace
from corpus.errors import BadInputError
from corpus.model import Frozen
from rl.annotation.items import Item, Label
from rl.annotation.selection.clusters import cluster_key
from rl.annotation.sources.file import verdicts
from rl.annotation.sources.verdict import Verdict, says_right
from rl.rewards.claims import declared
from rl.rewards.scored_trace import RolloutRecord

RIGHT, ABSTAINED, WRONG = 2, 1, 0
"""How good a rollout is; the greater is preferred."""


class Demonstration(Frozen):
    """A right rollout of a question: a line of supervised training data."""

    question: str
    prompt_ids: tuple[int, ...]
    completion_ids: tuple[int, ...]
    mask: tuple[int, ...]
    source: str = "labels"


class LabelledPair(Frozen):
    """A right and a wrong continuation of one prompt: a line of preference data.

    ``chosen`` and ``rejected`` say how good they are: 2 right, 1 an abstention, 0 wrong.
    """

    question: str
    prompt_ids: tuple[int, ...]
    chosen_ids: tuple[int, ...]
    chosen_mask: tuple[int, ...]
    rejected_ids: tuple[int, ...]
    rejected_mask: tuple[int, ...]
    chosen: int = RIGHT
    rejected: int
    source: str = "labels"


class Judged(Frozen):
    """The rollouts of a labelled question, one of each answer, right ones and others."""

    question: str
    right: tuple[TokenSequence, ...]
    others: tuple[tuple[int, TokenSequence], ...]


def rows(
    what: str,
    labels: Sequence[Label],
    items: Sequence[Item],
    records: Iterable[RolloutRecord],
) -> Sequence[Frozen]:
    """Return ``demonstrations`` or ``pairs``, as :func:`judged` says.

    Raises:
        BadInputError: ``what`` is neither.
    """
    if what == "demonstrations":
        return demonstrations(judged(labels, items, records))
    if what == "pairs":
        return pairs(judged(labels, items, records))
    raise BadInputError(f"--as: '{what}' is none of labels, demonstrations, pairs")


def judged(
    labels: Sequence[Label], items: Sequence[Item], records: Iterable[RolloutRecord]
) -> list[Judged]:
    """Return what settled labels say of the rollouts of a run, in the order of the items.

    Rollouts without token ids are left out.

    Raises:
        BadInputError: a label names a candidate that its item does not have.
    """
    found = verdicts(items, labels)
    labelled = [item for item in items if item.id in found]
    wanted = {name for item in labelled for name in _traces(item)}
    traces = {r.trace.id: r.trace for r in records if r.trace is not None and r.trace.id in wanted}
    return [
        _judged(item, found[item.id], [traces[one] for one in _traces(item) if one in traces])
        for item in labelled
    ]


def demonstrations(found: Sequence[Judged]) -> list[Demonstration]:
    """Return the right rollouts."""
    return [
        Demonstration(
            question=one.question,
            prompt_ids=tokens.prompt_ids,
            completion_ids=tokens.completion_ids,
            mask=tokens.mask,
        )
        for one in found
        for tokens in one.right
    ]


def pairs(found: Sequence[Judged]) -> list[LabelledPair]:
    """Return each right rollout with each other one that has the same prompt."""
    return [
        LabelledPair(
            question=one.question,
            prompt_ids=right.prompt_ids,
            chosen_ids=right.completion_ids,
            chosen_mask=right.mask,
            rejected_ids=other.completion_ids,
            rejected_mask=other.mask,
            rejected=rank,
        )
        for one in found
        for right in one.right
        for rank, other in one.others
        if right.prompt_ids == other.prompt_ids
    ]


def _traces(item: Item) -> list[str]:
    return [name for names in item.origin.traces.values() for name in names]


def _judged(item: Item, verdict: Verdict, traces: Sequence[Trace]) -> Judged:
    language = item.shown.language
    answers: dict[str | None, Trace] = {}
    for trace in traces:
        if trace.turns and all(turn.completion_ids for turn in trace.turns):
            answers.setdefault(cluster_key(trace, language), trace)
    right, others = [], []
    for trace in answers.values():
        said = says_right(verdict, trace, language)
        if said:
            right.append(episode(trace.turns))
        elif said is not None:
            rank = ABSTAINED if declared(trace) is not None else WRONG
            others.append((rank, episode(trace.turns)))
    return Judged(question=item.origin.question_id, right=tuple(right), others=tuple(others))
