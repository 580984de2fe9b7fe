"""Hand items out to annotators and take their decisions.

An item is leased to a person until it expires; a decision must come from the holder of the lease,
or from anybody who held it while there is still room for one more. Decisions are appended to a log;
a changed or withdrawn decision is a further row. What is only typed so far is a draft, kept apart.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from corpus.model import Frozen
from rl.annotation.items import (
    ChosenCandidate,
    ChosenVersion,
    Decision,
    Item,
    Origin,
    Role,
    Shown,
    Skipped,
)
from rl.annotation.queue.label_queue import (
    LabelQueue,
    QueueError,
    newest_guidelines,
    role_in,
    settings_of,
)
from rl.annotation.queue.tables import current, decisions, drafts, items, leases
from rl.annotation.queue.transactions import exclusive, reading, stamp

TextOf = Callable[[str], str | None]
"""Returns the text of a version by id, ``None`` where the corpus has no such version."""


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
        name = _open_item(connection, project, person, now) or _free_item(
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
        held = _lease_row(assignment.project, assignment.item, person)
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
        held = _lease_row(assignment.project, assignment.item, person)
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


def take_in(queue: LabelQueue, project: str, item: Item, person: str, decision: Decision) -> bool:
    """Save a decision that was made elsewhere; tell whether it was new.

    The same decision of a person on an item is taken in once.

    Raises:
        QueueError: the item is settled, or the decision names a candidate that is not there.
        StoreError: the database refuses it.
    """
    text = f"{project}\n{item.id}\n{person}\n{decision.model_dump_json()}"
    submission = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    with exclusive(queue.engine, project) as connection:
        if _logged(connection, submission) is not None:
            return False
        _refuse_settled(connection, project, item.id)
        check(decision, item, lambda _: None)
        _record(connection, project, item.id, person, decision, submission)
    return True


def undo(queue: LabelQueue, project: str, person: str, item: str, submission: str) -> Assignment:
    """Withdraw a person's decision on an item and hand it to them again.

    Raises:
        QueueError: there is none, or an adjudicator settled the item.
        StoreError: the database refuses it.
    """
    with exclusive(queue.engine, project) as connection:
        until = stamp() + settings_of(connection, project).lease_seconds
        if _logged(connection, submission) is None:
            _withdraw(connection, project, person, item, submission)
        return _lease(connection, project, item, person, until)


def reopen(queue: LabelQueue, project: str, person: str, item: str) -> Assignment:
    """Hand an item that a person decided to them again, so that they may decide otherwise.

    Raises:
        QueueError: they have not decided it, or an adjudicator settled it.
        StoreError: the database refuses it.
    """
    with exclusive(queue.engine, project) as connection:
        _refuse_settled(connection, project, item)
        mine = _current_row(project, item, person)
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


def _withdraw(
    connection: sa.Connection, project: str, person: str, item: str, submission: str
) -> None:
    _refuse_settled(connection, project, item)
    mine = _current_row(project, item, person)
    standing = connection.scalar(sa.select(current.c.decision).where(mine))
    if standing is None:
        raise QueueError(f"{person} has not decided item {item}.")
    connection.execute(sa.delete(current).where(mine))
    append(
        connection,
        submission=submission,
        project=project,
        item=item,
        person=person,
        act="withdrawn",
        content=None,
        replaces=standing,
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
    if (earlier := _logged(connection, submission)) is not None:
        return earlier
    _refuse_settled(connection, project, item)
    if not _may_decide(connection, assignment, person):
        raise QueueError(_EXPIRED)
    check(decision, _item(connection, project, item), text_of)
    number = _record(connection, project, item, person, decision, submission)
    connection.execute(sa.delete(leases).where(_lease_row(project, item, person)))
    mine_draft = (drafts.c.project == project) & (drafts.c.item == item)
    connection.execute(sa.delete(drafts).where(mine_draft, drafts.c.person == person))
    return number


def _record(  # noqa: PLR0913
    connection: sa.Connection,
    project: str,
    item: str,
    person: str,
    decision: Decision,
    submission: str,
) -> int:
    """Append a decision to the log; it replaces the person's earlier decision."""
    mine = _current_row(project, item, person)
    number = append(
        connection,
        submission=submission,
        project=project,
        item=item,
        person=person,
        act="decided",
        content=decision,
        replaces=connection.scalar(sa.select(current.c.decision).where(mine)),
    )
    connection.execute(sa.delete(current).where(mine))
    connection.execute(
        sa.insert(current).values(
            project=project,
            item=item,
            person=person,
            decision=number,
            counts=not isinstance(decision.choice, Skipped),
        )
    )
    return number


