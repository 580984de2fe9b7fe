"""Lock for one writer across processes; released when the process dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from corpus.database import private_file, sqlite_file
from corpus.errors import StoreError

_POSTGRES_KEY = 7_316_842  # an arbitrary constant: the advisory lock of every InForce writer


@contextmanager
def writer(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Hold the write lock of a database inside the context; yields the connection to write on.

    SQLite is locked by a file beside the database; an in-memory database belongs to one process
    anyway. In Postgres the connection holds an advisory lock, so a lost connection releases the
    lock and cannot write.

    Raises:
        StoreError: another process holds the lock.
    """
    path = sqlite_file(engine.url)
    if path is not None:
        with file_lock(Path(f"{path}.lock")), _connection(engine) as connection:
            yield connection
        return
    with _connection(engine) as connection:
        if engine.dialect.name == "postgresql":
            taken = connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_POSTGRES_KEY)))
            connection.commit()  # a session that waits inside a transaction may be ended
            if not taken:
                raise StoreError(f"another writer holds the store at {engine.url}; wait for it")
        yield connection


def claim(connection: sa.Connection) -> None:
    """Check, in a writing transaction, that no other process holds the write lock.

    Raises:
        StoreError: another process holds it.
    """
    if connection.dialect.name != "postgresql":
        return  # the transaction itself is the only one that writes
    if not connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_POSTGRES_KEY))):
        raise StoreError(f"another writer holds the store at {connection.engine.url}; wait for it")


@contextmanager
def _connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection that is closed, not pooled, at the end, so that its locks are released."""
    with engine.execution_options(writes=True).connect() as connection:
        if sqlite_file(engine.url) is not None or engine.dialect.name == "postgresql":
            connection.detach()
        yield connection


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock of a file inside the context; the system releases it if the process dies.

    Raises:
        StoreError: another process holds it, or it cannot be created.
    """
    try:
        private_file(path)
        file = path.open("r+")
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "unknown"
            raise StoreError(
                f"another writer (process {holder}) holds {path}; wait for it to finish"
            ) from None
        _sign(file.fileno(), path)
        yield


def _sign(descriptor: int, path: Path) -> None:
    """Write the holder's process id into the lock file.

    Raises:
        StoreError: the disk is full.
    """
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from None
