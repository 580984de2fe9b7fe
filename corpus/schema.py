"""Schema version of a database, and its migration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from corpus.database import cause, open_engine, take_turns, writing
from corpus.errors import StoreError
from corpus.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config


@dataclass(frozen=True)
class Schema:
    """Tables of a database and the Alembic migrations that make them.

    Attributes:
        metadata: the tables, as they are after the last migration.
        migrations: folder of the Alembic environment.
        revision: the last migration.
        version_table: where the database notes its revision; each schema has its own.
        what: what the database holds, for messages.
        made_by: the command that makes one, for messages.
        upgraded_by: the command that upgrades one, for messages.
    """

    metadata: sa.MetaData
    migrations: Path
    revision: str
    version_table: str
    what: str
    made_by: str
    upgraded_by: str


STORE = Schema(
    metadata=metadata,
    migrations=Path(__file__).parent / "migrations",
    revision="0004",
    version_table="alembic_version",
    what="store",
    made_by="inforce ingest",
    upgraded_by="inforce index build",
)
"""The schema of a corpus store."""


def open_database(
    url: str, *, create: bool, upgrade: bool = False, schema: Schema = STORE
) -> sa.Engine:
    """Return an engine for a database with the current revision of ``schema``.

    ``create`` creates or upgrades it, ``upgrade`` only upgrades it. Concurrent processes do this
    one after another, and an interrupted upgrade leaves the database as it was.

    Raises:
        StoreError: the URL is unusable, there is no store, or it has another schema.
    """
    engine = open_engine(url, create=create)
    try:
        found = _revision(engine, schema)
        if found != schema.revision:
            if not (create or (upgrade and found)):
                _refuse_rows_without_revision(engine, schema)
                raise StoreError(_schema_problem(engine.url, found, schema))
            _upgrade(engine, schema)
    except sa.exc.SQLAlchemyError as error:
        engine.dispose()
        raise StoreError(f"cannot read the {schema.what} at {engine.url}: {cause(error)}") from None
    except StoreError:
        engine.dispose()
        raise
    return engine


def _schema_problem(url: sa.URL, found: str | None, schema: Schema) -> str:
    what, wanted = schema.what, schema.revision
    if found is None:
        return f"the database at {url} holds no InForce {what}; make one with '{schema.made_by}'"
    if found < wanted:
        return (
            f"the {what} at {url} has schema {found}, this InForce needs {wanted}: "
            f"'{schema.upgraded_by}' brings it up to date"
        )
    return (
        f"the {what} at {url} has schema {found}, which is newer than this InForce "
        f"({wanted}): install the newer InForce"
    )


def _revision(engine: sa.Engine, schema: Schema) -> str | None:
    with engine.connect() as connection:
        return _revision_in(connection, schema)


def _revision_in(connection: sa.Connection, schema: Schema) -> str | None:
    if not sa.inspect(connection).has_table(schema.version_table):
        return None
    version = sa.table(schema.version_table, sa.column("version_num"))
    found: str | None = connection.scalar(sa.select(version.c.version_num))
    return found


def _upgrade(engine: sa.Engine, schema: Schema) -> None:
    """Upgrade the schema in one transaction.

    Raises:
        StoreError: the schema is newer than this InForce.
    """
    from alembic import command

    with writing(engine) as connection:
        take_turns(connection)
        found = _revision_in(connection, schema)
        if found == schema.revision:
            return  # another process was first
        if found is not None and found > schema.revision:
            raise StoreError(_schema_problem(engine.url, found, schema))
        if found is None:
            _drop_unfinished(connection, schema)
        command.upgrade(_alembic(connection, schema), "head")


def _alembic(connection: sa.Connection, schema: Schema = STORE) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(schema.migrations))
    config.attributes["connection"] = connection
    return config


def _drop_unfinished(connection: sa.Connection, schema: Schema) -> None:
    """Drop empty tables without a schema version, left by an interrupted earlier InForce.

    Raises:
        StoreError: one of the tables is not empty.
    """
    present = _tables_present(connection, schema)
    for table in present:
        _refuse_rows_of(connection, table, present, schema)
    for table in present:
        table.drop(connection)


def _tables_present(connection: sa.Connection, schema: Schema) -> list[sa.Table]:
    present = set(sa.inspect(connection).get_table_names())
    return [table for table in schema.metadata.sorted_tables if table.name in present]


def _refuse_rows_without_revision(engine: sa.Engine, schema: Schema) -> None:
    """Check that a database without a schema version has no rows of this schema.

    Raises:
        StoreError: it has.
    """
    with engine.connect() as connection:
        if _revision_in(connection, schema) is None:
            present = _tables_present(connection, schema)
            for table in filter(lambda table: _is_own(connection, table), present):
                _refuse_rows_of(connection, table, present, schema)


def _refuse_rows_of(
    connection: sa.Connection, table: sa.Table, present: list[sa.Table], schema: Schema
) -> None:
    """Check that a table without a schema version is empty.

    Raises:
        StoreError: it has rows; the message says whether they are of this schema.
    """
    if not connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)):
        return
    url = connection.engine.url
    if not _is_own(connection, table):
        raise StoreError(
            f"the database at {url} has a table '{table.name}' that is not InForce's: "
            "name another database"
        )
    missing = [each.name for each in schema.metadata.sorted_tables if each not in present]
    lost = f" and without the tables {', '.join(missing)}" if missing else ""
    raise StoreError(
        f"the {schema.what} at {url} is damaged: it has rows in '{table.name}' without a schema "
        f"version{lost}; restore a copy of it, or move it away and run '{schema.made_by}'"
    )


def _is_own(connection: sa.Connection, table: sa.Table) -> bool:
    """Return whether a table of this name has no column but those of the schema."""
    found = sa.inspect(connection).get_columns(table.name)
    return {column["name"] for column in found} <= set(table.columns.keys())
