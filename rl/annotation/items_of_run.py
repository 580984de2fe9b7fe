"""Make labelling items of a training run's rollouts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from agent.trace import Trace
from corpus.errors import BadInputError
from corpus.questions import Posed
from rl.annotation.items import LETTERS, Candidate, Cited, Item, Origin, Shown
from rl.annotation.selection.choosers import Chooser, choose
from rl.annotation.selection.clusters import AnswerGroup, group
from rl.rewards.claims import declared, drafted
from rl.rewards.scored_trace import RolloutRecord, read_rollouts


def items_of_run(
    run: str, journal: Path, chooser: Chooser, budget: float, rounds: range | None = None
) -> list[Item]:
    """Return the items that a chooser picks from each round of a run.

    Args:
        run: name of the run.
        journal: its ``traces.jsonl``.
        chooser: scores the questions of a round.
        budget: share of a round's questions to be labelled, from 0 to 1.
        rounds: which optimiser steps to read, counted as in the journal; all by default.

    Raises:
        BadInputError: the journal cannot be read.
        SourceError: a line of it is no scored trace; names line and field.
    """
    found: dict[str, Item] = {}
    for step, records in groupby(read_rollouts(journal), key=lambda record: record.step):
        if rounds is None or step in rounds:
            for item in items_of_round(run, step, list(records), chooser, budget):
                found.setdefault(item.id, item)
    return list(found.values())


def corpus_hash_of(journal: Path) -> str:
    """Return the corpus that the rollouts of a journal were answered from.

    Raises:
        BadInputError: the journal cannot be read, holds no trace, or traces of several corpora.
        SourceError: a line of it is no scored trace; names line and field.
    """
    found = {r.trace.corpus_hash for r in read_rollouts(journal) if r.trace is not None}
    if len(found) != 1:
        raise BadInputError(f"{journal} holds traces of {len(found)} corpora; one is wanted.")
    return found.pop()


def items_of_round(
    run: str, step: int, records: Sequence[RolloutRecord], chooser: Chooser, budget: float
) -> list[Item]:
    """Return the items that a chooser picks from the rollouts of one round."""
    asked: dict[str, list[RolloutRecord]] = {}
    for record in records:
        asked.setdefault(record.question.id, []).append(record)
    traces = [[None if r.void else r.trace for r in rollouts] for rollouts in asked.values()]
    groups = [
        group(Posed.of(rollouts[0].question), found)
        for rollouts, found in zip(asked.values(), traces, strict=True)
    ]
    return [
        item_of(run, step, groups[place], traces[place], chooser.name, score)
        for place, score in choose(chooser, groups, budget)
    ]


def item_of(  # noqa: PLR0913
    run: str,
    step: int,
    answers: AnswerGroup,
    traces: Sequence[Trace | None],
    chooser: str,
    score: float | None,
) -> Item:
    """Make an item of one group; its candidates stand in an order drawn from its id."""
    name = hashlib.blake2b(
        f"{run}\n{step}\n{answers.question.id}".encode(), digest_size=10
    ).hexdigest()
    drawn = sorted(
        answers.clusters,
        key=lambda c: hashlib.blake2b(f"{name}\n{c.key}".encode(), digest_size=8).digest(),
    )[: len(LETTERS)]
    lettered = list(zip(LETTERS, drawn, strict=False))
    behind = {
        letter: [trace for m in cluster.members if (trace := traces[m]) is not None]
        for letter, cluster in lettered
    }
    first = next((trace for found in behind.values() for trace in found), None)
    return Item(
        id=name,
        shown=Shown(
            question=answers.question.text,
            as_at=answers.question.as_at,
            ground=first.governing.ground if first and first.governing else "",
            language=answers.question.language,
            jurisdiction=answers.question.jurisdiction,
            candidates=tuple(candidate(letter, found[0]) for letter, found in behind.items()),
        ),
        origin=Origin(
            run=run,
            round=step,
            question_id=answers.question.id,
            traces={letter: tuple(_ids(found)) for letter, found in behind.items()},
            chooser=chooser,
            score=score,
        ),
    )


def candidate(letter: str, trace: Trace) -> Candidate:
    """Show the answer that a policy wanted to give, or its abstention."""
    reason, draft = declared(trace), drafted(trace)
    if reason is not None or draft is None:
        words = trace.abstention.explanation if trace.abstention else ""
        return Candidate(letter=letter, text=words, abstains=reason)
    cited = dict.fromkeys(
        (c.version_id, c.quote) for sentence in draft.sentences for c in sentence.citations
    )
    return Candidate(
        letter=letter,
        text="\n".join(sentence.text for sentence in draft.sentences),
        citations=tuple(Cited(version_id=version, quote=quote) for version, quote in cited),
    )


def _ids(traces: Iterable[Trace]) -> list[str]:
    return [trace.id for trace in traces]
