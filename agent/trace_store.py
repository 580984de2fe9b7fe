"""Store of traces in SQL: one row each, with a digest of the JSON.

A trace is stored as its JSON. The other columns are for finding it; on reading, the JSON is checked
against its digest.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from agent.exported_files import file_digest
from agent.people import LONGEST, Person
from agent.trace import SCHEMA, Outcome, Trace
from agent.trace_migration import read_trace
from corpus.database import Database, cause
from corpus.errors import BadInputError, InForceError, StoreError
from corpus.model import Frozen
from corpus.settings import LOCAL_PERSON, Settings

READABLE = range(1, SCHEMA + 1)
"""The schemas of traces that :mod:`agent.trace_migration` reads."""

SHORTEST_ID = 4
"""Least number of characters of an abbreviated id."""

_metadata = sa.MetaData()
_traces = sa.Table(
    "traces",
    _metadata,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("started", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("as_at", sa.Date),
    sa.Column("outcome", sa.String(40), nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("trace", sa.Text, nullable=False),
)
_askers = sa.Table(
    "trace_askers",
    _metadata,
    sa.Column("trace", sa.String(200), primary_key=True),
    sa.Column("person", sa.String(LONGEST), nullable=False, index=True),
)
"""Who asked; a trace without a row was asked without sign-in."""
_exports = sa.Table(
    "trace_exports",
    _metadata,
    sa.Column("trace", sa.String(200), primary_key=True),
    sa.Column("path", sa.String(4096), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
)
"""The files that the command line wrote of traces."""


class TraceError(InForceError):
    """A trace is damaged, or cannot be stored."""


class TraceLine(Frozen):
    """A trace in the list of traces. ``outcome``: ``answered``, ``closest`` or the reason.

    Attributes:
        id: id of the trace.
        started: instant at which the run started.
        as_at: the governing date; null if there was none.
        outcome: ``answered``, ``closest``, or the reason of the abstention.
        policy: name of the policy.
        question: the question as asked.
    """

    id: str
    started: datetime
    as_at: date | None
    outcome: str
    policy: str
    question: str


class TraceStore(Database):
    """A database of traces. Open it with :meth:`open`; thread-safe."""

    metadata = _metadata
    kept = "the traces"

    def save(self, trace: Trace, asker: str = LOCAL_PERSON) -> None:
        """Store a trace of a person's question, replacing one with the same id.

        Raises:
            TraceError: it holds text that cannot be stored.
            StoreError: the database refuses it.
        """
        row = _row(trace)
        with self.writing(f"keep trace {trace.id}") as connection:
            connection.execute(sa.delete(_traces).where(_traces.c.id == trace.id))
            connection.execute(sa.insert(_traces), [row])
            connection.execute(sa.delete(_askers).where(_askers.c.trace == trace.id))
            if asker != LOCAL_PERSON:
                whose = {"trace": trace.id, "person": asker}
                connection.execute(sa.insert(_askers), [whose])

    def load(self, trace_id: str) -> Trace:
        """Return the trace with an id, or the only one whose id begins with it.

        Raises:
            BadInputError: there is none, or there are several.
            TraceError: it is damaged.
            StoreError: the database cannot be read.
        """
        rows = self._rows(sa.select(_traces).where(_traces.c.id == trace_id))
        if not rows and len(trace_id) >= SHORTEST_ID:
            begins = _traces.c.id.startswith(trace_id, autoescape=True)
            rows = self._rows(sa.select(_traces).where(begins).limit(2))
        if not rows:
            raise BadInputError(
                f"there is no trace '{trace_id}' at {self.engine.url}; "
                "'inforce traces list' shows those there are"
            )
        if len(rows) > 1:
            raise BadInputError(f"several traces begin with '{trace_id}': give more of the id")
        return self._read(rows[0])

    def load_own(self, trace_id: str, person: Person) -> Trace:
        """Return the trace with a whole id that the person asked.

        Raises:
            BadInputError: there is none, or another person asked it; the sentence is the same.
            TraceError: it is damaged.
            StoreError: the database cannot be read.
        """
        return self._own(_traces.c.id == trace_id, trace_id, person)[0]

    def load_request(self, request_id: str, person: Person) -> tuple[Trace, ...]:
        """Return the traces of a request of the person: one, or one for each day that it may mean.

        Those for several days have the id of the request with ``-1``, ``-2``, ….

        Raises:
            BadInputError, TraceError, StoreError: as :meth:`load_own`.
        """
        each = _traces.c.id.startswith(f"{request_id}-", autoescape=True)
        return self._own((_traces.c.id == request_id) | each, request_id, person)

    def _own(self, these: sa.ColumnElement[bool], name: str, person: Person) -> tuple[Trace, ...]:
        query = sa.select(_traces).where(these, _traces.c.id.in_(_asked_by(person.id)))
        rows = self._rows(query.order_by(_traces.c.started, _traces.c.as_at))
        if not rows or not name:
            raise BadInputError(f"There is no answer '{name[:40]}', or it is not yours to see.")
        return tuple(map(self._read, rows))

    def of(self, person_id: str, limit: int | None = None) -> list[TraceLine]:
        """Return the traces that a person asked, newest first."""
        columns = [_traces.c[name] for name in TraceLine.model_fields]
        query = sa.select(*columns).where(_traces.c.id.in_(_asked_by(person_id)))
        query = query.order_by(_traces.c.started.desc(), _traces.c.id).limit(limit)
        return [_line(row) for row in self._rows(query)]

    def delete(self, ids: Collection[str]) -> int:
        """Delete the traces with these ids for good; return how many there were.

        Raises:
            StoreError: the database refuses it.
        """
        with self.writing("delete traces") as connection:
            connection.execute(sa.delete(_askers).where(_askers.c.trace.in_(ids)))
            connection.execute(sa.delete(_exports).where(_exports.c.trace.in_(ids)))
            return connection.execute(sa.delete(_traces).where(_traces.c.id.in_(ids))).rowcount

    def note_export(self, ids: Collection[str], file: Path) -> None:
        """Keep in mind that a file was written of traces, so that it is deleted with them.

        Raises:
            BadInputError: the file cannot be read.
            StoreError: the database refuses it.
        """
        path, digest = str(file.absolute()), file_digest(file)
        rows = [{"trace": each, "path": path, "digest": digest} for each in ids]
        with self.writing("note an export") as connection:
            connection.execute(sa.delete(_exports).where(_exports.c.path == path))
            if rows:
                connection.execute(sa.insert(_exports), rows)

    def files_of(self, ids: Collection[str]) -> tuple[list[tuple[str, str]], list[str]]:
        """Return the files written of these traces alone, and of others too.

        Returns:
            Path and digest of the first, the paths of the second.
        """
        query = sa.select(_exports.c.trace, _exports.c.path, _exports.c.digest)
        files: dict[tuple[str, str], set[str]] = {}
        for row in self._rows(query):
            files.setdefault((row["path"], row["digest"]), set()).add(row["trace"])
        touched = {file: held for file, held in files.items() if held & set(ids)}
        alone = [file for file, held in touched.items() if held <= set(ids)]
        return sorted(alone), sorted(
            path for path, digest in touched if (path, digest) not in alone
        )

    def before(self, instant: datetime) -> list[str]:
        """Return the ids of the traces whose run started before an instant."""
        query = sa.select(_traces.c.id).where(_traces.c.started < instant)
        return [row["id"] for row in self._rows(query.order_by(_traces.c.id))]

    def lines(
        self, limit: int | None = None, ids: Collection[str] | None = None
    ) -> list[TraceLine]:
        """Return the stored traces, or those of some ids, newest first."""
        columns = [_traces.c[name] for name in TraceLine.model_fields]
        query = sa.select(*columns).order_by(_traces.c.started.desc(), _traces.c.id)
        if ids is not None:
            query = query.where(_traces.c.id.in_(ids))
        return [_line(row) for row in self._rows(query.limit(limit))]

    def each(self) -> Iterator[Trace | TraceError]:
        """Yield every trace, oldest first, one in memory at a time; an error for a damaged one."""
        query = sa.select(_traces.c.id).order_by(_traces.c.started, _traces.c.id)
        for found in self._rows(query):
            for row in self._rows(sa.select(_traces).where(_traces.c.id == found["id"])):
                try:
                    yield self._read(row)
                except TraceError as fault:
                    yield fault

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        try:
            with self.reading() as connection:
                return [dict(row) for row in connection.execute(query).mappings()]
        except ValueError as error:  # a column that its type cannot read
            place = self.engine.url
            raise StoreError(f"cannot read the traces at {place}: {cause(error)}") from None

    def _read(self, row: dict[str, Any]) -> Trace:
        where = f"trace {row['id']} at {self.engine.url}"
        if row["format"] not in READABLE:
            raise TraceError(
                f"{where} has format {row['format']}, this InForce reads formats up to {SCHEMA}"
            )
        if _digest(row["trace"]) != row["digest"]:
            raise TraceError(f"{where} is damaged: it is not what was written")
        try:
            return read_trace(row["trace"])
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise TraceError(f"{where} is damaged, field '{place}': {first['msg']}") from None


def traces_url(settings: Settings) -> str:
    """Return the database URL of traces: ``INFORCE_TRACES``, else beside the store.

    For a SQLite store that is a separate file, for Postgres the same database.
    """
    return os.environ.get("INFORCE_TRACES") or settings.beside("traces.db")


def _asked_by(person_id: str) -> sa.Select[tuple[str]]:
    """Return the query of the ids of the traces that a person asked."""
    if person_id != LOCAL_PERSON:
        return sa.select(_askers.c.trace).where(_askers.c.person == person_id)
    return sa.select(_traces.c.id).where(_traces.c.id.not_in(sa.select(_askers.c.trace)))


def _row(trace: Trace) -> dict[str, Any]:
    try:
        text = trace.model_dump_json()
    except (PydanticSerializationError, UnicodeEncodeError):
        raise TraceError(f"trace {trace.id} holds text that is not Unicode") from None
    return {
        "id": trace.id,
        "started": trace.started,
        "question": trace.question.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        "as_at": trace.governing.as_at if trace.governing else None,
        "outcome": _outcome(trace),
        "policy": trace.policy,
        "format": SCHEMA,
        "digest": _digest(text),
        "trace": text,
    }


def _outcome(trace: Trace) -> str:
    if trace.outcome is Outcome.CLOSEST or trace.abstention is None:
        return trace.outcome.value
    return trace.abstention.reason.value


def _line(row: dict[str, Any]) -> TraceLine:
    started = row["started"]
    return TraceLine.model_validate(
        {**row, "started": started if started.tzinfo else started.replace(tzinfo=UTC)}
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
