"""Projects, guidelines, people, items, leases, drafts and decisions.

Revision: 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "label_projects",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "label_guidelines",
        sa.Column("project", sa.String(80), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "label_people",
        sa.Column("project", sa.String(80), primary_key=True),
        sa.Column("person", sa.String(200), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
    )
    op.create_table(
        "label_items",
        sa.Column("project", sa.String(80), primary_key=True),
        sa.Column("item", sa.String(200), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("wanted", sa.Integer, nullable=True),
        sa.Column("question_id", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("settled", sa.Integer, nullable=True),
    )
    op.create_index("ix_label_items_position", "label_items", ["project", "position"])
    op.create_table(
        "label_leases",
        sa.Column("project", sa.String(80), primary_key=True),
        sa.Column("item", sa.String(200), primary_key=True),
        sa.Column("person", sa.String(200), primary_key=True),
        sa.Column("token", sa.String(40), nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
    )
    op.create_table(
        "label_drafts",
        sa.Column("project", sa.String(80), primary_key=True),
        sa.Column("item", sa.String(200), primary_key=True),
        sa.Column("person", sa.String(200), primary_key=True),
        sa.Column("saved", sa.Float, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "label_decisions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("submission", sa.String(64), nullable=False, unique=True),
        sa.Column("project", sa.String(80), nullable=False),
        sa.Column("item", sa.String(200), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("guidelines", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("content", sa.Text, nullable=True),
        sa.Column("replaces", sa.Integer, nullable=True),
    )
    op.create_index("ix_label_decisions_item", "label_decisions", ["project", "item"])
    op.create_index("ix_label_decisions_person", "label_decisions", ["project", "person", "id"])
    op.create_table(
        "label_current",
        sa.Column("project", sa.String(80), primary_key=True),
        sa.Column("item", sa.String(200), primary_key=True),
        sa.Column("person", sa.String(200), primary_key=True),
        sa.Column("decision", sa.Integer, nullable=False),
        sa.Column("counts", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    for table in ("current", "decisions", "drafts", "leases", "items", "people", "guidelines"):
        op.drop_table(f"label_{table}")
    op.drop_table("label_projects")
