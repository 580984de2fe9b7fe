"""The first store: works, provisions, labels, versions and coverage, each on the record clock.

Revision: 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _recorded(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_to", sa.DateTime(timezone=True)),
        *columns,
    )


def _text(name: str, *, required: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=not required)


def _dates(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Date) for name in names]


def upgrade() -> None:
    _recorded(
        "works",
        *[
            _text(name, required=True)
            for name in ("id", "jurisdiction", "language", "kind", "title", "citation", "source")
        ],
        sa.Column("aliases", sa.JSON, nullable=False),
        _text("licence"),
        _text("note"),
        sa.Column("content", sa.String(64), nullable=False),
    )
    _recorded(
        "provisions",
        *[_text(name, required=True) for name in ("id", "work_id", "kind")],
        sa.Column("order", sa.Integer, nullable=False),
        sa.Column("successors", sa.JSON, nullable=False),
    )
    _recorded(
        "labels",
        *[_text(name, required=True) for name in ("provision_id", "work_id", "text", "key")],
        *_dates("valid_from", "valid_to", "known_from", "known_to"),
    )
    _recorded(
        "versions",
        *[
            _text(name, required=True)
            for name in (
                "id",
                "provision_id",
                "work_id",
                "language",
                "text",
                "commencement",
                "date_basis",
            )
        ],
        *[
            _text(name)
            for name in (
                "extent",
                "heading",
                "condition",
                "ended",
                "introduced_by",
                "ended_by",
                "note",
            )
        ],
        *_dates("valid_from", "valid_to", "applies_from", "published", "known_from", "known_to"),
        sa.Column("source", sa.JSON, nullable=False),
        sa.Column("upstream", sa.JSON, nullable=False),
    )
    _recorded(
        "coverage",
        _text("work_id", required=True),
        sa.Column("covered_from", sa.Date, nullable=False),
        *_dates("covered_to", "checked"),
        sa.Column("from_origin", sa.Boolean, nullable=False),
        _text("note"),
    )
    for table, columns in (
        ("works", ["id"]),
        ("provisions", ["id"]),
        ("provisions", ["work_id"]),
        ("labels", ["provision_id"]),
        ("labels", ["work_id", "key"]),
        ("versions", ["id"]),
        ("versions", ["provision_id"]),
        ("versions", ["work_id"]),
        ("coverage", ["work_id"]),
    ):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def downgrade() -> None:
    for table in ("works", "provisions", "labels", "versions", "coverage"):
        op.drop_table(table)
