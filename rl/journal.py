"""Append-only JSON-lines files: the journals of training runs and of evaluations."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpus.errors import InForceError

TRACES = "traces.jsonl"
"""File name of the journal of scored traces, in a run directory or an evaluation folder."""


class RunError(InForceError):
    """The run directory is missing, in use, or cannot be written."""


class Journal:
    """An append-only file of JSON lines, which can be truncated to an earlier length."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        """Return the length of the file in bytes; 0 where it does not exist."""
        return self.path.stat().st_size if self.path.exists() else 0

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append each row as one line of JSON.

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
                f"{self.path} cannot be written ({fault.strerror}); earlier lines are intact: free"
                " disk space and continue (inforce train --resume, or the same evaluation again)."
            ) from fault

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows in file order; an unfinished last line is skipped."""
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    yield json.loads(line)

    def cut(self, size: int) -> None:
        """Truncate the file to its first ``size`` bytes."""
        if self.path.exists():
            os.truncate(self.path, min(size, self.size))

    def cut_unfinished(self) -> None:
        """Remove an unfinished last line, so that new rows can be appended."""
        if self.path.exists():
            with self.path.open("rb") as file:
                whole = sum(len(line) for line in file if line.endswith(b"\n"))
            self.cut(whole)
