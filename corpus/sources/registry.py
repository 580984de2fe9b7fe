"""Which source reads a file or folder."""

from __future__ import annotations

from pathlib import Path

from corpus.errors import BadInputError
from corpus.sources import Source
from corpus.sources.jsonl import Jsonl


def open_source(spec: str, dialect: str | None = None) -> Source:
    """Return the source for a path, or the demonstration corpus for ``demo``.

    Raises:
        BadInputError: there is no such path, or nothing here reads it.
    """
    if spec == "demo":
        from corpus.demo import demo_files

        return Jsonl(*demo_files())
    path = Path(spec)
    if not path.exists():
        raise BadInputError(f"{spec}: no such file or folder")
    if path.suffix == ".jsonl":
        return Jsonl(path)
    raise BadInputError(f"{spec}: not a source that InForce can read")
