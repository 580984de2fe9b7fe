"""Items of a source that ``inforce labels`` names: a training run, or a journal of rollouts."""

from __future__ import annotations

from pathlib import Path

from corpus.errors import BadInputError
from corpus.model import Frozen
from rl.annotation.exchange import read_jsonl
from rl.annotation.items import ChosenCandidate, ChosenDecline, ChosenVersion, Item, Label
from rl.annotation.items_of_run import corpus_hash_of, items_of_run
from rl.annotation.ledger import asked_items
from rl.annotation.run_of_project import journal_of
from rl.annotation.selection.choosers import choosers
from rl.run.run_directory import Run

CHOOSER, OVERLAP = "low_confidence", 2
"""What chooses, and how many people decide, where neither the command nor the run says."""


class Found(Frozen):
    """Items of a source, the corpus that they are about, and the overlap that its run names."""

    items: tuple[Item, ...]
    corpus_hash: str
    overlap: int | None = None


def items_of(source: str, chooser: str | None, budget: float, seed: int) -> Found:
    """Return the items of a source.

    Args:
        source: a run by name or folder, or a ``traces.jsonl``.
        chooser: what chooses from the rollouts; ``None``: what the run itself asked about, if it
            learns from labels, else :data:`CHOOSER`.
        budget: share of each round's questions.
        seed: seed of the chooser ``random``.

    Raises:
        BadInputError: there is no such chooser, or the rollouts cannot be read.
        RunError: there is no such run.
        SourceError: a line of a journal is damaged; names line and field.
    """
    journal = journal_of(source)
    run = Run(journal.parent)
    if chooser is None and run.asked.path.exists():
        labels = run.recipe().labels
        return Found(
            items=tuple(asked_items(run.asked.path)),
            corpus_hash=run.facts().corpus_hash,
            overlap=labels.overlap if labels else None,
        )
    known = choosers(seed)
    if (name := chooser or CHOOSER) not in known:
        raise BadInputError(f"--chooser: '{name}' is none of {', '.join(known)}")
    items = items_of_run(run.name, journal, known[name], budget)
    return Found(items=tuple(items), corpus_hash=corpus_hash_of(journal))


def gold_items_of(source: str, known: Path) -> Found:
    """Return the items of a source whose answer is known, as gold items.

    Args:
        source: a run by name or folder, or a ``traces.jsonl``.
        known: labels of the same rollouts that another project exported as JSON lines. Those that
            are settled with an answer, or with a reason to abstain, are known.

    Raises:
        BadInputError: a file cannot be read, no label of ``known`` is about these rollouts, or the
            run itself learns from labels: it would wait for those of its gold items.
        RunError: there is no such run.
        SourceError: a line is damaged; names line and field.
    """
    if Run(journal_of(source).parent).asked.path.exists():
        raise BadInputError(
            f"{source} learns from labels of the questions that it asked about: take the items"
            " whose answer is known from another run."
        )
    found = items_of(source, "full", 1.0, 0)
    answers = {label.item: label for label in read_jsonl(known)}
    gold = [
        _as_gold(item, answers[item.id], found.corpus_hash, known)
        for item in found.items
        if item.id in answers and isinstance(answers[item.id].choice, _ANSWERS)
    ]
    if not gold:
        raise BadInputError(f"{known} settles no question of {source}.")
    return found.model_copy(update={"items": tuple(gold)})


_ANSWERS = (ChosenCandidate, ChosenVersion, ChosenDecline)


def _as_gold(item: Item, label: Label, corpus_hash: str, known: Path) -> Item:
    """Return an item with the decision of a label as its known answer.

    Raises:
        BadInputError: the label is of another corpus, or names a candidate that is not there.
    """
    if label.corpus_hash != corpus_hash:
        raise BadInputError(
            f"{known}: item {item.id} was labelled on corpus {label.corpus_hash[:12]}, and answered"
            f" from corpus {corpus_hash[:12]}."
        )
    letters = [candidate.letter for candidate in item.shown.candidates]
    if isinstance(label.choice, ChosenCandidate) and label.choice.letter not in letters:
        raise BadInputError(f"{known}: item {item.id} has no candidate {label.choice.letter}.")
    return item.model_copy(update={"gold": label.choice})
