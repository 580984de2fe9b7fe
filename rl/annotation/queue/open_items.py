"""Which item a person gets next: queries on items, leases and the decisions that count."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from rl.annotation.queue.tables import current, decisions, items, leases


def open_item(connection: sa.Connection, project: str, person: str, now: float) -> str | None:
    """Return the first item that a person has leased, in the order of the queue."""
    mine = (leases.c.project == project) & (leases.c.person == person)
    query = (
        sa.select(leases.c.item)
        .join(items, (items.c.project == leases.c.project) & (items.c.item == leases.c.item))
        .where(mine, leases.c.expires > now, items.c.settled.is_(None))
        .order_by(items.c.position)
        .limit(1)
    )
    found: str | None = connection.scalar(query)
    return found


def free_item(connection: sa.Connection, project: str, person: str, now: float) -> str | None:
    """Return the next item for a person: an undecided one, else one that they skipped once."""
    found: str | None = connection.scalar(_open_to(project, person, now).limit(1))
    return found if found is not None else _skipped_item(connection, project, person, now)


def has_room(person: str, now: float) -> sa.ColumnElement[bool]:
    """Fewer people have decided an item, or have it open, than it wants; gold wants everybody."""
    decided = sa.select(sa.func.count()).where(
        current.c.project == items.c.project, current.c.item == items.c.item, current.c.counts
    )
    working = sa.select(sa.func.count()).where(
        leases.c.project == items.c.project,
        leases.c.item == items.c.item,
        leases.c.person != person,
        leases.c.expires > now,
        ~sa.exists().where(
            current.c.project == leases.c.project,
            current.c.item == leases.c.item,
            current.c.person == leases.c.person,
            current.c.counts,
        ),
    )
    taken = decided.correlate(items).scalar_subquery() + working.correlate(items).scalar_subquery()
    return sa.or_(items.c.wanted.is_(None), taken < items.c.wanted)


def _open_to(project: str, person: str, now: float) -> sa.Select[Any]:
    """Select the items that a person has not decided and that want one more decision, in order."""
    mine = sa.exists().where(
        current.c.project == items.c.project,
        current.c.item == items.c.item,
        current.c.person == person,
    )
    return (
        sa.select(items.c.item)
        .where(items.c.project == project, items.c.settled.is_(None), ~mine)
        .where(has_room(person, now))
        .order_by(items.c.position)
    )


def _skipped_item(connection: sa.Connection, project: str, person: str, now: float) -> str | None:
    query = (
        sa.select(items.c.item)
        .join(current, (current.c.project == items.c.project) & (current.c.item == items.c.item))
        .where(items.c.project == project, items.c.settled.is_(None))
        .where(current.c.person == person, ~current.c.counts, has_room(person, now))
        .where(_passed_over_once())
        .order_by(items.c.position)
        .limit(1)
    )
    found: str | None = connection.scalar(query)
    return found


def _passed_over_once() -> sa.ColumnElement[bool]:
    """A skipped item comes again once: whoever skips it a second time is not asked a third time."""
    again = sa.select(decisions.c.replaces).where(decisions.c.id == current.c.decision)
    return again.scalar_subquery().is_(None)
