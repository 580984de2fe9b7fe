"""The audit log: who saw, exported, shared and deleted what, in SQL.

A line holds ids and never contents. Lines are added and never changed: the database itself refuses
to update or delete one, so the log outlives the things that it names.
"""

from __future__ import annotations

import os
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from corpus.clock import now
from corpus.database import Database
from corpus.model import Frozen
from corpus.record_clock import as_utc
from corpus.settings import Settings


class Action(StrEnum):
    """What a person did."""

    SIGNED_IN = "signed_in"
    REFUSED = "refused"
    ASKED = "asked"
    SAW = "saw"
    EXPORTED = "exported"
    SHARED = "shared"
    UNSHARED = "unshared"
    DELETED = "deleted"
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Kind(StrEnum):
    """What an action was done to."""

    APP = "app"
    TRACE = "trace"
    THREAD = "thread"
    MATTER = "matter"
    SEARCH = "search"
    FILE = "file"
    PERSON = "person"
    KEY = "key"


class AuditLine(Frozen):
    """One line of the audit log.

    Attributes:
        number: number of the line, ascending.
        at: instant in UTC.
        person: id of the person who did it.
        action: what was done.
        kind: what it was done to.
        object: id of what it was done to.
        other: id of another person whom it concerns, such as whom a matter was shared with; empty
            where there is none.
    """

    number: int
    at: datetime
    person: str
    action: Action
    kind: Kind
    object: str
    other: str = ""


_metadata = sa.MetaData()
_lines = sa.Table(
    "audit_lines",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("person", sa.String(200), nullable=False, index=True),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("object", sa.String(500), nullable=False, index=True),
    sa.Column("other", sa.String(200), nullable=False),
    sqlite_autoincrement=True,
)

_REFUSAL = "the audit log is never changed"
_GUARDS = {
    "sqlite": (
        *(
            f"create trigger audit_lines_{change} before {change} on audit_lines "
            f"begin select raise(abort, '{_REFUSAL}'); end"
            for change in ("update", "delete")
        ),
    ),
    "postgresql": (
        "create or replace function audit_lines_kept() returns trigger language plpgsql as "
        f"$$ begin raise exception '{_REFUSAL}'; end $$",
        "create trigger audit_lines_change before update or delete or truncate on audit_lines "
        "for each statement execute function audit_lines_kept()",
    ),
}
"""Statements that make the database refuse to change or delete a line."""

for _dialect, _statements in _GUARDS.items():
    for _statement in _statements:
        _guard = sa.DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
        sa.event.listen(_lines, "after_create", _guard)


class AuditLog(Database):
    """A database of audit lines. Open it with :meth:`open`; thread-safe."""

    metadata = _metadata
    kept = "the audit log"

    def add(self, person: str, action: Action, kind: Kind, *objects: str, other: str = "") -> None:
        """Add a line for each object.

        Raises:
            StoreError: the database refuses it; what was to be logged must then not be done.
        """
        line = {"at": now(), "person": person, "action": action, "kind": kind, "other": other}
        rows = [{**line, "object": each[:500]} for each in objects]
        if not rows:
            return
        with self.writing("write the audit log") as connection:
            connection.execute(sa.insert(_lines), rows)

    def lines(
        self, limit: int | None = None, *, person: str | None = None, of: str | None = None
    ) -> list[AuditLine]:
        """Return the newest lines first: all, those of a person, or those about one thing.

        Args:
            limit: most lines.
            person: id of who did it, or of the other person concerned.
            of: id of what it was done to.

        Raises:
            StoreError: the database cannot be read.
        """
        query = sa.select(_lines).order_by(_lines.c.number.desc()).limit(limit)
        if person is not None:
            query = query.where((_lines.c.person == person) | (_lines.c.other == person))
        if of is not None:
            query = query.where(_lines.c.object == of)
        with self.reading() as connection:
            return [_line(dict(row)) for row in connection.execute(query).mappings()]

    def last_seen(self) -> dict[str, datetime]:
        """Return when each person last did something, refusals aside.

        Raises:
            StoreError: the database cannot be read.
        """
        columns = _lines.c.person, sa.func.max(_lines.c.at)
        query = sa.select(*columns).where(_lines.c.action != Action.REFUSED)
        with self.reading() as connection:
            rows = connection.execute(query.group_by(_lines.c.person)).all()
        return {person: as_utc(at) for person, at in rows}

    def refused_sign_ins(self) -> list[AuditLine]:
        """Return who was refused at sign-in, the last time of each, newest first.

        Raises:
            StoreError: the database cannot be read.
        """
        refused = _lines.c.action == Action.REFUSED, _lines.c.kind == Kind.APP
        last = sa.select(sa.func.max(_lines.c.number)).where(*refused).group_by(_lines.c.person)
        query = sa.select(_lines).where(_lines.c.number.in_(last))
        with self.reading() as connection:
            rows = connection.execute(query.order_by(_lines.c.number.desc())).mappings()
            return [_line(dict(row)) for row in rows]


def audit_url(settings: Settings) -> str:
    """Return the database URL of the audit log: ``INFORCE_AUDIT``, else beside the store."""
    return os.environ.get("INFORCE_AUDIT") or settings.beside("audit.db")


def _line(row: dict[str, Any]) -> AuditLine:
    return AuditLine.model_validate({**row, "at": as_utc(row["at"])})
