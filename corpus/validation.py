"""Validation errors of pydantic as the errors that a person reads."""

from __future__ import annotations

from pydantic import ValidationError

from corpus.errors import Place, SourceError


def source_error(place: Place, error: ValidationError, what: str | None = None) -> SourceError:
    """Return the first validation error as one sentence with its field.

    Args:
        place: file and line.
        error: what pydantic found.
        what: what the record was to be, such as ``a question``; named in the sentence.
    """
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    message = first["msg"].removeprefix("Value error, ")
    problem = message if what is None else f"not {what}: {message}"
    return SourceError(Place(place.file, place.line, field), problem)
