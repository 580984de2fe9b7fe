"""One current row for each work, enforced by the database; the record clock is indexed.

Where two writers had recorded a work twice, the doubled rows are retired, and the work is compared
row by row when its source is read again.

Revision: 0002.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from corpus.clock import now

revision = "0002"
down_revision = "0001"

_CURRENT = sa.text("recorded_to IS NULL")


def upgrade() -> None:
    stamp = now()
    doubled = _retire_doubles("works", "id", stamp)
    for name in ("provisions", "labels", "versions", "coverage"):
        doubled |= _retire_doubles(name, "work_id", stamp)
    works = _table("works", "id")
    for work_id in doubled:
        again = sa.update(works).where(works.c.id == work_id, works.c.recorded_to.is_(None))
        op.execute(again.values(content=""))
    op.create_index(
        "uq_works_current",
        "works",
        ["id"],
        unique=True,
        sqlite_where=_CURRENT,
        postgresql_where=_CURRENT,
    )
    op.create_index("ix_works_recorded_from", "works", ["recorded_from"])
    op.create_index("ix_works_recorded_to", "works", ["recorded_to"])


def downgrade() -> None:
    for name in ("uq_works_current", "ix_works_recorded_from", "ix_works_recorded_to"):
        op.drop_index(name, "works")


def _table(name: str, owner: str) -> sa.TableClause:
    columns: list[sa.ColumnClause[str]] = [
        sa.column(c) for c in ("row", "digest", "content", owner)
    ]
    return sa.table(name, *columns, sa.column("recorded_to", sa.DateTime(timezone=True)))


def _retire_doubles(name: str, owner: str, stamp: datetime) -> set[str]:
    """Retire all but the last of the current rows that say the same; return their works."""
    table = _table(name, owner)
    same = [table.c[owner]] if name == "works" else [table.c[owner], table.c.digest]
    current = table.c.recorded_to.is_(None)
    groups = (
        sa.select(table.c[owner], *same[1:], sa.func.max(table.c.row).label("kept"))
        .where(current)
        .group_by(*same)
        .having(sa.func.count() > 1)
    )
    found = op.get_bind().execute(groups).mappings().all()
    for group in found:
        ours = [column == group[column.name] for column in same]
        retire = sa.update(table).where(*ours, current, table.c.row != group["kept"])
        op.execute(retire.values(recorded_to=stamp))
    return {group[owner] for group in found}
