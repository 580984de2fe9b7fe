"""Labels of a file: an export of ``inforce labels export``, which may grow during the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from corpus.errors import BadInputError
from rl.annotation.exchange import read_jsonl
from rl.annotation.items import Item, Label
from rl.annotation.sources.source import Tally
from rl.annotation.sources.verdict import Verdict, verdict_of


class FileSource:
    """Answers with the labels of a file, which is read again whenever it is asked.

    Args:
        path: JSON lines of labels; a file that is missing holds none yet.
        corpus_hash: the corpus of the run; labels of another one are refused.
    """

    def __init__(self, path: Path, corpus_hash: str) -> None:
        self._path, self._corpus_hash = path, corpus_hash
        self._tally = Tally()

    @property
    def handed_out(self) -> int:
        """Return how many questions a label was handed out for, each counted once."""
        return len(self._tally)

    def ask(self, items: Sequence[Item]) -> Mapping[str, Verdict]:
        """Return the labels that the file holds of these items, by item id.

        Raises:
            BadInputError: the file cannot be read, or a label is of another corpus.
            SourceError: a line is no label; names line and field.
        """
        labels = list(read_jsonl(self._path)) if self._path.exists() else []
        foreign = next((one for one in labels if one.corpus_hash != self._corpus_hash), None)
        if foreign is not None:
            raise BadInputError(
                f"{self._path}: the label of item {foreign.item} is about corpus"
                f" {foreign.corpus_hash[:12]}, the run about {self._corpus_hash[:12]}."
            )
        return self._tally.add(items, verdicts(items, labels))


def verdicts(items: Sequence[Item], labels: Sequence[Label]) -> dict[str, Verdict]:
    """Return what labels say of items, by item id; items whose label is not settled are left out.

    Raises:
        BadInputError: a label names a candidate that its item does not have.
    """
    settled = {label.item: label.choice for label in labels if label.choice is not None}
    found = {}
    for item in items:
        if (choice := settled.get(item.id)) is None:
            continue
        try:
            found[item.id] = verdict_of(item, choice)
        except KeyError as letter:
            raise BadInputError(
                f"The label of item {item.id} names candidate {letter}, which it does not have."
            ) from None
    return found