def check(decision: Decision, item: Item, text_of: TextOf) -> None:
    """Check that the targets of a decision exist.

    Raises:
        QueueError: it names a candidate that the item has not, a version that the corpus has not,
            or a span with other words.
    """
    choice = decision.choice
    if isinstance(choice, ChosenCandidate):
        letters = [candidate.letter for candidate in item.shown.candidates]
        if choice.letter not in letters:
            raise QueueError(f"Item {item.id} has no candidate {choice.letter}.")
    elif isinstance(choice, ChosenVersion):
        text = text_of(choice.version_id)
        if text is None:
            raise QueueError(f"The corpus has no version '{choice.version_id}'.")
        if text[choice.start : choice.end] != choice.quote:
            raise QueueError(
                f"Characters {choice.start} to {choice.end} of version '{choice.version_id}' are"
                " not the words that were marked; mark them again."
            )


def append(  # noqa: PLR0913
    connection: sa.Connection,
    *,
    submission: str,
    project: str,
    item: str,
    person: str,
    act: str,
    content: Decision | None,
    replaces: int | None,
) -> int:
    """Add a row to the log of decisions and return its number."""
    row = {
        "submission": submission,
        "project": project,
        "item": item,
        "person": person,
        "act": act,
        "guidelines": newest_guidelines(connection, project).version,
        "at": stamp(),
        "content": None if content is None else content.model_dump_json(),
        "replaces": replaces,
    }
    made = connection.execute(sa.insert(decisions).values(row)).inserted_primary_key
    return int(made[0]) if made else 0


def _may_decide(connection: sa.Connection, assignment: Assignment, person: str) -> bool:
    """Tell whether a person holds the lease, changes a decision, or finds room for one more."""
    role_in(connection, assignment.project, person)
    now = stamp()
    held = _lease_row(assignment.project, assignment.item, person)
    row = connection.execute(sa.select(leases.c.token, leases.c.expires).where(held)).first()
    if row is not None and row.token == assignment.token and row.expires > now:
        return True
    mine = _current_row(assignment.project, assignment.item, person)
    if connection.scalar(sa.select(current.c.counts).where(mine)):
        return True
    here = (items.c.project == assignment.project) & (items.c.item == assignment.item)
    free = sa.select(items.c.item).where(here, _has_room(person, now))
    return connection.scalar(free) is not None


def _open_item(connection: sa.Connection, project: str, person: str, now: float) -> str | None:
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


def _free_item(connection: sa.Connection, project: str, person: str, now: float) -> str | None:
    found: str | None = connection.scalar(_open_to(project, person, now).limit(1))
    return found if found is not None else _skipped_item(connection, project, person, now)


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
        .where(_has_room(person, now))
        .order_by(items.c.position)
    )


def _skipped_item(connection: sa.Connection, project: str, person: str, now: float) -> str | None:
    query = (
        sa.select(items.c.item)
        .join(current, (current.c.project == items.c.project) & (current.c.item == items.c.item))
        .where(items.c.project == project, items.c.settled.is_(None))
        .where(current.c.person == person, ~current.c.counts, _has_room(person, now))
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


def _has_room(person: str, now: float) -> sa.ColumnElement[bool]:
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


def _lease(
    connection: sa.Connection, project: str, item: str, person: str, expires: float
) -> Assignment:
    """Record a lease on an item; an existing lease of the same person keeps its token."""
    held = _lease_row(project, item, person)
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
    where = (drafts.c.project == project) & (drafts.c.item == item) & (drafts.c.person == person)
    found: str | None = connection.scalar(sa.select(drafts.c.content).where(where))
    return found


def _decided(connection: sa.Connection, project: str, item: str, person: str) -> Decision | None:
    query = (
        sa.select(decisions.c.content)
        .join(current, current.c.decision == decisions.c.id)
        .where(_current_row(project, item, person))
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


def _refuse_settled(connection: sa.Connection, project: str, item: str) -> None:
    where = (items.c.project == project) & (items.c.item == item)
    if connection.scalar(sa.select(items.c.settled).where(where)) is not None:
        raise QueueError(f"An adjudicator has settled item {item}; it can no longer be changed.")


def _logged(connection: sa.Connection, submission: str) -> int | None:
    found: int | None = connection.scalar(
        sa.select(decisions.c.id).where(decisions.c.submission == submission)
    )
    return found


def _lease_row(project: str, item: str, person: str) -> sa.ColumnElement[bool]:
    return sa.and_(leases.c.project == project, leases.c.item == item, leases.c.person == person)


def _current_row(project: str, item: str, person: str) -> sa.ColumnElement[bool]:
    return sa.and_(current.c.project == project, current.c.item == item, current.c.person == person)


def may_adjudicate(connection: sa.Connection, project: str, person: str) -> None:
    """Check that a person may settle disagreements.

    Raises:
        QueueError: they are no adjudicator.
    """
    if role_in(connection, project, person) is Role.ANNOTATOR:
        raise QueueError(f"{person} is an annotator of project '{project}', no adjudicator.")
