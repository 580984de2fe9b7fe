"""Checkpoints of threads, in SQLite or Postgres.

LangGraph saves the state after every step and the result of every group of tool calls. Only the
types listed here are deserialised.
"""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from agent.policy import Act
from agent.request import AskRequest
from agent.trace import (
    Abstention,
    AbstentionReason,
    Answer,
    ClosestProvision,
    GoverningDate,
    LookedAt,
    RunSettings,
    StopReason,
    ToolCall,
    Turn,
)
from agent.verification.verify import Verdict
from corpus.applicability import Code, Issue, Role
from corpus.database import BUSY_SECONDS, create_sqlite, sqlite_file
from corpus.errors import BadInputError, StoreError, without_password
from corpus.gate.ruling import Case, RulingKind
from corpus.model import EndReason, Frozen
from corpus.settings import Settings

Checkpoints = BaseCheckpointSaver[Any]


class RunHeader(Frozen):
    """Corpus, policy and settings of a thread; it is resumed with the same only.

    ``schema_version`` is that of the trace it will become (:data:`agent.trace.SCHEMA`).
    """

    schema_version: int
    id: str
    settings: RunSettings
    policy: str
    corpus_hash: str
    started: datetime


_KEPT = (
    *(Abstention, Act, Answer, AskRequest, Case, RunHeader, GoverningDate, ToolCall, Turn),
    *(Verdict, AbstentionReason, Code, Issue, Role, RulingKind, StopReason),
    *(ClosestProvision, EndReason, LookedAt),
)
"""Types of which a state consists; only these are deserialised from a checkpoint."""

_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, NotImplementedError, EOFError)
"""What LangGraph's serialisers raise for bytes that they did not write."""

_TABLES_KEY = 7_316_844  # the advisory lock under which the tables are made in Postgres

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}", re.ASCII)


@dataclass(frozen=True)
class Thread:
    """A checkpointed run: its database and its name.

    Raises:
        BadInputError: the name is not made of up to 100 letters, digits, ``.``, ``_`` and ``-``.
    """

    checkpoints: Checkpoints
    id: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.id):
            raise BadInputError(
                f"'{self.id[:100]}' names no thread: use letters, figures, '.', '_' and '-'."
            )


class _Checked(BaseCheckpointSaver[Any]):
    """A database of checkpoints that says in one sentence that a row cannot be read."""

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the last checkpoint of a thread, or ``None``.

        Raises:
            StoreError: its row is damaged.
        """
        try:
            found = super().get_tuple(config)
            if found is not None:
                _ = found.checkpoint["id"], found.checkpoint["channel_values"]
                dict(found.metadata)
        except _UNREADABLE as error:
            name = config["configurable"]["thread_id"]
            raise StoreError(
                f"Thread '{name}' is damaged and cannot be read: ask again under another name."
            ) from error
        return found


class _SqliteCheckpoints(_Checked, SqliteSaver):
    """Checkpoints in SQLite."""


def threads_url(settings: Settings) -> str:
    """Return the database URL of threads: ``INFORCE_THREADS``, else beside the store.

    For a SQLite store that is a separate file, for Postgres the same database.
    """
    return os.environ.get("INFORCE_THREADS") or settings.beside("threads.db")


def in_memory() -> Checkpoints:
    """Return checkpoints in memory, for this process only."""
    return InMemorySaver(serde=_serializer())


@contextmanager
def open_checkpoints(url: str) -> Iterator[Checkpoints]:
    """Open the database of threads, creating it if needed.

    Args:
        url: a SQLAlchemy URL of SQLite or Postgres.

    Raises:
        StoreError: it cannot be opened.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        shown = without_password(url)
        raise StoreError(f"'{shown}' is no database URL (example: sqlite:///threads.db)") from None
    kept = {"sqlite": _sqlite, "postgresql": _postgres}.get(parsed.get_backend_name())
    if kept is None:
        raise StoreError(f"Threads are kept in SQLite or Postgres, not in {parsed}.")
    with kept(parsed) as saver:
        yield saver


@contextmanager
def claimed(url: str, name: str) -> Iterator[None]:
    """Lock a thread inside the context, so that no other process runs it.

    The lock is released if this process dies.

    Raises:
        BadInputError: another process runs it.
        StoreError: the database cannot be used.
    """
    parsed, key = sa.make_url(url), int.from_bytes(blake2b(name.encode(), digest_size=4).digest())
    taken = BadInputError(f"Thread '{name}' is running in another process.")
    if parsed.get_backend_name() == "postgresql":
        with _postgres(parsed) as saver:
            row = saver.conn.execute("select pg_try_advisory_lock(%s) as held", (key,)).fetchone()
            if not row["held"]:
                raise taken
            yield
        return
    if parsed.database in (None, "", ":memory:"):
        yield  # no other process can see it
        return
    with Path(f"{parsed.database}.lock").open("a", encoding="utf-8") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, key)
        except OSError:
            raise taken from None
        yield


@contextmanager
def _sqlite(url: sa.URL) -> Iterator[Checkpoints]:
    path = sqlite_file(url)
    try:
        if path is None:
            connection = sqlite3.connect(":memory:", check_same_thread=False)
        else:
            connection = create_sqlite(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreError(f"The threads at {path} cannot be opened: {error}") from None
    except sqlite3.DatabaseError as error:
        raise StoreError(f"The threads at {path} cannot be used: {error}") from None
    try:
        saver = _SqliteCheckpoints(connection, serde=_serializer())
        saver.setup()
        yield saver
    except sqlite3.DatabaseError as error:
        raise StoreError(f"The threads at {path} cannot be used: {error}") from error
    finally:
        connection.close()


@contextmanager
def _postgres(url: sa.URL) -> Iterator[Any]:
    try:
        import psycopg
        from langgraph.checkpoint.postgres import PostgresSaver
    except ImportError as missing:
        raise StoreError(
            f"The threads at {url} need the module {missing.name}: install 'inforce[postgres]'."
        ) from None
    checked: Any = type("PostgresCheckpoints", (_Checked, PostgresSaver), {})
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with checked.from_conn_string(plain) as saver:
            saver.serde = _serializer()
            _make_tables(saver)
            yield saver
    except psycopg.Error as error:
        problem = str(error).partition("\n")[0]
        raise StoreError(f"The threads at {url} cannot be used: {problem}") from error


def _make_tables(saver: Any) -> None:
    """Create the tables, one process at a time.

    Waiting for the lock inside the database would block the creation of indexes.

    Raises:
        StoreError: another process holds the lock too long.
    """
    until = time.monotonic() + BUSY_SECONDS
    take = f"select pg_try_advisory_lock({_TABLES_KEY}) as held"
    while not saver.conn.execute(take).fetchone()["held"]:
        if time.monotonic() > until:
            raise StoreError("Another process has been making the tables of the threads for long.")
        time.sleep(0.05)
    try:
        saver.setup()
    finally:
        saver.conn.execute(f"select pg_advisory_unlock({_TABLES_KEY})")


def _serializer() -> JsonPlusSerializer:
    return JsonPlusSerializer(allowed_msgpack_modules=_KEPT)
