"""Tables of the label queue.

``decisions`` is the log: rows are only ever added. ``current`` says which decision of a person on
an item counts at present; it is derived from the log and written in the same transaction, and its
primary key is what keeps a person from having two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from corpus.schema import Schema

metadata = sa.MetaData()


def _of_person(name: str, *columns: sa.Column[Any]) -> sa.Table:
    """Return a table with at most one row for each person and item."""
    return sa.Table(
        name,
        metadata,
        sa.Column("project", sa.String(80), primary_key=True),
        sa.Column("item", sa.String(200), primary_key=True),
        sa.Column("person", sa.String(200), primary_key=True),
        *columns,
    )


def row_of(table: sa.Table, project: str, item: str, person: str) -> sa.ColumnElement[bool]:
    """Return the condition for a person's row on an item, in a table keyed by these three."""
    return sa.and_(table.c.project == project, table.c.item == item, table.c.person == person)


projects = sa.Table(
    "label_projects",
    metadata,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
)

guidelines = sa.Table(
    "label_guidelines",
    metadata,
    sa.Column("project", sa.String(80), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("author", sa.String(200), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)

people = sa.Table(
    "label_people",
    metadata,
    sa.Column("project", sa.String(80), primary_key=True),
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("role", sa.String(20), nullable=False),
)

items = sa.Table(
    "label_items",
    metadata,
    sa.Column("project", sa.String(80), primary_key=True),
    sa.Column("item", sa.String(200), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("wanted", sa.Integer, nullable=True),  # null: a gold item, which everybody decides
    sa.Column("question_id", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("settled", sa.Integer, nullable=True),  # the adjudicator's row in decisions
    sa.Index("ix_label_items_position", "project", "position"),
)

leases = _of_person(
    "label_leases",
    sa.Column("token", sa.String(40), nullable=False),
    sa.Column("expires", sa.Float, nullable=False),
)

drafts = _of_person(
    "label_drafts",
    sa.Column("saved", sa.Float, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
)

decisions = sa.Table(
    "label_decisions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("submission", sa.String(64), nullable=False, unique=True),
    sa.Column("project", sa.String(80), nullable=False),
    sa.Column("item", sa.String(200), nullable=False),
    sa.Column("person", sa.String(200), nullable=False),
    sa.Column("act", sa.String(20), nullable=False),  # decided, withdrawn, adjudicated
    sa.Column("guidelines", sa.Integer, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("content", sa.Text, nullable=True),  # null where withdrawn
    sa.Column("replaces", sa.Integer, nullable=True),
    sa.Index("ix_label_decisions_item", "project", "item"),
    sa.Index("ix_label_decisions_person", "project", "person", "id"),
)

current = _of_person(
    "label_current",
    sa.Column("decision", sa.Integer, nullable=False),
    sa.Column("counts", sa.Boolean, nullable=False),  # false for a skip
)

SCHEMA = Schema(
    metadata=metadata,
    migrations=Path(__file__).parent / "migrations",
    revision="0001",
    version_table="alembic_version_labels",
    what="label queue",
    made_by="inforce labels create",
    upgraded_by="inforce labels create",
)
