"""Delete a matter for good: its rows, its traces, its threads and the files written of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from agent.audit import Action, Kind
from agent.exported_files import delete_files, file_digest
from agent.graph.checkpoints import open_checkpoints, threads_url
from agent.matters import tables
from agent.matters.audited import log
from agent.matters.store import Matters
from agent.people import Person
from agent.trace_store import TraceStore, traces_url
from corpus.model import Frozen
from corpus.settings import Settings


class Deletion(Frozen):
    """What was deleted with a matter, and what was not.

    Attributes:
        name: name of the matter.
        traces: number of traces deleted.
        threads: number of conversations deleted.
        files: exported files deleted.
        kept: sentences on what is still there, and why.
    """

    name: str
    traces: int
    threads: int
    files: tuple[str, ...]
    kept: tuple[str, ...] = ()


def delete_matter(matters: Matters, person: Person, matter: str, settings: Settings) -> Deletion:
    """Delete a matter and everything that belongs to it alone.

    A trace that another matter holds too stays there. An exported file that was
    changed since stays, as does one that cannot be removed; both are named. What a browser has
    downloaded is out of reach.

    The matter is archived first, so that nothing is filed in it meanwhile, and its rows go last: a
    deletion that was interrupted is finished by the next.

    Raises:
        BadInputError: there is no such matter, or the person is not its owner.
        StoreError: a database refuses it, or the audit log cannot be written.
    """
    found = matters.archive(person, matter)
    with matters.reading() as connection:
        traces, shared = _own_and_shared(connection, found.id)
        threads = list(connection.scalars(_threads(found.id)))
        files = [(row.path, row.digest) for row in connection.execute(_exports(found.id))]
    log(settings, person, Action.DELETED, Kind.MATTER, found.id)
    log(settings, person, Action.DELETED, Kind.TRACE, *traces)
    log(settings, person, Action.DELETED, Kind.THREAD, *threads)
    with TraceStore.open(traces_url(settings)) as store:
        removed = store.delete(traces)
    delete_threads(threads, settings)
    gone, kept = delete_files(files)
    if shared:
        kept.append(f"{len(shared)} of its questions are filed in another matter too and stay.")
    with matters.writing() as connection:
        _delete_rows(connection, found.id)
    return Deletion(
        name=found.name, traces=removed, threads=len(threads), files=tuple(gone), kept=tuple(kept)
    )


def note_export(matters: Matters, person: Person, matter: str, file: Path) -> None:
    """Keep in mind that a file was written of a matter, so that it is deleted with it.

    Raises:
        BadInputError: the person may not see the matter, or the file cannot be read.
        StoreError: the database refuses it.
    """
    path = str(file.absolute())
    found = matters.get(person, matter)
    row = {"matter": found.id, "path": path, "digest": file_digest(file)}
    table = tables.exports
    with matters.writing() as connection:
        these = table.c.matter == found.id, table.c.path == path
        connection.execute(sa.delete(table).where(*these))
        connection.execute(sa.insert(table).values(row))


def _exports(matter: str) -> sa.Select[Any]:
    table = tables.exports
    return sa.select(table.c.path, table.c.digest).where(table.c.matter == matter)


def _threads(matter: str) -> sa.Select[Any]:
    table = tables.conversations
    return sa.select(table.c.thread).where(table.c.matter == matter).order_by(table.c.thread)


def _own_and_shared(connection: sa.Connection, matter: str) -> tuple[list[str], list[str]]:
    """Return the traces that this matter alone holds, and those that others hold too."""
    table = tables.questions
    query = sa.select(table.c.trace).distinct()
    own = set(connection.scalars(query.where(table.c.matter == matter)))
    others = set(connection.scalars(query.where(table.c.matter != matter, table.c.trace.in_(own))))
    return sorted(own - others), sorted(own & others)


def delete_threads(names: Iterable[str], settings: Settings) -> None:
    """Delete conversations with their checkpoints; one that is not there is no error.

    Raises:
        StoreError: the database refuses it.
    """
    if names := list(names):
        with open_checkpoints(threads_url(settings)) as checkpoints:
            for name in names:
                checkpoints.delete_thread(name)


def _delete_rows(connection: sa.Connection, matter: str) -> None:
    told = sa.select(tables.alerts.c.id).where(tables.alerts.c.matter == matter)
    connection.execute(sa.delete(tables.deliveries).where(tables.deliveries.c.alert.in_(told)))
    for table in tables.OF_A_MATTER:
        connection.execute(sa.delete(table).where(table.c.matter == matter))
    connection.execute(sa.delete(tables.matters).where(tables.matters.c.id == matter))
