"""The record clock: what a store held at which instant.

A store is append-only: rows are retired, never changed. So every instant at which a work was
written or retired names a state, which can be read for as long as the store exists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from corpus import tables
from corpus.clock import now
from corpus.model import Frozen

NEVER = datetime.min.replace(tzinfo=UTC)
"""Before every instant."""


class CorpusState(Frozen):
    """One whole state of a store: ``corpus_hash`` of what it held, ``recorded_at`` when it did.

    :meth:`corpus.store.Store.as_recorded` reads it.
    """

    corpus_hash: str
    recorded_at: datetime


class WorkRow(NamedTuple):
    """A row of a work in record time; ``end`` is ``None`` while it is current."""

    id: str
    content: str
    start: datetime
    end: datetime | None


def work_row(row: Mapping[str, Any], until: datetime | None) -> WorkRow:
    """Read a row of the table of works as it stood at ``until`` (``None``: now)."""
    end = row["recorded_to"] and as_utc(row["recorded_to"])
    if until is not None and end is not None and end > until:
        end = None
    return WorkRow(row["id"], row["content"], as_utc(row["recorded_from"]), end)


def as_utc(stamp: datetime) -> datetime:
    """Return an instant as UTC; SQLite gives it back without a zone."""
    return stamp.astimezone(UTC) if stamp.tzinfo else stamp.replace(tzinfo=UTC)


def instants(rows: Iterable[WorkRow]) -> set[datetime]:
    """Return every instant at which the store changed; every write replaces a work row."""
    return {stamp for row in rows for stamp in (row.start, row.end) if stamp is not None}


def state_at(rows: Iterable[WorkRow], instant: datetime) -> CorpusState:
    """Return the state at an instant: the hash of all that was current then."""
    lines = "".join(
        f"{row.id} {row.content}\n"
        for row in rows
        if row.start <= instant and (row.end is None or row.end > instant)
    )
    return CorpusState(corpus_hash=hashlib.sha256(lines.encode()).hexdigest(), recorded_at=instant)


def next_stamp(connection: sa.Connection) -> datetime:
    """Return the present instant, later than every earlier one even if the clock was set back."""
    table = tables.works
    last = [
        as_utc(stamp)
        for column in (table.c.recorded_from, table.c.recorded_to)
        if (stamp := connection.scalar(sa.select(sa.func.max(column)))) is not None
    ]
    return max([now(), *(stamp + timedelta(microseconds=1) for stamp in last)])
