"""A real PostgreSQL server for tests: this machine's own binaries, a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa

from tests.retrieval.node import free_port


def _binaries() -> Path | None:
    """Debian's newest, else those on the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))
    found = shutil.which("pg_ctl")
    return debian[-1] if debian else Path(found).parent if found else None


def why_no_postgres() -> str | None:
    """Say in one line why no server can be started here, or ``None``."""
    if find_spec("psycopg") is None:
        return "no psycopg: pip install 'inforce[postgres]'"
    if _binaries() is None:
        return "no PostgreSQL: there is no pg_ctl (Debian: postgresql)"
    return None


@contextmanager
def postgres() -> Iterator[str]:
    """The SQLAlchemy URL of an empty database on a server of one's own."""
    binaries = _binaries()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="inforce-postgres-"))
    user = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, 65534, 65534)
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    data, port = folder / "data", free_port()

    def call(name: str, *words: str) -> None:
        command = [*user, str(binaries / name), "-D", str(data), *words]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        call("initdb", "-U", "law", "-A", "trust", "-E", "UTF8", "--no-sync")
        call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield f"postgresql+psycopg://law@127.0.0.1:{port}/postgres"
    finally:
        if (data / "postmaster.pid").exists():
            call("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def own_database(server: str, **settings: str) -> str:
    """Make a database on a server, with settings of its own; return its URL."""
    name = f"law_{uuid4().hex[:12]}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
        for key, value in settings.items():
            connection.execute(sa.text(f"alter database {name} set {key} = '{value}'"))
    engine.dispose()
    return f"{server.rpartition('/')[0]}/{name}"
