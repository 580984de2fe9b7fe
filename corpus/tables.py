"""Database tables of the store, with the record clock: rows are retired, never deleted.

``digest`` is the hash of a row's content; re-reading a source compares digests, retires the rows
that are gone (``recorded_to``) and appends the new ones.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


_ONLY_CURRENT: dict[str, Any] = {
    f"{database}_where": sa.text("recorded_to IS NULL") for database in ("sqlite", "postgresql")
}


def _recorded(name: str, *columns: sa.Column[object] | sa.Index) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_to", sa.DateTime(timezone=True)),
        *columns,
    )


def _text(name: str, *, required: bool = False, index: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=not required, index=index)


def _date(name: str, *, required: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Date, nullable=not required)


works = _recorded(
    "works",
    _text("id", required=True, index=True),
    _text("jurisdiction", required=True),
    _text("language", required=True),
    _text("kind", required=True),
    _text("title", required=True),
    sa.Column("aliases", sa.JSON, nullable=False),
    _text("citation", required=True),
    _text("source", required=True),
    _text("licence"),
    _text("note"),
    sa.Column("content", sa.String(64), nullable=False),
    # every change of a work replaces its row here, so this keeps all its rows from being doubled
    sa.Index("uq_works_current", "id", unique=True, **_ONLY_CURRENT),
    sa.Index("ix_works_recorded_from", "recorded_from"),
    sa.Index("ix_works_recorded_to", "recorded_to"),
)

provisions = _recorded(
    "provisions",
    _text("id", required=True, index=True),
    _text("work_id", required=True, index=True),
    _text("kind", required=True),
    sa.Column("order", sa.Integer, nullable=False),
    sa.Column("successors", sa.JSON, nullable=False),
    sa.Column("placements", sa.JSON, nullable=False, server_default="[]"),
)

labels = _recorded(
    "labels",
    _text("provision_id", required=True, index=True),
    _text("work_id", required=True),
    _text("text", required=True),
    _text("key", required=True),
    _date("valid_from"),
    _date("valid_to"),
    _date("known_from"),
    _date("known_to"),
    sa.Index("ix_labels_work_id_key", "work_id", "key"),
)

versions = _recorded(
    "versions",
    _text("id", required=True, index=True),
    _text("provision_id", required=True, index=True),
    _text("work_id", required=True, index=True),
    _text("language", required=True),
    _text("extent"),
    _text("heading"),
    _text("text", required=True),
    _date("valid_from"),
    _date("valid_to"),
    _text("commencement", required=True),
    _text("condition"),
    _date("applies_from"),
    _text("ended"),
    _text("introduced_by"),
    _text("ended_by"),
    _date("published"),
    _date("known_from"),
    _date("known_to"),
    _text("date_basis", required=True),
    sa.Column("source", sa.JSON, nullable=False),
    sa.Column("upstream", sa.JSON, nullable=False),
    _text("note"),
)

coverage = _recorded(
    "coverage",
    _text("work_id", required=True, index=True),
    _date("covered_from", required=True),
    _date("covered_to"),
    sa.Column("from_origin", sa.Boolean, nullable=False),
    _date("checked"),
    _text("note"),
)

act_reports = _recorded(
    "act_reports",
    _text("work_id", index=True),
    _text("source", required=True),
    sa.Column("content", sa.JSON, nullable=False),
)
