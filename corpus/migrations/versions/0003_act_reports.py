"""What reading each act showed of its history, kept beside the act.

Revision: 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "act_reports",
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("recorded_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_to", sa.DateTime(timezone=True)),
        sa.Column("work_id", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
    )
    op.create_index("ix_act_reports_work_id", "act_reports", ["work_id"])


def downgrade() -> None:
    op.drop_table("act_reports")
