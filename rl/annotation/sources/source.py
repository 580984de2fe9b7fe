"""The protocol of a source of labels, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from rl.annotation.items import Item
from rl.annotation.sources.verdict import Verdict


class LabelSource(Protocol):
    """Hands out labels. Nothing else may read a gold answer in a run that learns from labels."""

    @property
    def handed_out(self) -> int:
        """Return how many questions a label was handed out for, each counted once."""
        ...

    def ask(self, items: Sequence[Item]) -> Mapping[str, Verdict]:
        """Ask for the labels of items, and return those that are there, by item id.

        Asking again for the same item is free, and returns its label once there is one.

        Raises:
            InForceError: the source cannot be read.
        """
        ...


class Tally:
    """Counts the questions that a label was handed out for."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def __len__(self) -> int:
        return len(self._given)

    def add(self, items: Sequence[Item], found: Mapping[str, Verdict]) -> Mapping[str, Verdict]:
        """Count what is handed out, and return it."""
        self._given |= {item.origin.question_id for item in items if item.id in found}
        return found
