"""Settle the items on which annotators disagree, or that they flagged."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from corpus.model import Frozen
from rl.annotation.items import Decision, Item, Unsure
from rl.annotation.queue.decision_log import TextOf, append, check, may_adjudicate
from rl.annotation.queue.label_queue import LabelQueue, QueueError
from rl.annotation.queue.tables import current, decisions, items
from rl.annotation.queue.transactions import exclusive, reading


class Made(Frozen):
    """A decision in effect, its annotator, and its number in the log."""

    number: int
    person: str
    decision: Decision
    guidelines: int


class Dispute(Frozen):
    """An item that an adjudicator has to look at, with the decisions that stand."""

    item: Item
    made: tuple[Made, ...]

    @property
    def seen(self) -> frozenset[int]:
        """The numbers of the decisions shown to the adjudicator."""
        return frozenset(one.number for one in self.made)


def disputes(queue: LabelQueue, project: str) -> list[Dispute]:
    """Return the items to be settled: decisions differ, or one is flagged, or is not sure.

    Raises:
        StoreError: the database cannot be read.
    """
    return [
        Dispute(item=item, made=made)
        for item, made, settled in standing(queue, project)
        if settled is None and item.gold is None and is_disputed(made)
    ]


def is_disputed(made: tuple[Made, ...]) -> bool:
    """Tell whether decisions on one item need an adjudicator."""
    keys = {one.decision.key for one in made}
    unclear = any(one.decision.flagged or isinstance(one.decision.choice, Unsure) for one in made)
    return len(keys) > 1 or unclear


def standing(
    queue: LabelQueue, project: str
) -> list[tuple[Item, tuple[Made, ...], Decision | None]]:
    """Return each item with the decisions that count, and the adjudicator's, in queue order.

    Raises:
        StoreError: the database cannot be read.
    """
    query = (
        sa.select(items.c.item, items.c.content)
        .where(items.c.project == project)
        .order_by(items.c.position)
    )
    with reading(queue.engine) as connection:
        rows = connection.execute(query).all()
        made, settled = made_by_item(connection, project), _settlements(connection, project)
    return [
        (Item.model_validate_json(row.content), made.get(row.item, ()), settled.get(row.item))
        for row in rows
    ]


def made_by_item(connection: sa.Connection, project: str) -> dict[str, tuple[Made, ...]]:
    """Return the decisions that count on each item that has one, in the order of the log."""
    query = (
        sa.select(current.c.item, current.c.person, decisions.c.id)
        .add_columns(decisions.c.content.label("made"), decisions.c.guidelines)
        .join(decisions, decisions.c.id == current.c.decision)
        .where(current.c.project == project, current.c.counts)
        .order_by(decisions.c.id)
    )
    found: dict[str, list[Made]] = {}
    for row in connection.execute(query):
        found.setdefault(row.item, []).append(_made(row))
    return {item: tuple(made) for item, made in found.items()}


def settle(  # noqa: PLR0913
    queue: LabelQueue,
    project: str,
    dispute: Dispute,
    person: str,
    decision: Decision,
    submission: str,
    text_of: TextOf,
) -> int:
    """Settle an item for good and return the number of the decision in the log.

    Raises:
        QueueError: the person is no adjudicator, another settled it first, an annotator decided
            otherwise meanwhile, or the decision names what is not there.
        StoreError: the database refuses it.
    """
    item = dispute.item
    with exclusive(queue.engine, project) as connection:
        may_adjudicate(connection, project, person)
        here = (items.c.project == project) & (items.c.item == item.id)
        earlier = connection.scalar(sa.select(items.c.settled).where(here))
        if earlier is not None:
            return _same_or_refuse(connection, earlier, submission, item.id)
        if _numbers(connection, project, item.id) != dispute.seen:
            raise QueueError(f"The decisions on item {item.id} changed meanwhile; look again.")
        check(decision, item, text_of)
        number = append(
            connection,
            submission=submission,
            project=project,
            item=item.id,
            person=person,
            act="adjudicated",
            content=decision,
            replaces=None,
        )
        connection.execute(sa.update(items).where(here).values(settled=number))
    return number


def _same_or_refuse(connection: sa.Connection, earlier: int, submission: str, item: str) -> int:
    row = connection.execute(sa.select(decisions).where(decisions.c.id == earlier)).one()
    if row.submission == submission:
        return earlier
    raise QueueError(f"{row.person} has settled item {item} already.")


def _numbers(connection: sa.Connection, project: str, item: str) -> frozenset[int]:
    here = (current.c.project == project) & (current.c.item == item) & current.c.counts
    return frozenset(connection.scalars(sa.select(current.c.decision).where(here)))


def _settlements(connection: sa.Connection, project: str) -> dict[str, Decision]:
    query = (
        sa.select(items.c.item, decisions.c.content)
        .join(decisions, decisions.c.id == items.c.settled)
        .where(items.c.project == project)
    )
    return {
        row.item: Decision.model_validate_json(row.content) for row in connection.execute(query)
    }


def _made(row: Any) -> Made:
    return Made(
        number=row.id,
        person=row.person,
        decision=Decision.model_validate_json(row.made),
        guidelines=row.guidelines,
    )
