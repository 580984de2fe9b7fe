"""The log of decisions: what may be added to it, and which decision of a person counts."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from rl.annotation.items import ChosenCandidate, ChosenVersion, Decision, Item, Role, Skipped
from rl.annotation.queue.label_queue import QueueError, newest_guidelines, role_in
from rl.annotation.queue.tables import current, decisions, items, row_of
from rl.annotation.queue.transactions import stamp

TextOf = Callable[[str], str | None]
"""Returns the text of a version by id, ``None`` where the corpus has no such version."""


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


def record(  # noqa: PLR0913
    connection: sa.Connection,
    project: str,
    item: str,
    person: str,
    decision: Decision,
    submission: str,
) -> int:
    """Append a decision to the log; it replaces the person's earlier decision."""
    mine = row_of(current, project, item, person)
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


def withdraw(
    connection: sa.Connection, project: str, person: str, item: str, submission: str
) -> None:
    """Withdraw the decision of a person that stands.

    Raises:
        QueueError: there is none, or the item is settled.
    """
    refuse_settled(connection, project, item)
    mine = row_of(current, project, item, person)
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


def refuse_settled(connection: sa.Connection, project: str, item: str) -> None:
    """Refuse a change of an item that an adjudicator has settled.

    Raises:
        QueueError: it is settled.
    """
    where = (items.c.project == project) & (items.c.item == item)
    if connection.scalar(sa.select(items.c.settled).where(where)) is not None:
        raise QueueError(f"An adjudicator has settled item {item}; it can no longer be changed.")


def logged(connection: sa.Connection, submission: str) -> int | None:
    """Return the number of the row that a submission made, ``None`` where there is none."""
    found: int | None = connection.scalar(
        sa.select(decisions.c.id).where(decisions.c.submission == submission)
    )
    return found


def may_adjudicate(connection: sa.Connection, project: str, person: str) -> None:
    """Check that a person may settle disagreements.

    Raises:
        QueueError: they are no adjudicator.
    """
    if role_in(connection, project, person) is Role.ANNOTATOR:
        raise QueueError(f"{person} is an annotator of project '{project}', no adjudicator.")
