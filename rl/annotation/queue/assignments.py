"""Hand items out to annotators and take their decisions.

An item is leased to a person until it expires; a decision must come from the holder of the lease,
or from anybody who held it while there is still room for one more. Decisions are appended to a log;
a changed or withdrawn decision is a further row. What is only typed so far is a draft, kept apart.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import sqlalchemy as sa

from corpus.model import Frozen
from rl.annotation.items import Decision, Item, Origin, Shown
from rl.annotation.queue.decision_log import (
    TextOf,
    check,
    logged,
    record,
    refuse_settled,
    withdraw,
)
from rl.annotation.queue.label_queue import LabelQueue, QueueError, role_in, settings_of
from rl.annotation.queue.open_items import free_item, has_room, open_item
from rl.annotation.queue.tables import current, decisions, drafts, items, leases, row_of
from rl.annotation.queue.transactions import exclusive, reading, stamp


class Assignment(Frozen):
    """An item assigned to a person. ``expires`` is in seconds since 1970, UTC.

    ``draft`` is what they had typed when they were last here; ``decided`` the decision that a
    reopened item has.
    """

    project: str
    item: str
    shown: Shown
    token: str
    expires: float
    draft: str | None = None
    decided: Decision | None = None


class Recent(Frozen):
    """A decision that its annotator may review; ``origin`` says why the item was chosen."""

    item: str
    shown: Shown
    decision: Decision
    origin: Origin
    settled: bool


def next_item(queue: LabelQueue, project: str, person: str) -> Assignment | None:
    """Return the item that a person has open, else the next one for them; ``None``: no more.

    Skipped items come again after all others.

    Raises:
        QueueError: the person does not work on the project.
        StoreError: the database refuses it.
    """
    with exclusive(queue.engine, project) as connection:
        settings = settings_of(connection, project)
        role_in(connection, project, person)
        now = stamp()
        name = open_item(connection, project, person, now) or free_item(
            connection, project, person, now
        )
        if name is None:
            return None
        return _lease(connection, project, name, person, now + settings.lease_seconds)


def renew(queue: LabelQueue, assignment: Assignment, person: str) -> float:
    """Extend a lease and return when it ends.

    Raises:
        QueueError: the lease is another's by now.
        StoreError: the database refuses it.
    """
    with exclusive(queue.engine, assignment.project) as connection:
        settings = settings_of(connection, assignment.project)
        now = stamp()
        until = now + settings.lease_seconds
        held = row_of(leases, assignment.project, assignment.item, person)
        changed = connection.execute(
            sa.update(leases)
            .where(held, leases.c.token == assignment.token, leases.c.expires > now)
            .values(expires=until)
        )
        if not changed.rowcount:
            raise QueueError(_EXPIRED)
    return until


def give_back(queue: LabelQueue, assignment: Assignment, person: str) -> None:
    """End a lease without a decision; a draft stays.

    Raises:
        StoreError: the database refuses it.
    """
    with exclusive(queue.engine, assignment.project) as connection:
        held = row_of(leases, assignment.project, assignment.item, person)
        connection.execute(sa.delete(leases).where(held, leases.c.token == assignment.token))


def save_draft(queue: LabelQueue, assignment: Assignment, person: str, content: str) -> None:
    """Save the draft of a person; a draft does not count as a decision.

    Raises:
        StoreError: the database refuses it.
    """
    with exclusive(queue.engine, assignment.project) as connection:
        _keep_draft(connection, assignment, person, content)


def submit(  # noqa: PLR0913
    queue: LabelQueue,
    assignment: Assignment,
    person: str,
    decision: Decision,
    submission: str,
    text_of: TextOf,
) -> int:
    """Save a decision and return its number in the log.

    Args:
        queue: the queue. assignment: the item, as it was handed out.
        person: who decided.
        decision: what.
        submission: an id that the page drew for this decision; the same one again changes nothing.
        text_of: reads the texts of versions, to check a marked span against.

    Raises:
        QueueError: the lease expired and others took the item, it was settled meanwhile, or the
            decision names a candidate, version or span that is not there. The decision is kept as
            a draft.
        StoreError: the database refuses it.
    """
    try:
        with exclusive(queue.engine, assignment.project) as connection:
            return _submit(connection, assignment, person, decision, submission, text_of)
    except QueueError:
        with exclusive(queue.engine, assignment.project) as connection:
            _keep_draft(connection, assignment, person, decision.model_dump_json())
        raise


def take_in(  # noqa: PLR0913
    queue: LabelQueue,
    project: str,
    item: Item,
    person: str,
    decision: Decision,
    text_of: TextOf,
) -> bool:
    """Save a decision that was made elsewhere; tell whether it was new.

    The same decision of a person on an item is taken in once.

    Raises:
        QueueError: the item is settled, or the decision names a candidate, version or span that is
            not there.
        StoreError: the database refuses it.
    """
    text = f"{project}\n{item.id}\n{person}\n{decision.model_dump_json()}"
    submission = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    with exclusive(queue.engine, project) as connection:
        if logged(connection, submission) is not None:
            return False
        refuse_settled(connection, project, item.id)
        check(decision, item, text_of)
        record(connection, project, item.id, person, decision, submission)
    return True


def undo(queue: LabelQueue, project: str, person: str, item: str, submission: str) -> Assignment:
    """Withdraw a person's decision on an item and hand it to them again.

    Raises:
        QueueError: there is none, or an adjudicator settled the item.
        StoreError: the database refuses it.
    """
    with exclusive(queue.engine, project) as connection:
        until = stamp() + settings_of(connection, project).lease_seconds
        if logged(connection, submission) is None:
            withdraw(connection, project, person, item, submission)
        return _lease(connection, project, item, person, until)


def reopen(queue: LabelQueue, project: str, person: str, item: str) -> Assignment:
    """Hand an item that a person decided to them again, so that they may decide otherwise.

    Raises:
        QueueError: they have not decided it, or an adjudicator settled it.
        StoreError: the database refuses it.
    """
    with exclusive(queue.engine, project) as connection:
        refuse_settled(connection, project, item)
        mine = row_of(current, project, item, person)
        if connection.scalar(sa.select(current.c.decision).where(mine)) is None:
            raise QueueError(f"{person} has not decided item {item}.")
        until = stamp() + settings_of(connection, project).lease_seconds
        return _lease(connection, project, item, person, until)


def recent(queue: LabelQueue, project: str, person: str, limit: int = 10) -> list[Recent]:
    """Return a person's latest decisions that stand, newest first.

    Raises:
        StoreError: the database cannot be read.
    """
    query = (
        sa.select(items.c.item, items.c.content, items.c.settled, decisions.c.content.label("made"))
        .join(current, (current.c.project == items.c.project) & (current.c.item == items.c.item))
        .join(decisions, decisions.c.id == current.c.decision)
        .where(current.c.project == project, current.c.person == person)
        .order_by(decisions.c.id.desc())
        .limit(limit)
    )
    with reading(queue.engine) as connection:
        return [_recent(row) for row in connection.execute(query)]


_EXPIRED = "The time for this item ran out and it went to somebody else; what you typed is kept."


def _recent(row: Any) -> Recent:
    item = Item.model_validate_json(row.content)
    return Recent(
        item=row.item,
        shown=item.shown,
        decision=Decision.model_validate_json(row.made),
        origin=item.origin,
        settled=row.settled is not None,
    )


def _submit(  # noqa: PLR0913
    connection: sa.Connection,
    assignment: Assignment,
    person: str,
    decision: Decision,
    submission: str,
    text_of: TextOf,
) -> int:
    project, item = assignment.project, assignment.item
    if (earlier := logged(connection, submission)) is not None:
        return earlier
    refuse_settled(connection, project, item)
    if not _may_decide(connection, assignment, person):
        raise QueueError(_EXPIRED)
    check(decision, _item(connection, project, item), text_of)
    number = record(connection, project, item, person, decision, submission)
    connection.execute(sa.delete(leases).where(row_of(leases, project, item, person)))
    connection.execute(sa.delete(drafts).where(row_of(drafts, project, item, person)))
    return number


def _may_decide(connection: sa.Connection, assignment: Assignment, person: str) -> bool:
    """Tell whether a person holds the lease, changes a decision, or finds room for one more."""
    role_in(connection, assignment.project, person)
    now = stamp()
    held = row_of(leases, assignment.project, assignment.item, person)
    row = connection.execute(sa.select(leases.c.token, leases.c.expires).where(held)).first()
    if row is not None and row.token == assignment.token and row.expires > now:
        return True
    mine = row_of(current, assignment.project, assignment.item, person)
    if connection.scalar(sa.select(current.c.counts).where(mine)):
        return True
    here = (items.c.project == assignment.project) & (items.c.item == assignment.item)
    free = sa.select(items.c.item).where(here, has_room(person, now))
    return connection.scalar(free) is not None


def _lease(
    connection: sa.Connection, project: str, item: str, person: str, expires: float
) -> Assignment:
    """Record a lease on an item; an existing lease of the same person keeps its token."""
    held = row_of(leases, project, item, person)
    token = connection.scalar(sa.select(leases.c.token).where(held, leases.c.expires > stamp()))
    token = token or secrets.token_hex(16)
    connection.execute(sa.delete(leases).where(held))
    connection.execute(
        sa.insert(leases).values(
            project=project, item=item, person=person, token=token, expires=expires
        )
    )
    return Assignment(
        project=project,
        item=item,
        shown=_item(connection, project, item).shown,
        token=token,
        expires=expires,
        draft=_draft(connection, project, item, person),
        decided=_decided(connection, project, item, person),
    )


def _item(connection: sa.Connection, project: str, item: str) -> Item:
    where = (items.c.project == project) & (items.c.item == item)
    text = connection.scalar(sa.select(items.c.content).where(where))
    if text is None:
        raise QueueError(f"Project '{project}' has no item '{item}'.")
    return Item.model_validate_json(text)


def _draft(connection: sa.Connection, project: str, item: str, person: str) -> str | None:
    where = row_of(drafts, project, item, person)
    found: str | None = connection.scalar(sa.select(drafts.c.content).where(where))
    return found


def _decided(connection: sa.Connection, project: str, item: str, person: str) -> Decision | None:
    query = (
        sa.select(decisions.c.content)
        .join(current, current.c.decision == decisions.c.id)
        .where(row_of(current, project, item, person))
    )
    text = connection.scalar(query)
    return None if text is None else Decision.model_validate_json(text)


def _keep_draft(
    connection: sa.Connection, assignment: Assignment, person: str, content: str
) -> None:
    role_in(connection, assignment.project, person)
    key = {"project": assignment.project, "item": assignment.item, "person": person}
    where = sa.and_(*(drafts.c[name] == value for name, value in key.items()))
    connection.execute(sa.delete(drafts).where(where))
    connection.execute(sa.insert(drafts).values(**key, saved=stamp(), content=content))
