"""Labels of a run: what was asked for, what came, and what is still missing. Free of torch.

Both are journals of the run directory, cut back with the others when a run is resumed:
``asked.jsonl`` holds the items that the run asked about, ``labels.jsonl`` what was handed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from corpus.errors import Place
from corpus.model import Frozen
from corpus.validation import source_error
from rl.annotation.items import Item
from rl.annotation.sources.source import LabelSource
from rl.annotation.sources.verdict import Verdict
from rl.journal import Journal


class HandedOut(Frozen):
    """A label that a run received; a line of ``labels.jsonl``.

    ``step`` is the optimiser step before which it came, ``item`` the id of the item it was asked
    with.
    """

    step: int
    item: str
    question_id: str
    verdict: Verdict


class Ledger:
    """The labels of a run, by question.

    Args:
        source: hands out labels.
        asked: journal of the items asked about.
        given: journal of the labels handed out.
    """

    def __init__(self, source: LabelSource, asked: Journal, given: Journal) -> None:
        self.source, self._asked, self._given = source, asked, given
        rows = [_read(given.path, number, row) for number, row in enumerate(given.rows(), 1)]
        self._known = {row.question_id: row.verdict for row in rows}
        self._came = {row.question_id: row.step for row in rows}
        items = asked_items(asked.path)
        received = {row.item for row in rows}
        self._pending = {item.origin.question_id: item for item in items if item.id not in received}
        source.ask([item for item in items if item.id in received])

    def verdict(self, question_id: str) -> Verdict | None:
        """Return the label of a question; ``None`` where there is none yet."""
        return self._known.get(question_id)

    @property
    def known(self) -> frozenset[str]:
        """Return the questions that have a label."""
        return frozenset(self._known)

    @property
    def pending(self) -> frozenset[str]:
        """Return the questions that were asked about and have no label yet."""
        return frozenset(self._pending)

    def came(self, step: int) -> frozenset[str]:
        """Return the questions whose label came just before that optimiser step."""
        return frozenset(name for name, at in self._came.items() if at == step)

    def collect(self, step: int) -> list[str]:
        """Take in the labels that came for questions asked about earlier; return these.

        Raises:
            InForceError: the source cannot be read.
            RunError: a journal cannot be written.
        """
        return self._receive(step, list(self._pending.values()))

    def ask(self, step: int, items: Sequence[Item]) -> list[str]:
        """Ask for the labels of items; return the questions whose label is there.

        Raises:
            InForceError: the source cannot be read.
            RunError: a journal cannot be written.
        """
        self._asked.append([item.model_dump(mode="json") for item in items])
        self._pending |= {item.origin.question_id: item for item in items}
        return self._receive(step, items)

    def _receive(self, step: int, items: Sequence[Item]) -> list[str]:
        if not items:
            return []
        found = self.source.ask(items)
        came = [item for item in items if item.id in found]
        rows = [
            HandedOut(
                step=step,
                item=item.id,
                question_id=item.origin.question_id,
                verdict=found[item.id],
            )
            for item in came
        ]
        self._given.append([row.model_dump(mode="json") for row in rows])
        for row in rows:
            self._known[row.question_id] = row.verdict
            self._came[row.question_id] = step
            del self._pending[row.question_id]
        return [row.question_id for row in rows]


def asked_items(path: Path) -> list[Item]:
    """Return the items that a run asked about, from its ``asked.jsonl``; empty without one.

    Raises:
        SourceError: a line is no item; names line and field.
    """
    found = []
    for number, row in enumerate(Journal(path).rows(), 1):
        try:
            found.append(Item.model_validate(row))
        except ValidationError as fault:
            raise source_error(Place(str(path), number), fault, "an item") from fault
    return found


def _read(path: Path, number: int, row: object) -> HandedOut:
    try:
        return HandedOut.model_validate(row)
    except ValidationError as fault:
        raise source_error(Place(str(path), number), fault, "a label handed out") from fault
