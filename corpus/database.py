"""Open the databases of the store, of threads, and of what people keep (:class:`Database`).

SQLite files are created private, wait a bounded time for other writers, and are opened read-only
where they cannot be written. A writing transaction (:func:`writing`) takes the database's write
lock at its beginning, so it cannot fail halfway because another process wrote first.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import quote

import sqlalchemy as sa

from corpus.closeable import Closeable
from corpus.errors import StoreError, without_password

BUSY_SECONDS = 30.0
"""Seconds to wait for another process that writes."""

_SCHEMA_KEY = 7_316_843  # the advisory lock under which tables are made in Postgres


def open_engine(url: str, *, create: bool) -> sa.Engine:
    """Return a SQLAlchemy engine for a database; ``create`` makes its folder and file.

    A new folder and a new file are readable by their owner only.

    Raises:
        StoreError: the URL is unusable, there is no database, or it cannot be created.
    """
    parsed = parse_url(url)
    path = sqlite_file(parsed)
    # Threads wait for each other's reads, however long the machine or its clock stands still.
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_timeout": None}
    if path is not None:
        _find(path, create=create)
        options = {"creator": lambda: connect_sqlite(path), "pool_timeout": None}
    try:
        engine = sa.create_engine(parsed, **options)
    except sa.exc.ArgumentError:
        raise StoreError(f"{parsed}: a store is kept in SQLite or Postgres") from None
    except ModuleNotFoundError as error:
        raise StoreError(
            f"the store at {parsed} needs the module {error.name}; "
            "for Postgres install 'inforce[postgres]'"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _tune_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def parse_url(url: str) -> sa.URL:
    """Parse a SQLAlchemy URL.

    Raises:
        StoreError: the URL is invalid.
    """
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        shown = without_password(url)
        raise StoreError(f"'{shown}' is not a database URL (example: sqlite:///law.db)") from None


def sqlite_file(url: sa.URL) -> Path | None:
    """Return the file of a SQLite database; ``None`` for one in memory or of another kind."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def private_folder(path: Path) -> None:
    """Create a folder and its missing parents, accessible to the owner only.

    Raises:
        OSError: it cannot be created.
    """
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def private_file(path: Path) -> None:
    """Create an empty file, accessible to the owner only, unless it exists.

    Raises:
        OSError: it cannot be created.
    """
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection in a transaction that holds the write lock."""
    with engine.execution_options(writes=True).begin() as connection:
        yield connection


class Database(Closeable):
    """Base of the databases of one kind of thing. Open one with :meth:`open`; thread-safe.

    Attributes:
        metadata: the tables.
        kept: what is kept there, for error messages.
    """

    metadata: ClassVar[sa.MetaData]
    kept: ClassVar[str]

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the database at a SQLAlchemy ``url``, creating it and its tables if needed.

        Raises:
            StoreError: it cannot be opened.
        """
        engine = open_engine(url, create=True)
        try:
            create_tables(engine, cls.metadata)
        except sa.exc.SQLAlchemyError as error:
            engine.dispose()
            raise StoreError(f"cannot keep {cls.kept} at {engine.url}: {cause(error)}") from None
        return cls(engine)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    @contextmanager
    def writing(self, doing: str | None = None) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that holds the write lock.

        Args:
            doing: what is done, for the error message; left out, ``keep`` and what is kept.

        Raises:
            StoreError: the database refuses what is written.
        """
        try:
            with writing(self.engine) as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            done = doing or f"keep {self.kept}"
            raise StoreError(f"cannot {done} at {self.engine.url}: {cause(error)}") from None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection for reading.

        Raises:
            StoreError: the database cannot be read.
        """
        try:
            with self.engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            place = self.engine.url
            raise StoreError(f"cannot read {self.kept} at {place}: {cause(error)}") from None


def create_tables(engine: sa.Engine, metadata: sa.MetaData) -> None:
    """Create the missing tables and columns; concurrent processes do it one after another.

    A column that a table of an earlier version lacks is added, empty in the rows that are there; it
    may therefore not be required.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: they cannot be created.
    """
    with engine.connect() as connection:
        if _is_complete(connection, metadata):
            return
    with writing(engine) as connection:
        take_turns(connection)
        metadata.create_all(connection)
        _add_columns(connection, metadata)


