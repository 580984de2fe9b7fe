"""Stored vectors of distinct passages, in one SQLite file beside the index.

A vector is found by the digest of its passage and the identity of its encoder. Each batch is
committed, so an interrupted build is continued, and one more act embeds only its own texts. The
file is derived and can be deleted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from corpus.closeable import Closeable
from corpus.database import create_sqlite
from corpus.errors import StoreError
from retrieval.query import IndexedText
from retrieval.vectors.encoder import EncoderError
from retrieval.vectors.passage import digest, kept_as, passage
from retrieval.vectors.quantised import Codes

_TABLES = """
create table if not exists encoders (
    id integer primary key, identity text not null unique, dimension integer not null);
create table if not exists vectors (
    encoder integer not null, digest blob not null, vector blob not null,
    primary key (encoder, digest)) without rowid;
"""
_ASKED = 500  # digests of one statement


class KeptVectors(Closeable):
    """The stored vectors of one encoder, for one thread; a context manager.

    Args:
        path: the file; created if missing.
        identity: identity of the encoder.

    Raises:
        StoreError: the file cannot be read or created, or is damaged.
    """

    def __init__(self, path: Path, identity: str) -> None:
        self._path = path
        self.identity = kept_as(identity)
        with self._failures():
            self._connection = create_sqlite(path)
            self._connection.execute("pragma synchronous=normal")
            self._connection.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def held(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the codes, as bytes, of those that are kept.

        Raises:
            StoreError: the file is damaged.
        """
        wanted = list(dict.fromkeys(digests))
        found: dict[bytes, bytes] = {}
        with self._failures():
            for i in range(0, len(wanted), _ASKED):
                some = wanted[i : i + _ASKED]
                marks = ",".join("?" * len(some))
                found |= self._connection.execute(
                    "select digest, vector from vectors join encoders on id = encoder"  # noqa: S608
                    f" where identity = ? and digest in ({marks})",
                    (self.identity, *some),
                ).fetchall()
        return found

    def of(self, row: IndexedText) -> bytes:
        """Return the codes of a row.

        Raises:
            StoreError: they are not there, or the file is damaged.
        """
        name = digest(passage(row))
        found = self.held([name]).get(name)
        if found is None:
            raise StoreError(f"{self._path} holds no vector of {row.key}")
        return found

    @property
    def dimension(self) -> int | None:
        """The numbers of a vector; ``None``: nothing is kept yet."""
        with self._failures():
            found = self._connection.execute(
                "select dimension from encoders where identity = ?", (self.identity,)
            ).fetchone()
        return int(found[0]) if found else None

    def keep(self, digests: Sequence[bytes], codes_N_D: Codes) -> None:
        """Write a batch in one transaction.

        Raises:
            EncoderError: the vectors have another dimension than the stored ones.
            StoreError: the file cannot be written.
        """
        with self._failures(), self._transaction():
            number = self._encoder(codes_N_D.shape[1])
            self._connection.executemany(
                "insert or replace into vectors values (?, ?, ?)",
                [(number, d, c.tobytes()) for d, c in zip(digests, codes_N_D, strict=True)],
            )

    def _encoder(self, dimension: int) -> int:
        """Return the encoder's number in the file, after checking the dimension."""
        self._connection.execute(
            "insert or ignore into encoders (identity, dimension) values (?, ?)",
            (self.identity, dimension),
        )
        number, kept = self._connection.execute(
            "select id, dimension from encoders where identity = ?", (self.identity,)
        ).fetchone()
        if kept != dimension:
            raise EncoderError(
                f"the encoder {self.identity} now gives vectors of {dimension} numbers, but those "
                f"kept in {self._path} have {kept}: remove that file, then run 'inforce index "
                "build --anew'"
            )
        return int(number)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn errors of SQLite and the system into :class:`StoreError`."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"the vectors kept in {self._path} cannot be read or written ({error}): free the "
                "disk, or remove that file to have them made anew"
            ) from error


class RowVectors(NamedTuple):
    """What a build writes beside the words: the vectors of its rows, or why there are none."""

    kept: KeptVectors | None = None
    words_only: str | None = None

    @property
    def identity(self) -> str | None:
        """The name under which the vectors are kept; ``None``: there are none."""
        return self.kept.identity if self.kept else None


NO_VECTORS = RowVectors()
