"""Transactions on the label queue: one at a time in each project."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from corpus.clock import now
from corpus.database import cause, writing
from corpus.errors import StoreError


@contextmanager
def exclusive(engine: sa.Engine, project: str) -> Iterator[sa.Connection]:
    """Yield a connection in a transaction that no other of the same project runs beside.

    Raises:
        StoreError: the database refuses the write; nothing was changed.
    """
    try:
        with writing(engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_key(project))))
            yield connection
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(
            f"the label queue at {engine.url} cannot be written: {cause(error)}; nothing was saved"
        ) from None


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection to read from one state of the queue.

    Raises:
        StoreError: the database cannot be read.
    """
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(
            f"the label queue at {engine.url} cannot be read: {cause(error)}"
        ) from None


def stamp() -> float:
    """Return the present instant in seconds since 1970, UTC."""
    return now().timestamp()


def _key(project: str) -> int:
    """Return a number for Postgres's advisory locks, 63 bits of a hash of the project's name."""
    digest = hashlib.blake2b(f"label queue\n{project}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1
