"""The label queue: projects with guidelines, people and items.

Handing items out and taking decisions is in :mod:`rl.annotation.queue.assignments`, settling
disagreements in :mod:`rl.annotation.queue.adjudication`, labels and progress in
:mod:`rl.annotation.queue.labels`. All of them work on a :class:`LabelQueue`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Self

import sqlalchemy as sa

from corpus.closeable import Closeable
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.schema import open_database
from corpus.settings import Settings
from rl.annotation.items import Item, Project, Role
from rl.annotation.queue.tables import SCHEMA, guidelines, items, leases, people, projects
from rl.annotation.queue.transactions import exclusive, reading, stamp


class QueueError(BadInputError):
    """The queue rejects the request; nothing was changed."""


class Guidelines(Frozen):
    """One version of a project's guidelines; versions count from 1."""

    version: int
    author: str
    text: str


class LabelQueue(Closeable):
    """The label queue of one database. Open it with :meth:`open`; safe to share between threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str, *, create: bool = False) -> Self:
        """Open the queue at a SQLAlchemy ``url``; ``create`` makes or upgrades it.

        Raises:
            StoreError: there is none, or it has another schema.
        """
        return cls(open_database(url, create=create, schema=SCHEMA))

    def close(self) -> None:
        """Release the connections."""
        self.engine.dispose()

    def create(self, project: Project, text: str, owner: str) -> None:
        """Make a project with the first version of its guidelines, owned by ``owner``.

        Raises:
            QueueError: there is a project of that name.
            StoreError: the database refuses it.
        """
        now = stamp()
        with exclusive(self.engine, project.name) as connection:
            if _found(connection, project.name):
                raise QueueError(f"There is a project '{project.name}' already.")
            connection.execute(
                sa.insert(projects).values(
                    name=project.name, created=now, content=project.model_dump_json()
                )
            )
            connection.execute(
                sa.insert(guidelines).values(
                    project=project.name, version=1, author=owner, created=now, text=text
                )
            )
            connection.execute(
                sa.insert(people).values(project=project.name, person=owner, role=Role.OWNER)
            )

    def project(self, name: str) -> Project:
        """Return a project.

        Raises:
            QueueError: there is none of that name.
            StoreError: the database cannot be read.
        """
        with reading(self.engine) as connection:
            found = _found(connection, name)
            if found is None:
                raise QueueError(_no_project(connection, name))
        return found

    def projects(self) -> list[Project]:
        """Return all projects, the newest first."""
        query = sa.select(projects.c.content).order_by(projects.c.created.desc(), projects.c.name)
        with reading(self.engine) as connection:
            return [Project.model_validate_json(text) for text in connection.scalars(query)]

    def add_guidelines(self, project: str, text: str, author: str) -> int:
        """Add a version of a project's guidelines and return its number; earlier ones stay.

        Raises:
            QueueError: there is no such project.
            StoreError: the database refuses it.
        """
        with exclusive(self.engine, project) as connection:
            version = newest_guidelines(connection, project).version + 1
            connection.execute(
                sa.insert(guidelines).values(
                    project=project,
                    version=version,
                    author=author,
                    created=stamp(),
                    text=text,
                )
            )
        return version

    def guidelines(self, project: str) -> Guidelines:
        """Return the newest guidelines of a project.

        Raises:
            QueueError: there is no such project.
        """
        with reading(self.engine) as connection:
            return newest_guidelines(connection, project)

    def add_person(self, project: str, person: str, role: Role) -> None:
        """Add a person to a project, or change their role; its owner, who may do all, stays that.

        Raises:
            QueueError: there is no such project.
            StoreError: the database refuses it.
        """
        with exclusive(self.engine, project) as connection:
            if _found(connection, project) is None:
                raise QueueError(_no_project(connection, project))
            mine = (people.c.project == project) & (people.c.person == person)
            if connection.scalar(sa.select(people.c.role).where(mine)) == Role.OWNER:
                return
            connection.execute(sa.delete(people).where(mine))
            connection.execute(sa.insert(people).values(project=project, person=person, role=role))

    def remove_person(self, project: str, person: str) -> None:
        """Let a person work on a project no longer; what they decided stays.

        Raises:
            QueueError: they do not work on it, or own it.
            StoreError: the database refuses it.
        """
        with exclusive(self.engine, project) as connection:
            settings_of(connection, project)
            if role_in(connection, project, person) is Role.OWNER:
                raise QueueError(f"{person} owns project '{project}' and cannot be removed.")
            for table in (people, leases):
                mine = (table.c.project == project) & (table.c.person == person)
                connection.execute(sa.delete(table).where(mine))

    def people(self, project: str) -> dict[str, Role]:
        """Return the people of a project with their roles."""
        query = sa.select(people.c.person, people.c.role).where(people.c.project == project)
        with reading(self.engine) as connection:
            return {row.person: Role(row.role) for row in connection.execute(query)}

    def add_items(self, project: str, new: Sequence[Item]) -> int:
        """Add items to the end of a project's queue, and return how many were new.

        Gold items are not added at the end, but each at a place drawn from its id.
        An item whose id is there already is left as it is, so a killed call may be repeated.

        Raises:
            QueueError: there is no such project, or its budget does not allow so many labels.
            StoreError: the database refuses it; nothing was added.
        """
        with exclusive(self.engine, project) as connection:
            settings = _found(connection, project)
            if settings is None:
                raise QueueError(_no_project(connection, project))
            present = set(
                connection.scalars(sa.select(items.c.item).where(items.c.project == project))
            )
            rows = [
                _row(settings, item, _place(item, len(present) + place))
                for place, item in enumerate(i for i in new if i.id not in present)
            ]
            _check_budget(connection, settings, rows)
            if rows:
                connection.execute(sa.insert(items), rows)
        return len(rows)

    def items(self, project: str) -> list[Item]:
        """Return the items of a project in the order of its queue, what is hidden included."""
        query = (
            sa.select(items.c.content).where(items.c.project == project).order_by(items.c.position)
        )
        with reading(self.engine) as connection:
            return [Item.model_validate_json(text) for text in connection.scalars(query)]


def labels_url(settings: Settings) -> str:
    """Return where the queue is kept: ``INFORCE_LABELS``, else beside the store.

    Beside a SQLite store that is a file of its own, in Postgres the same database.
    """
    return os.environ.get("INFORCE_LABELS") or settings.beside("labels.db")


def newest_guidelines(connection: sa.Connection, project: str) -> Guidelines:
    """Return the newest guidelines of a project.

    Raises:
        QueueError: there is no such project.
    """
    query = (
        sa.select(guidelines.c.version, guidelines.c.author, guidelines.c.text)
        .where(guidelines.c.project == project)
        .order_by(guidelines.c.version.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    if row is None:
        raise QueueError(_no_project(connection, project))
    return Guidelines.model_validate(dict(row))


def settings_of(connection: sa.Connection, project: str) -> Project:
    """Return the settings of a project inside a transaction.

    Raises:
        QueueError: there is none of that name.
    """
    found = _found(connection, project)
    if found is None:
        raise QueueError(_no_project(connection, project))
    return found


def role_in(connection: sa.Connection, project: str, person: str) -> Role:
    """Return what a person may do in a project.

    Raises:
        QueueError: they do not work on it.
    """
    mine = (people.c.project == project) & (people.c.person == person)
    role = connection.scalar(sa.select(people.c.role).where(mine))
    if role is None:
        raise QueueError(f"{person} does not work on project '{project}'.")
    return Role(role)


def _found(connection: sa.Connection, name: str) -> Project | None:
    text = connection.scalar(sa.select(projects.c.content).where(projects.c.name == name))
    return None if text is None else Project.model_validate_json(text)


def _no_project(connection: sa.Connection, name: str) -> str:
    names = list(connection.scalars(sa.select(projects.c.name).order_by(projects.c.name)))
    there = ", ".join(names) if names else "none yet"
    return f"There is no labelling project '{name}'; there are: {there}."


def _place(item: Item, last: int) -> int:
    """Return where an item stands in the queue: last, or, a gold one, at any place before."""
    if item.gold is None:
        return last
    drawn = hashlib.blake2b(f"gold\n{item.id}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn) % (last + 1)


def _row(project: Project, item: Item, position: int) -> dict[str, object]:
    return {
        "project": project.name,
        "item": item.id,
        "position": position,
        "wanted": None if item.gold is not None else project.wanted(item.id),
        "question_id": item.origin.question_id,
        "content": item.model_dump_json(),
        "settled": None,
    }


def _check_budget(
    connection: sa.Connection, project: Project, rows: Sequence[dict[str, object]]
) -> None:
    """Refuse more items than the budget pays labels for; gold items cost none.

    Raises:
        QueueError: there would be too many.
    """
    if project.budget is None:
        return
    asked = sa.select(sa.func.count()).where(
        items.c.project == project.name, items.c.wanted.is_not(None)
    )
    before = connection.scalar(asked) or 0
    after = before + sum(row["wanted"] is not None for row in rows)
    if after > project.budget:
        raise QueueError(
            f"Project '{project.name}' has a budget of {project.budget} labels and asked for"
            f" {before}: {after - before} more are too many."
        )
