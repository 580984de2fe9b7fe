"""A file of JSON lines: the journals of training runs and of evaluations."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.errors import InForceError

TRACES = "traces.jsonl"
"""The journal of a run or an evaluation that holds its scored traces."""


class RunError(InForceError):
    """The run directory is missing, in use, or cannot be written."""


class Journal:
    """A file of JSON lines that only grows, or is cut back to where it was whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        """Return its length in bytes."""
        return self.path.stat().st_size if self.path.exists() else 0

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows.

        Raises:
            RunError: the disk is full, or the file cannot be written.
        """
        text = "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as fault:
            raise RunError(
                f"{self.path} cannot be written ({fault.strerror}); what was written before is"
                " whole: make room and go on (inforce train --resume, or the same evaluation"
                " again)."
            ) from fault

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows; a last line that was never finished is left out."""
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    yield json.loads(line)

    def cut(self, size: int) -> None:
        """Keep the first ``size`` bytes."""
        if self.path.exists():
            os.truncate(self.path, min(size, self.size))

    def cut_unfinished(self) -> None:
        """Drop a last line that was never finished, so that a new one can follow."""
        if self.path.exists():
            with self.path.open("rb") as file:
                whole = sum(len(line) for line in file if line.endswith(b"\n"))
            self.cut(whole)
