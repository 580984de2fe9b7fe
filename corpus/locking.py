"""One writer at a time, across processes, released by the system when the writer dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from corpus.errors import StoreError

_POSTGRES_KEY = 7_316_842  # an arbitrary constant: the advisory lock of every InForce writer


@contextmanager
def writer_lock(engine: sa.Engine) -> Iterator[None]:
    """Hold the writer's lock of a database while inside.

    SQLite files are locked by a file beside them, Postgres by an advisory lock; an in-memory
    database has one process anyway.

    Raises:
        StoreError: another writer holds it.
    """
    if engine.dialect.name == "postgresql":
        with _postgres_lock(engine):
            yield
    elif engine.url.database in (None, "", ":memory:"):
        yield
    else:
        with file_lock(Path(f"{engine.url.database}.lock")):
            yield


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock of a file while inside; the system releases it when the process dies.

    Raises:
        StoreError: another process holds it.
    """
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise StoreError(
                f"another writer (process {holder}) holds {path}; wait for it to finish"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _postgres_lock(engine: sa.Engine) -> Iterator[None]:
    with engine.connect() as connection:
        taken = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_POSTGRES_KEY)))
        if not taken:
            raise StoreError(f"another writer holds the store at {engine.url}; wait for it")
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_POSTGRES_KEY)))
