"""Sources: one module per format. Each yields whole :class:`~corpus.model.WorkHistory` objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from corpus.errors import SourceError
from corpus.model import WorkHistory

OnFault = Callable[[SourceError], None]
"""Called for a work that cannot be read. It returns (the work is left out) or raises (strict)."""


class Source(Protocol):
    """A readable collection of works."""

    @property
    def name(self) -> str:
        """Return the name of the source for messages."""
        ...

    def fingerprint(self) -> str:
        """Return a hash of the source's bytes and of the settings that affect its reading."""
        ...

    def count(self) -> int | None:
        """Return the number of works, for progress; ``None`` if unknown."""
        ...

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        """Yield the works one by one, each complete; errors go to ``on_fault``."""
        ...
