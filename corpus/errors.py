"""Errors that a person reads: each message is one sentence that names the place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class InForceError(Exception):
    """Base of every error that InForce raises on purpose. ``str(error)`` is fit to print."""

    exit_status = 2


class BadInputError(InForceError):
    """What was asked or supplied cannot be understood; nothing was changed."""


class StoreError(InForceError):
    """The store is missing, locked, of another schema, or refuses the write."""


class IndexMissingError(InForceError):
    """The search index does not exist or was built from another corpus."""


class SearchFailedError(InForceError):
    """The engine failed. An infrastructure fault, never an empty result."""

    exit_status = 1


@dataclass(frozen=True)
class Place:
    """Where a fault sits: file, line (1-based) or record, and field, as far as each is known."""

    file: str
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        """Return ``file:line, field 'x'``, leaving out what is not known."""
        spot = self.file if self.line is None else f"{self.file}:{self.line}"
        return spot if self.field is None else f"{spot}, field '{self.field}'"


class SourceError(BadInputError):
    """A record of a source is malformed. Carries its :class:`Place`."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


def without_password(url: str) -> str:
    """Return a URL, whole or broken, as an error may show it: user, password and settings hidden.

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
    """Turn a failed import of the training stack into a sentence.

    Raises:
        BadInputError: a package is missing; names it, and how it is installed.
    """
    try:
        yield
    except ImportError as missing:
        raise BadInputError(
            f"{what} needs {missing.name}, which is not installed: pip install 'inforce[train]'."
        ) from missing
