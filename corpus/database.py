"""Opening the database of a store, and bringing its schema up to date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from corpus.errors import StoreError, without_password

SCHEMA_REVISION = "0001"


def open_database(url: str, *, create: bool) -> sa.Engine:
    """Return an engine on a database of this InForce's schema; ``create`` makes or upgrades it.

    Raises:
        StoreError: the URL is unusable, there is no store there, or it has another schema.
    """
    engine = open_engine(url, create=create)
    found = _revision(engine)
    if found == SCHEMA_REVISION:
        return engine
    if not create:
        engine.dispose()
        raise StoreError(_schema_problem(url, found))
    _upgrade(engine)
    return engine


def open_engine(url: str, *, create: bool) -> sa.Engine:
    """Return an engine on a database, whatever it holds; ``create`` makes its folder.

    Raises:
        StoreError: the URL is unusable, or there is nothing there.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError:
        shown = without_password(url)
        raise StoreError(f"'{shown}' is not a database URL (example: sqlite:///law.db)") from None
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        path = Path(str(parsed.database))
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        elif not path.exists():
            raise StoreError(f"there is no store at {path}; make one with 'inforce ingest'")
    try:
        engine = sa.create_engine(parsed)
    except sa.exc.ArgumentError:
        raise StoreError(f"{parsed}: a store is kept in SQLite or Postgres") from None
    except ModuleNotFoundError as error:
        raise StoreError(
            f"the store at {parsed} needs the module {error.name}; "
            "for Postgres install 'inforce[postgres]'"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _tune_sqlite)
    return engine


def _tune_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode=wal")
    cursor.execute("pragma synchronous=normal")
    cursor.close()


def _schema_problem(url: str, found: str | None) -> str:
    url = without_password(url)
    if found is None:
        return f"the database at {url} holds no InForce store; make one with 'inforce ingest'"
    return f"the store at {url} has schema {found}, this InForce needs {SCHEMA_REVISION}"


def _revision(engine: sa.Engine) -> str | None:
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            found: str | None = connection.scalar(
                sa.text("select version_num from alembic_version")
            )
            return found
    except sa.exc.DBAPIError as error:
        raise StoreError(f"cannot read the store at {engine.url}: {error.orig}") from None


def _upgrade(engine: sa.Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
