"""Items of a source that ``inforce labels`` names: a training run, or a journal of rollouts."""

from __future__ import annotations

from corpus.errors import BadInputError
from corpus.model import Frozen
from rl.annotation.items import Item
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
    overlap: int = OVERLAP


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
            overlap=labels.overlap if labels else OVERLAP,
        )
    known = choosers(seed)
    if (name := chooser or CHOOSER) not in known:
        raise BadInputError(f"--chooser: '{name}' is none of {', '.join(known)}")
    items = items_of_run(run.name, journal, known[name], budget)
    return Found(items=tuple(items), corpus_hash=corpus_hash_of(journal))
