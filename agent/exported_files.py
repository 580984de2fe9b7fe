"""Files written of answers and matters, known by path and digest, so that they can be deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from corpus.errors import BadInputError


def delete_files(files: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Delete files that still are what was written.

    Args:
        files: path and digest of each.

    Returns:
        The paths of those deleted, and a sentence for each that stays.
    """
    gone: list[str] = []
    kept: list[str] = []
    for path, digest in files:
        file = Path(path)
        if not file.exists():
            continue
        problem = _why_not(file, digest)
        if problem is None:
            gone.append(path)
        else:
            kept.append(f"{path} stays: {problem}.")
    return gone, kept


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits.

    Raises:
        BadInputError: it cannot be read.
    """
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInputError(f"{file} cannot be read: {error.strerror}") from None


def _why_not(file: Path, digest: str) -> str | None:
    """Remove an exported file; return why it stays, or ``None``."""
    try:
        if file_digest(file) != digest:
            return "it was changed since it was exported"
        file.unlink()
    except BadInputError as problem:
        return str(problem)
    except OSError as problem:
        return str(problem.strerror)
    return None
