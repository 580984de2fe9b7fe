"""Decisions that were made elsewhere, and labels of another project as such decisions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corpus.errors import Place, SourceError
from corpus.model import Frozen
from rl.annotation.exchange import read_jsonl
from rl.annotation.items import Decision, Item
from rl.annotation.queue.decision_log import TextOf, check
from rl.annotation.queue.label_queue import QueueError


class Made(Frozen):
    """A decision that was made elsewhere.

    Attributes:
        item: the item that it is about.
        person: pseudonym of the person; empty where an export of ours wrote it.
        decision: the decision.
    """

    item: Item
    person: str
    decision: Decision


def read_labels(path: Path, items: Sequence[Item], corpus_hash: str, text_of: TextOf) -> list[Made]:
    """Read the labels with an answer from JSON lines that an export of ours wrote.

    Args:
        path: the file.
        items: the items of the project.
        corpus_hash: the corpus that the project is about.
        text_of: reads the texts of versions, to check marked words against.

    Raises:
        BadInputError: the file cannot be read.
        SourceError: a line is no label, or one of another corpus, of an item that is not ours, or
            of a candidate, version or words that are not there; names line and field.
    """
    ours, made = {item.id: item for item in items}, []
    for number, label in enumerate(read_jsonl(path), 1):
        if label.corpus_hash != corpus_hash:
            place = Place(str(path), number, "corpus_hash")
            raise SourceError(place, f"a label of another corpus: {label.corpus_hash[:12]}")
        if label.item not in ours:
            place = Place(str(path), number, "item")
            raise SourceError(place, f"no item of this project: {label.item}")
        if label.choice is None:
            continue
        decision = Decision(choice=label.choice)
        try:
            check(decision, ours[label.item], text_of)
        except QueueError as fault:
            raise SourceError(Place(str(path), number, "choice"), str(fault)) from fault
        made.append(Made(item=ours[label.item], person="", decision=decision))
    return made
