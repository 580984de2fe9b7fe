"""The divisions of an act in which each provision stands.

Revision: 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "provisions", sa.Column("placements", sa.JSON, nullable=False, server_default="[]")
    )


def downgrade() -> None:
    op.drop_column("provisions", "placements")
