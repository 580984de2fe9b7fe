"""The tables of matters and of their alerts."""

from __future__ import annotations

import sqlalchemy as sa

from agent.people import LONGEST

metadata = sa.MetaData()


def _id(name: str, **more: bool) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), nullable=False, **more)  # type: ignore[arg-type]


def _person(name: str, **more: bool) -> sa.Column[str]:
    return sa.Column(name, sa.String(LONGEST), **more)  # type: ignore[arg-type]


def _instant(name: str, **more: bool) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), **more)  # type: ignore[arg-type]


matters = sa.Table(
    "matters",
    metadata,
    _id("id", primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    _person("owner", nullable=False, index=True),
    sa.Column("reference", sa.Text),
    sa.Column("frame", sa.Text, nullable=False),
    _instant("archived"),
    _instant("created", nullable=False),
    _instant("changed", nullable=False),
)
shares = sa.Table(
    "matter_people",
    metadata,
    _id("matter", primary_key=True),
    _person("person", primary_key=True),
)
notes = sa.Table(
    "matter_notes",
    metadata,
    _id("id", primary_key=True),
    _id("matter", index=True),
    sa.Column("text", sa.Text, nullable=False),
    _person("author", nullable=False),
    _instant("written", nullable=False),
)
questions = sa.Table(
    "matter_questions",
    metadata,
    _id("matter", primary_key=True),
    sa.Column("trace", sa.String(200), primary_key=True),
    _person("filed_by", nullable=False),
    _instant("filed", nullable=False),
)
conversations = sa.Table(
    "matter_conversations",
    metadata,
    _id("matter", primary_key=True),
    sa.Column("thread", sa.String(200), primary_key=True),
)
citations = sa.Table(
    "matter_citations",
    metadata,
    _id("matter", primary_key=True),
    sa.Column("trace", sa.String(200), primary_key=True),
    sa.Column("version", sa.String(500), primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
)
exports = sa.Table(
    "matter_exports",
    metadata,
    _id("matter", primary_key=True),
    sa.Column("path", sa.String(4096), primary_key=True),
    _id("digest"),
)
alerts = sa.Table(
    "matter_alerts",
    metadata,
    _id("id", primary_key=True),
    _id("matter", index=True),
    sa.Column("content", sa.Text, nullable=False),
    _instant("found", nullable=False),
    _instant("acknowledged"),
    _person("acknowledged_by"),
)
deliveries = sa.Table(
    "matter_deliveries",
    metadata,
    _id("alert", primary_key=True),
    sa.Column("channel", sa.String(40), primary_key=True),
    _instant("claimed"),
    _instant("sent"),
)
OF_A_MATTER = (shares, notes, questions, conversations, citations, exports, alerts)
"""The tables with rows of a matter, each with its id in ``matter``."""
