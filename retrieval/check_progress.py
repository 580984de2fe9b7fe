"""Counts of random searches that were compared with the store, kept while a check runs."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.whole_file import write_whole

_SHOWN = 5


class Tally(Frozen):
    """Counts of consecutive searches.

    Attributes:
        searches: number of searches.
        hits: number of hits compared with the store.
        near: those of the hits that are among the nearest vectors of their search.
        wrong: hits that the store contradicts.
        faults: the first of these as sentences.
    """

    searches: int = 0
    hits: int = 0
    near: int = 0
    wrong: int = 0
    faults: tuple[str, ...] = ()

    def and_then(self, other: Tally) -> Tally:
        """Return the counts of these searches followed by those of ``other``."""
        return Tally(
            searches=self.searches + other.searches,
            hits=self.hits + other.hits,
            near=self.near + other.near,
            wrong=self.wrong + other.wrong,
            faults=(*self.faults, *other.faults)[:_SHOWN],
        )


class CheckOf(Frozen):
    """What a check is of. Counts are continued only where all of it is the same.

    Attributes:
        corpus_hash: state of the corpus.
        index: version of the index.
        vectors: the name under which its vectors are kept; ``None``: it has none.
        seed: seed of the searches.
    """

    corpus_hash: str
    index: str
    vectors: str | None
    seed: int


class _Kept(Frozen):
    of: CheckOf
    tally: Tally


class CheckProgress:
    """The counts so far, kept in a file if one is named, which is replaced with every addition.

    Raises:
        BadInputError: the file is of another check, or cannot be read.
    """

    def __init__(self, file: Path | None, of: CheckOf) -> None:
        self._file = file
        self._of = of
        self.tally = _read(file, of) if file and file.exists() else Tally()

    def add(self, tally: Tally) -> None:
        """Add the counts of further searches.

        Raises:
            BadInputError: the file cannot be written.
        """
        self.tally = self.tally.and_then(tally)
        if self._file is None:
            return
        kept = _Kept(of=self._of, tally=self.tally)
        write_whole(self._file, f"{kept.model_dump_json()}\n".encode())


def _read(file: Path, of: CheckOf) -> Tally:
    try:
        kept = _Kept.model_validate_json(file.read_bytes())
    except ValidationError:
        raise BadInputError(f"{file} does not hold the counts of a check") from None
    if kept.of != of:
        raise BadInputError(
            f"{file} holds the counts of a check of another index, corpus or seed; "
            "name another file"
        )
    return kept.tally
