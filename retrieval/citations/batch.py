"""Read a batch file of dated citations; the whole file is validated first."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import AliasChoices, Field, ValidationError

from corpus.errors import BadInputError, Place, SourceError
from corpus.model import Day, Frozen
from corpus.validation import source_error


class LawRequest(Frozen):
    """One line of a batch file. ``on`` is the governing date, also written ``as_at``."""

    citation: str = Field(min_length=1)
    on: Day = Field(validation_alias=AliasChoices("on", "as_at"))
    known_at: Day | None = None
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()


def read_requests(path: Path) -> list[LawRequest]:
    """Read one request per line; ``-`` is standard input, blank lines are skipped.

    Raises:
        BadInputError: there is no such file.
        SourceError: a line is not a request; names file, line and field.
    """
    if str(path) == "-":
        data, name = sys.stdin.buffer.read(), "standard input"
    elif path.is_file():
        data, name = path.read_bytes(), str(path)
    else:
        raise BadInputError(f"{path}: no such file")
    lines = enumerate(data.splitlines(), start=1)
    return [_request(line, Place(name, n)) for n, line in lines if line.strip()]


def _request(line: bytes, place: Place) -> LawRequest:
    try:
        return LawRequest.model_validate(json.loads(line))
    except ValidationError as error:
        raise source_error(place, error) from None
    except (ValueError, RecursionError) as error:
        raise SourceError(place, f"not JSON: {error}") from None
