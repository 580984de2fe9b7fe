"""The rows of a work in the tables of the store, and how a new reading replaces them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from corpus import tables
from corpus.model import WorkHistory
from corpus.provision_numbers import LABEL_KEYS, label_key

Row = dict[str, Any]
"""A row by its columns."""


def rows_of(history: WorkHistory, content: str) -> list[tuple[sa.Table, list[Row]]]:
    """Return the rows of a work by table; ``content`` is the digest of all that was read of it."""
    work_id = history.work.id
    labels = [
        {
            **label.model_dump(),
            "provision_id": provision.id,
            "work_id": work_id,
            "key": label_key(label.text),
        }
        for provision in history.provisions
        for label in provision.labels
    ]
    provisions = [
        {
            **provision.model_dump(exclude={"labels", "placements"}),
            "placements": [each.model_dump(mode="json") for each in provision.placements],
        }
        for provision in history.provisions
    ]
    versions = [{**v.model_dump(), "work_id": work_id} for v in history.versions]
    return [
        (tables.works, [{**history.work.model_dump(), "content": content}]),
        (tables.provisions, provisions),
        (tables.labels, labels),
        (tables.versions, versions),
        (tables.coverage, [c.model_dump() for c in history.coverage]),
    ]


def content_of(history: WorkHistory) -> str:
    """Return the digest of all that was read of a work.

    Where no division was read, it is that of a reading without them.
    """
    placed = any(provision.placements for provision in history.provisions)
    without = None if placed else {"provisions": {"__all__": {"placements"}}}
    return digest_of(f"{LABEL_KEYS}{history.model_dump_json(exclude=without)}")


def replace_rows(
    connection: sa.Connection, table: sa.Table, work_id: str, rows: list[Row], stamp: datetime
) -> None:
    """Retire the stored rows that are gone and append the new ones."""
    owner = table.c.id if table is tables.works else table.c.work_id
    stored = {
        row.digest: row.row
        for row in connection.execute(
            sa.select(table.c.row, table.c.digest).where(
                owner == work_id, table.c.recorded_to.is_(None)
            )
        )
    }
    fresh = {digest_of(repr(sorted(row.items()))): row for row in rows}
    gone = [stored[digest] for digest in stored.keys() - fresh.keys()]
    for some in chunks(gone, 500):
        connection.execute(sa.update(table).where(table.c.row.in_(some)).values(recorded_to=stamp))
    added = [
        {**row, "digest": digest, "recorded_from": stamp}
        for digest, row in fresh.items()
        if digest not in stored
    ]
    if added:
        connection.execute(sa.insert(table), added)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def chunks(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """Return a sequence in pieces of a size, for statements with a bounded number of values."""
    return (items[i : i + size] for i in range(0, len(items), size))
