"""Replace a file as a whole: whoever reads it finds the old content or the new one."""

from __future__ import annotations

from pathlib import Path

from corpus.errors import BadInputError


def write_whole(file: Path, content: bytes) -> None:
    """Write a file; an existing one is replaced only when all is written.

    Raises:
        BadInputError: it cannot be written; the message says why.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_bytes(content)
        part.replace(file)
    except OSError as error:
        if part.is_file():
            part.unlink()
        raise BadInputError(f"{file} cannot be written: {error.strerror}.") from None