def _is_complete(connection: sa.Connection, metadata: sa.MetaData) -> bool:
    if not set(metadata.tables) <= set(sa.inspect(connection).get_table_names()):
        return False
    return not any(_missing_columns(connection, metadata))


def _missing_columns(
    connection: sa.Connection, metadata: sa.MetaData
) -> Iterator[tuple[str, sa.Column[Any]]]:
    """Yield the columns that the database lacks, each with the name of its table."""
    inspected = sa.inspect(connection)
    for name, table in metadata.tables.items():
        there = {column["name"] for column in inspected.get_columns(name)}
        yield from ((name, column) for column in table.columns if column.name not in there)


def _add_columns(connection: sa.Connection, metadata: sa.MetaData) -> None:
    missing = list(_missing_columns(connection, metadata))
    if not missing:
        return
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    change = Operations(MigrationContext.configure(connection))
    for table, column in missing:
        change.add_column(table, sa.Column(column.name, column.type))


def erase_free_space(url: str) -> str | None:
    """Overwrite what was deleted from a SQLite database; Postgres does so by its own vacuum.

    Returns:
        A sentence if another process reads the database, so that some of it is overwritten later.

    Raises:
        StoreError: another process holds the database too long, or it cannot be written.
    """
    path = sqlite_file(parse_url(url))
    if path is None or not path.exists():
        return None
    connection = connect_sqlite(path)
    try:
        connection.execute("vacuum")
        busy, _, _ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be cleaned of what was deleted: {error}") from None
    finally:
        connection.close()
    return f"{path} is being read: what was deleted is overwritten later." if busy else None


def take_turns(connection: sa.Connection) -> None:
    """Wait, in Postgres, until no other transaction creates tables (SQLite has one writer)."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_KEY)))


def cause(error: Exception) -> str:
    """Return the first line of an error message of a database or the system."""
    said = str(getattr(error, "orig", None) or error).strip()
    return (said.splitlines() or [type(error).__name__])[0]


def connect_sqlite(path: Path) -> sqlite3.Connection:
    """Connect to an existing SQLite file, read-only where it cannot be written."""
    wal = Path(f"{path}-wal")
    if os.access(path.parent, os.W_OK, effective_ids=True):
        mode = "mode=rw"
    elif wal.exists() and wal.stat().st_size:
        mode = "mode=ro"
    else:
        mode = "immutable=1"  # nothing to wait for, and no room for the files beside
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        check_same_thread=False,
        isolation_level=None,
    )


def create_sqlite(path: Path) -> sqlite3.Connection:
    """Connect to a SQLite file, creating it and its folder for their owner only.

    Raises:
        OSError: the file or folder cannot be created.
        sqlite3.Error: it cannot be opened, or other writers held it too long.
    """
    private_folder(path.parent)
    private_file(path)
    _write_ahead(path)
    return connect_sqlite(path)


def _find(path: Path, *, create: bool) -> None:
    """Check that a SQLite file exists; with ``create``, create it.

    Raises:
        StoreError: it does not exist, or cannot be created or read.
    """
    try:
        if path.exists():
            return
        if not create:
            raise StoreError(f"there is no store at {path}; make one with 'inforce ingest'")
        create_sqlite(path).close()
    except (OSError, sqlite3.Error) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreError(f"{path} cannot be {'made' if create else 'read'}: {said}") from None


def _write_ahead(path: Path) -> None:
    """Switch the file to write-ahead logging, so that readers can read during a write."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        connection = connect_sqlite(path)
        try:
            connection.execute("pragma journal_mode=wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.05)  # another process does the same: SQLite does not wait here
        finally:
            connection.close()


def _tune_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin as below, tables made in them included
    connection.execute("pragma synchronous=normal")


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("single", False):  # one statement that reads is a transaction anyway
        connection.exec_driver_sql("begin immediate" if options.get("writes", False) else "begin")
