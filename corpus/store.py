"""The store: the corpus in an append-only SQL database, with three clocks.

Valid time and known time belong to the data (:mod:`corpus.model`). The *record* clock belongs to
the store: a row is never changed or deleted, only retired when a newer reading of its source no
longer contains it. ``Store.as_recorded(instant)`` reads the store as it stood then, so an answer
can be replayed exactly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from corpus import tables
from corpus.act_report import ActReport
from corpus.clock import now
from corpus.closeable import Closeable
from corpus.database import cause, writing
from corpus.errors import StoreError
from corpus.locking import claim, writer
from corpus.model import (
    Coverage,
    Frozen,
    Provision,
    ProvisionHistory,
    ProvisionNumber,
    SourceRead,
    Version,
    Work,
    WorkHistory,
)
from corpus.record_clock import (
    NEVER,
    CorpusState,
    WorkRow,
    as_utc,
    instants,
    next_stamp,
    state_at,
    work_row,
)
from corpus.resolve import Resolution, resolve
from corpus.schema import open_database
from corpus.store_rows import Row, chunks, content_of, digest_of, replace_rows, rows_of
from corpus.store_totals import WorkTotals, source_read, work_totals

_Model = TypeVar("_Model", bound=Frozen)


class Store(Closeable):
    """A connection to one corpus. Open it with :meth:`open`; it may be shared for reading."""

    def __init__(self, engine: sa.Engine, recorded_at: datetime | None = None) -> None:
        self._engine = engine
        self._recorded_at = recorded_at and recorded_at.astimezone(UTC)
        self._reading = engine.execution_options(single=True)
        self._selects: dict[str, sa.Select[Any]] = {}
        self._writer: sa.Connection | None = None

    @classmethod
    def open(cls, url: str, *, create: bool = False, upgrade: bool = False) -> Self:
        """Open the store at a SQLAlchemy ``url``.

        ``create`` creates it or upgrades its schema; ``upgrade`` only does the latter.

        Raises:
            StoreError: there is no store at ``url``, or it has another schema.
        """
        return cls(open_database(url, create=create, upgrade=upgrade))

    def as_recorded(self, instant: datetime) -> Store:
        """Return the store as it stood at ``instant`` (record clock), for reading."""
        return Store(self._engine, instant)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    # -- reading ---------------------------------------------------------------------------

    def works(self) -> list[Work]:
        """Return every work, by id."""
        query = self._current(tables.works).order_by(tables.works.c.id)
        return [_work(row) for row in self._rows(query)]

    def work(self, work_id: str) -> Work | None:
        """Return a work, or ``None``."""
        query = self._current(tables.works).where(tables.works.c.id == work_id)
        return next((_work(row) for row in self._rows(query)), None)

    def provision(self, provision_id: str) -> Provision | None:
        """Return a provision with its labels, or ``None``."""
        query = self._current(tables.provisions).where(tables.provisions.c.id == provision_id)
        return next(iter(self._provisions(query)), None)

    def provisions(self, work_id: str) -> list[Provision]:
        """Return the provisions of a work, in printed order."""
        table = tables.provisions
        query = self._current(table).where(table.c.work_id == work_id)
        return self._provisions(query.order_by(table.c.order, table.c.row))

    def provisions_by_label(self, work_id: str, key: str) -> list[Provision]:
        """Return the provisions of a work that have, had or will have a label (by its key)."""
        ids = (
            self._current(tables.labels)
            .where(tables.labels.c.work_id == work_id, tables.labels.c.key == key)
            .with_only_columns(tables.labels.c.provision_id)
        )
        table = tables.provisions
        query = self._current(table).where(table.c.id.in_(ids)).order_by(table.c.order)
        return self._provisions(query)

    def history(self, provision_id: str) -> ProvisionHistory | None:
        """Return a provision with all its rows and the coverage of its work, or ``None``."""
        provision = self.provision(provision_id)
        if provision is None:
            return None
        return ProvisionHistory(
            provision=provision,
            versions=tuple(self._versions(tables.versions.c.provision_id == provision_id)),
            coverage=self.coverage(provision.work_id),
        )

    def work_history(self, work_id: str) -> WorkHistory | None:
        """Return a work with all its data, or ``None``."""
        work = self.work(work_id)
        if work is None:
            return None
        return WorkHistory(
            work=work,
            provisions=tuple(self.provisions(work_id)),
            versions=tuple(self._versions(tables.versions.c.work_id == work_id)),
            coverage=self.coverage(work_id),
        )

    def histories(self) -> Iterator[WorkHistory]:
        """Yield every work with all its data, one in memory at a time."""
        for work in self.works():
            history = self.work_history(work.id)
            if history is not None:
                yield history

    def version(self, version_id: str, known_at: date | None = None) -> Version | None:
        """Return a version as known at ``known_at`` (``None``: latest), or ``None``."""
        rows = self._versions(tables.versions.c.id == version_id)
        return next((v for v in rows if v.is_known(known_at)), None)

    def versions(self, ids: Collection[str], known_at: date | None = None) -> dict[str, Version]:
        """Return the versions of those ids that are on record as known at ``known_at``, by id."""
        rows = self._versions(tables.versions.c.id.in_(ids)) if ids else ()
        return {row.id: row for row in rows if row.is_known(known_at)}

    def coverage(self, work_id: str) -> tuple[Coverage, ...]:
        """Return the coverage of a work, by date."""
        table = tables.coverage
        query = self._current(table).where(table.c.work_id == work_id)
        return tuple(_load(Coverage, r) for r in self._rows(query.order_by(table.c.covered_from)))

    def source_read(self, work_id: str) -> SourceRead | None:
        """Return when a work was last read from its source; ``None``: there is no such work.

        That is the latest day the source gives for its comparison with the publisher; where it
        gives none, the day on which the store recorded this reading of the work.
        """
        rows = self._rows(self._current(tables.works).where(tables.works.c.id == work_id))
        recorded = [as_utc(row["recorded_from"]).date() for row in rows]
        return source_read(self.coverage(work_id), max(recorded)) if recorded else None

    def sources_read(self) -> frozenset[date]:
        """Return the days on which the works were last read from their sources."""
        found = (self.source_read(work.id) for work in self.works())
        return frozenset(read.day for read in found if read is not None)

    def extents(self) -> frozenset[str]:
        """Return every territory named by a text's extent: ``E+W`` is two."""
        column = tables.versions.c.extent
        query = self._current(tables.versions).with_only_columns(column).distinct()
        found = (row["extent"] for row in self._rows(query.where(column.is_not(None))))
        return frozenset(part for extent in found for part in extent.split("+"))

    def resolve(
        self,
        provision_id: str,
        as_at: date,
        known_at: date | None = None,
        *,
        extent: str | None = None,
        language: str | None = None,
    ) -> Resolution | None:
        """Resolve a provision on a date (:func:`corpus.resolve.resolve`); ``None``: unknown id."""
        history = self.history(provision_id)
        if history is None:
            return None
        return resolve(history, as_at, known_at, extent=extent, language=language)

    def corpus_hash(self) -> str:
        """Return a hash of the store's present content: equal corpora, equal hashes."""
        return self.state().corpus_hash

    def state(self) -> CorpusState:
        """Return the state being read: the present one, or that of :meth:`as_recorded`."""
        rows = self._work_rows()
        return state_at(rows, max(instants(rows), default=NEVER))

    def state_with(self, corpus_hash: str, guess: datetime | None = None) -> CorpusState | None:
        """Return the latest state whose hash is, or begins with, ``corpus_hash``; else ``None``.

        ``guess`` is an instant to try first, since there may be as many states as works were
        written.
        """
        rows = Store(self._engine)._work_rows()
        guesses = [guess.astimezone(UTC)] if guess is not None else []
        for instant in (*guesses, *sorted(instants(rows), reverse=True)):
            state = state_at(rows, instant)
            if state.corpus_hash.startswith(corpus_hash):
                return state
        return None

    def holding(self, state: CorpusState) -> Store | None:
        """Return the store as it stood in a state; ``None`` if it never was in that state."""
        found = self.state_with(state.corpus_hash, state.recorded_at)
        return None if found is None else self.as_recorded(found.recorded_at)

    def changed_since(self, instant: datetime) -> frozenset[str]:
        """Return the ids of the works that were written or retired after an instant."""
        return frozenset(
            row.id
            for row in self._work_rows()
            if row.start > instant or (row.end is not None and row.end > instant)
        )

    def act_reports(self, work_id: str | None = None) -> list[ActReport]:
        """Return the reports of the last ingest on all acts, or on one work.

        Acts that were left out as a whole come last.
        """
        table = tables.act_reports
        query = self._current(table)
        if work_id is not None:
            query = query.where(table.c.work_id == work_id)
        ordered = query.order_by(table.c.work_id.is_(None), table.c.work_id, table.c.row)
        return [ActReport.model_validate(row["content"]) for row in self._rows(ordered)]

    def totals(self) -> dict[str, WorkTotals]:
        """Return what is held of each work, by id."""
        return work_totals(self._current, self._rows)

    def counts(self) -> dict[str, int]:
        """Return the number of works, provisions and distinct versions."""
        distinct = {
            "works": tables.works.c.id,
            "provisions": tables.provisions.c.id,
            "versions": tables.versions.c.id,
        }
        return {
            name: self._rows(
                self._current(column.table).with_only_columns(
                    sa.func.count(sa.distinct(column)).label("n")
                )
            )[0]["n"]
            for name, column in distinct.items()
        }

    # -- writing ---------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the write lock of the store inside the context.

        Raises:
            StoreError: another process is writing.
        """
        with self._refusals(), writer(self._engine) as connection:
            self._writer = connection
            try:
                yield
            finally:
                self._writer = None

    def write(self, history: WorkHistory) -> bool:
        """Store one work in one transaction; return whether anything changed.

        Rows that the new reading no longer contains are retired, new ones are appended.

        Raises:
            StoreError: another process writes, the connection was lost, or the disk is full.
        """
        content = content_of(history)
        with self._refusals(), self._transaction() as connection:
            if self._content(connection, history.work.id) == content:
                return False
            stamp = next_stamp(connection)
            for table, rows in rows_of(history, content):
                replace_rows(connection, table, history.work.id, rows, stamp)
        return True

    def write_reports(self, source: str, reports: Iterable[ActReport]) -> None:
        """Store the reports of an ingest, replacing earlier reports on the same acts.

        Raises:
            StoreError: another process writes, the connection was lost, or the disk is full.
        """
        table = tables.act_reports
        rows = [
            {"work_id": r.work_id, "source": r.source, "content": r.model_dump(mode="json")}
            for r in reports
        ]
        ids = [row["work_id"] for row in rows if row["work_id"] is not None]
        with self._refusals(), self._transaction() as connection:
            stamp = now()
            former = [sa.and_(table.c.work_id.is_(None), table.c.source == source)]
            former += [table.c.work_id.in_(some) for some in chunks(ids, 500)]
            for those in former:
                retired = sa.update(table).where(table.c.recorded_to.is_(None), those)
                connection.execute(retired.values(recorded_to=stamp))
            added = [
                {**row, "digest": digest_of(repr(row)), "recorded_from": stamp} for row in rows
            ]
            if added:
                connection.execute(sa.insert(table), added)

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        """Begin a transaction on the writer's connection, else on a new one."""
        if self._writer is None:
            with writing(self._engine) as connection:
                claim(connection)
                yield connection
            return
        if self._writer.invalidated:
            raise StoreError(f"the connection to the store at {self._engine.url} was lost")
        with self._writer.begin():
            claim(self._writer)
            yield self._writer

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn database errors during a write into a :class:`StoreError`."""
        try:
            yield
        except sa.exc.IntegrityError as error:
            raise StoreError(
                f"another writer changed the store at {self._engine.url} meanwhile, "
                f"nothing was written; run it again ({cause(error)})"
            ) from error
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"cannot write the store at {self._engine.url}: {cause(error)}") from (
                error
            )

    # -- inside ----------------------------------------------------------------------------

    def _content(self, connection: sa.Connection, work_id: str) -> str | None:
        table = tables.works
        query = self._current(table).where(table.c.id == work_id)
        found: str | None = connection.scalar(query.with_only_columns(table.c.content))
        return found

    def _current(self, table: sa.Table) -> sa.Select[Any]:
        """Return the select statement for the current rows of a table, built once per table."""
        if table.name not in self._selects:
            self._selects[table.name] = sa.select(table).where(self._recorded(table))
        return self._selects[table.name]

    def _recorded(self, table: sa.Table) -> sa.ColumnElement[bool]:
        if self._recorded_at is None:
            return table.c.recorded_to.is_(None)
        return sa.and_(
            table.c.recorded_from <= self._recorded_at,
            sa.or_(table.c.recorded_to.is_(None), table.c.recorded_to > self._recorded_at),
        )

    def _rows(self, query: sa.Select[Any]) -> list[Row]:
        try:
            with self._reading.connect() as connection:
                found = connection.execute(query)
                names = tuple(found.keys())
                return [dict(zip(names, row, strict=True)) for row in found]
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"cannot read the store at {self._engine.url}: {cause(error)}") from (
                error
            )

    def _work_rows(self) -> list[WorkRow]:
        """Return all work rows up to the state being read, including retired ones, by work."""
        table = tables.works
        query = sa.select(table.c.id, table.c.content, table.c.recorded_from, table.c.recorded_to)
        if self._recorded_at is not None:
            query = query.where(table.c.recorded_from <= self._recorded_at)
        rows = self._rows(query.order_by(table.c.id, table.c.row))
        return [work_row(row, self._recorded_at) for row in rows]

    def _provisions(self, query: sa.Select[Any]) -> list[Provision]:
        rows = self._rows(query)
        borne: dict[str, list[ProvisionNumber]] = {row["id"]: [] for row in rows}
        table = tables.labels
        for some in chunks(list(borne), 500):
            found = self._current(table).where(table.c.provision_id.in_(some))
            for row in self._rows(found.order_by(table.c.valid_from, table.c.row)):
                borne[row["provision_id"]].append(_load(ProvisionNumber, row))
        return [_load(Provision, row, labels=tuple(borne[row["id"]])) for row in rows]

    def _versions(self, condition: sa.ColumnElement[bool]) -> list[Version]:
        table = tables.versions
        query = self._current(table).where(condition)
        ordered = query.order_by(table.c.valid_from, table.c.known_from, table.c.row)
        return [_load(Version, row) for row in self._rows(ordered)]


def _load(model: type[_Model], row: Row, **more: object) -> _Model:
    fields = {name: row[name] for name in model.model_fields if name in row}
    return model.model_validate({**fields, **more})


def _work(row: Row) -> Work:
    return _load(Work, row)
