"""Error classes: each message is one sentence that names the place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class InForceError(Exception):
    """Base of all errors that InForce raises on purpose. ``str(error)`` can be shown to users."""

    exit_status = 2


class BadInputError(InForceError):
    """A request or an input is invalid; nothing was changed."""


class StoreError(InForceError):
    """The store is missing, locked, of another schema, or refuses the write."""


class IndexMissingError(InForceError):
    """The search index does not exist or was built from another corpus."""


class SearchFailedError(InForceError):
    """The search engine failed; this is never reported as an empty result."""

    exit_status = 1


@dataclass(frozen=True)
class Place:
    """Place of an error: file, line (1-based) or record, and field, as far as known."""

    file: str
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        """Return ``file:line, field 'x'``, without the parts that are not known."""
        spot = self.file if self.line is None else f"{self.file}:{self.line}"
        return spot if self.field is None else f"{spot}, field '{self.field}'"


class SourceError(BadInputError):
    """A record of a source is malformed. Carries its :class:`Place`."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


def without_password(url: str) -> str:
    """Return a URL, also an invalid one, without user, password and query parameters.

    >>> without_password("postgresql://lawyer:secret@db/law")
    'postgresql://***@db/law'
    """
    bare, _, settings = url.partition("?")
    scheme, mark, rest = bare.partition("//")
    if "@" in rest and not scheme.startswith("sqlite"):
        rest = f"***@{rest.rpartition('@')[2]}"
    return f"{scheme}{mark}{rest}" + ("?…" if settings else "")


@contextmanager
def training_installed(what: str = "This") -> Iterator[None]:
    """Turn a failed import of the training packages into an error message.

    Raises:
        BadInputError: a package is missing; the message says how to install it.
    """
    try:
        yield
    except ImportError as missing:
        raise BadInputError(
            f"{what} needs {missing.name}, which is not installed: pip install 'inforce[train]'."
        ) from missing
