"""Labels and progress of a project, derived from the decisions that stand."""

from __future__ import annotations

import statistics
from collections import Counter

import sqlalchemy as sa

from corpus.model import Frozen
from rl.annotation.items import Decision, Item, Label, LabelStatus, Project
from rl.annotation.queue.adjudication import Made, is_disputed, made_by_item, standing
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.queue.tables import current, decisions, items
from rl.annotation.queue.transactions import reading


class Progress(Frozen):
    """How far a project is, and one person's share of it. Gold items count in decisions alone."""

    by_status: dict[LabelStatus, int]
    """Number of items by status of their label, gold items left out."""
    mine: int
    """Decisions of the person asked about that stand."""
    decisions: int
    """Decisions of everybody that stand."""
    seconds: float | None
    """Median time of a decision in seconds; ``None`` without one."""

    @property
    def total(self) -> int:
        """All items other than gold ones."""
        return sum(self.by_status.values())

    @property
    def labelled(self) -> int:
        """Items that have a label."""
        done = (LabelStatus.AGREED, LabelStatus.ADJUDICATED)
        return sum(self.by_status[status] for status in done)


def labels(queue: LabelQueue, project: str) -> list[Label]:
    """Return a label for each item, gold ones left out, in the order of the queue.

    Raises:
        QueueError: there is no such project.
        StoreError: the database cannot be read.
    """
    settings = queue.project(project)
    kinds = _kinds(queue, project)
    return [
        _label(settings, item, made, settled, kinds.get(item.id, ()))
        for item, made, settled in standing(queue, project)
        if item.gold is None
    ]


def progress(queue: LabelQueue, project: str, person: str | None = None) -> Progress:
    """Return how far a project is.

    Raises:
        QueueError: there is no such project.
        StoreError: the database cannot be read.
    """
    queue.project(project)
    query = sa.select(items.c.item, items.c.wanted, items.c.settled).where(
        items.c.project == project
    )
    with reading(queue.engine) as connection:
        rows = connection.execute(query).all()
        made = made_by_item(connection, project)
    counted = Counter(
        _status(row.wanted, made.get(row.item, ()), settled=row.settled is not None)
        for row in rows
        if row.wanted is not None
    )
    every = [one for found in made.values() for one in found]
    times = [one.decision.seconds for one in every if one.decision.seconds > 0]
    return Progress(
        by_status={status: counted[status] for status in LabelStatus},
        mine=sum(one.person == person for one in every),
        decisions=len(every),
        seconds=statistics.median(times) if times else None,
    )


def newest(queue: LabelQueue, project: str) -> int:
    """Return the number of the newest row of a project's log, 0 where it is empty.

    Raises:
        StoreError: the database cannot be read.
    """
    query = sa.select(sa.func.max(decisions.c.id)).where(decisions.c.project == project)
    with reading(queue.engine) as connection:
        return connection.scalar(query) or 0


class Logged(Frozen):
    """One row of the log of decisions."""

    id: int
    item: str
    person: str
    act: str
    guidelines: int
    at: float
    decision: Decision | None
    replaces: int | None


def log(queue: LabelQueue, project: str) -> list[Logged]:
    """Return everything that was ever decided in a project, in order; nothing leaves the log.

    Raises:
        StoreError: the database cannot be read.
    """
    query = sa.select(decisions).where(decisions.c.project == project).order_by(decisions.c.id)
    with reading(queue.engine) as connection:
        return [
            Logged(
                id=row.id,
                item=row.item,
                person=row.person,
                act=row.act,
                guidelines=row.guidelines,
                at=row.at,
                decision=None if row.content is None else Decision.model_validate_json(row.content),
                replaces=row.replaces,
            )
            for row in connection.execute(query)
        ]


def _kinds(queue: LabelQueue, project: str) -> dict[str, tuple[str, ...]]:
    """Return the kinds of the decisions that stand on each item, skips included."""
    query = (
        sa.select(current.c.item, decisions.c.content)
        .join(decisions, decisions.c.id == current.c.decision)
        .where(current.c.project == project)
        .order_by(decisions.c.id)
    )
    found: dict[str, tuple[str, ...]] = {}
    with reading(queue.engine) as connection:
        for row in connection.execute(query):
            made = Decision.model_validate_json(row.content)
            found[row.item] = (*found.get(row.item, ()), made.choice.kind)
    return found


def _label(
    project: Project,
    item: Item,
    made: tuple[Made, ...],
    settled: Decision | None,
    kinds: tuple[str, ...],
) -> Label:
    status = _status(project.wanted(item.id), made, settled=settled is not None)
    agreed = made[0].decision if made and status is LabelStatus.AGREED else None
    final = settled or agreed
    return Label(
        project=project.name,
        item=item.id,
        question_id=item.origin.question_id,
        status=status,
        kinds=kinds,
        choice=None if final is None else final.choice,
        people=tuple(sorted(one.person for one in made if final and one.decision.key == final.key)),
        guidelines=max((one.guidelines for one in made), default=None),
        corpus_hash=project.corpus_hash,
        traces=item.origin.traces,
    )


def _status(wanted: int, made: tuple[Made, ...], *, settled: bool) -> LabelStatus:
    if settled:
        return LabelStatus.ADJUDICATED
    if is_disputed(made):
        return LabelStatus.DISAGREED
    if len(made) >= wanted:
        return LabelStatus.AGREED
    return LabelStatus.OPEN if made else LabelStatus.UNSEEN
