"""Schema version of a store, and its migration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from corpus.database import cause, open_engine, take_turns, writing
from corpus.errors import StoreError
from corpus.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

SCHEMA_REVISION = "0003"


def open_database(url: str, *, create: bool, upgrade: bool = False) -> sa.Engine:
    """Return an engine for a database with the current schema.

    ``create`` creates or upgrades it, ``upgrade`` only upgrades it. Concurrent processes do this
    one after another, and an interrupted upgrade leaves the database as it was.

    Raises:
        StoreError: the URL is unusable, there is no store, or it has another schema.
    """
    engine = open_engine(url, create=create)
    try:
        found = _revision(engine)
        if found != SCHEMA_REVISION:
            if not (create or (upgrade and found)):
                raise StoreError(_schema_problem(engine.url, found))
            _upgrade(engine)
    except sa.exc.SQLAlchemyError as error:
        engine.dispose()
        raise StoreError(f"cannot read the store at {engine.url}: {cause(error)}") from None
    except StoreError:
        engine.dispose()
        raise
    return engine


def _schema_problem(url: sa.URL, found: str | None) -> str:
    if found is None:
        return f"the database at {url} holds no InForce store; make one with 'inforce ingest'"
    if found < SCHEMA_REVISION:
        return (
            f"the store at {url} has schema {found}, this InForce needs {SCHEMA_REVISION}: "
            "'inforce index build' brings it up to date"
        )
    return (
        f"the store at {url} has schema {found}, which is newer than this InForce "
        f"({SCHEMA_REVISION}): install the newer InForce"
    )


def _revision(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        return _revision_in(connection)


def _revision_in(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(sa.text("select version_num from alembic_version"))
    return found


def _upgrade(engine: sa.Engine) -> None:
    """Upgrade the schema in one transaction.

    Raises:
        StoreError: the schema is newer than this InForce.
    """
    from alembic import command

    with writing(engine) as connection:
        take_turns(connection)
        found = _revision_in(connection)
        if found == SCHEMA_REVISION:
            return  # another process was first
        if found is not None and found > SCHEMA_REVISION:
            raise StoreError(_schema_problem(engine.url, found))
        if found is None:
            _drop_unfinished(connection)
        command.upgrade(_alembic(connection), "head")


def _alembic(connection: sa.Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _drop_unfinished(connection: sa.Connection) -> None:
    """Drop empty tables without a schema version, left by an interrupted earlier InForce.

    Raises:
        StoreError: one of the tables is not empty.
    """
    present = set(sa.inspect(connection).get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in present:
            continue
        if connection.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)):
            raise StoreError(
                f"the database at {connection.engine.url} has a table '{table.name}' "
                "that is not InForce's: name another database"
            )
        table.drop(connection)
