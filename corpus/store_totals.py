"""What a store holds of each work, counted by the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from corpus import tables
from corpus.model import Coverage, Frozen, SourceRead
from corpus.record_clock import as_utc
from corpus.store_rows import Row


class WorkTotals(Frozen):
    """What is held of one work.

    Attributes:
        provisions: number of provisions.
        versions: number of distinct texts.
        first: first date of a text; null if none is dated.
        last: first date of the newest text; null if none is dated.
        extents: the territories named by its texts.
        coverage: the intervals for which the record is complete.
        source_read: when it was last read.
    """

    provisions: int
    versions: int
    first: date | None
    last: date | None
    extents: tuple[str, ...]
    coverage: tuple[Coverage, ...]
    source_read: SourceRead


Select = Callable[[sa.Table], sa.Select[Any]]
Rows = Callable[[sa.Select[Any]], list[Row]]


def work_totals(current: Select, rows: Rows) -> dict[str, WorkTotals]:
    """Return what is held of each work, by id, in five queries.

    Args:
        current: returns the statement for the current rows of a table.
        rows: runs a statement.
    """
    texts = {row["work_id"]: row for row in rows(_texts(current))}
    provisions = {row["work_id"]: row["n"] for row in rows(_provisions(current))}
    extents: dict[str, set[str]] = defaultdict(set)
    for row in rows(_extents(current)):
        extents[row["work_id"]].update(row["extent"].split("+"))
    coverage: dict[str, list[Coverage]] = defaultdict(list)
    for row in rows(current(tables.coverage).order_by(tables.coverage.c.covered_from)):
        fields = {name: row[name] for name in Coverage.model_fields}
        coverage[row["work_id"]].append(Coverage.model_validate(fields))
    return {
        row["id"]: WorkTotals(
            provisions=provisions.get(row["id"], 0),
            versions=texts[row["id"]]["n"] if row["id"] in texts else 0,
            first=texts[row["id"]]["first"] if row["id"] in texts else None,
            last=texts[row["id"]]["last"] if row["id"] in texts else None,
            extents=tuple(sorted(extents[row["id"]])),
            coverage=tuple(coverage[row["id"]]),
            source_read=source_read(coverage[row["id"]], as_utc(row["recorded_from"]).date()),
        )
        for row in rows(current(tables.works).order_by(tables.works.c.id))
    }


def source_read(coverage: Sequence[Coverage], recorded: date) -> SourceRead:
    """Return when a work was last read: as its source says, else when it was recorded."""
    checked = [each.checked for each in coverage if each.checked is not None]
    if checked:
        return SourceRead(day=max(checked), by="publisher")
    return SourceRead(day=recorded, by="record")


def _texts(current: Select) -> sa.Select[Any]:
    column = tables.versions.c
    return (
        current(tables.versions)
        .with_only_columns(
            column.work_id,
            sa.func.count(sa.distinct(column.id)).label("n"),
            sa.func.min(column.valid_from).label("first"),
            sa.func.max(column.valid_from).label("last"),
        )
        .group_by(column.work_id)
    )


def _provisions(current: Select) -> sa.Select[Any]:
    column = tables.provisions.c
    number = sa.func.count(sa.distinct(column.id)).label("n")
    return (
        current(tables.provisions)
        .with_only_columns(column.work_id, number)
        .group_by(column.work_id)
    )


def _extents(current: Select) -> sa.Select[Any]:
    column = tables.versions.c
    named = current(tables.versions).where(column.extent.is_not(None))
    return named.with_only_columns(column.work_id, column.extent).distinct()
