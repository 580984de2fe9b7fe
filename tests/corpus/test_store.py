"""The store keeps everything it ever held, gives back what it was given, and has one writer."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from corpus.clock import now
from corpus.database import open_engine
from corpus.errors import StoreError
from corpus.model import Version
from corpus.store import Store
from tests.corpus.build import DUTY, WORK, history, version


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'law.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url, create=True) as opened:
        yield opened


def test_what_is_read_equals_what_was_written(store: Store) -> None:
    work = history(
        version("1297-01-01", "2000-01-01", upstream={"valid_from": "1296-01-01"}),
        version("2000-01-01", known_from="1999-05-05", published="1999-05-05"),
        since="1297-01-01",
    )
    assert store.write(work)
    assert store.work_history(WORK.id) == work


def test_writing_the_same_again_changes_nothing(store: Store) -> None:
    work = history(version("1990-01-01"))
    assert store.write(work)
    before = store.corpus_hash()
    assert not store.write(work)
    assert store.corpus_hash() == before


def test_a_correction_closes_a_row_and_adds_one(store: Store, url: str) -> None:
    store.write(history(version("1990-01-01", text="with a mistake")))
    as_answered = now()
    store.write(history(version("1990-01-01", text="without")))
    current = store.resolve(DUTY, date(2000, 1, 1))
    earlier = store.as_recorded(as_answered).resolve(DUTY, date(2000, 1, 1))
    assert isinstance(current, Version)
    assert isinstance(earlier, Version)
    assert (earlier.text, current.text) == ("with a mistake", "without")
    rows = sqlite3.connect(url.removeprefix("sqlite:///")).execute(
        "select text, recorded_to is null from versions order by row"
    )
    assert list(rows) == [("with a mistake", 0), ("without", 1)]


def test_a_withdrawn_work_row_stays_readable_as_recorded(store: Store) -> None:
    store.write(history(version("1990-01-01", "1995-01-01"), version("1995-01-01")))
    then = now()
    store.write(history(version("1990-01-01")))
    assert len(store.as_recorded(then).work_history(WORK.id).versions) == 2  # type: ignore[union-attr]
    assert len(store.work_history(WORK.id).versions) == 1  # type: ignore[union-attr]


def test_missing_store_is_one_clear_sentence(url: str) -> None:
    with pytest.raises(StoreError, match=r"no store at .*law\.db; make one with 'inforce ingest'"):
        Store.open(url)


def test_foreign_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    sqlite3.connect(path).execute("create table t (x)")
    with pytest.raises(StoreError, match="holds no InForce store"):
        Store.open(f"sqlite:///{path}")


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise.db"
    path.write_bytes(b"not a database at all, only bytes" * 50)
    with pytest.raises(StoreError, match="file is not a database"):
        Store.open(f"sqlite:///{path}", create=True)


def test_newer_schema_is_refused(store: Store, url: str) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(StoreError, match="has schema 9999"):
        Store.open(url)


def test_unusable_url_is_one_clear_sentence() -> None:
    with pytest.raises(StoreError, match="is not a database URL"):
        Store.open("law.db")


def test_second_writer_is_refused_and_a_dead_one_is_not_in_the_way(store: Store, url: str) -> None:
    hold = (
        "import sys; from corpus.store import Store\n"
        "with Store.open(sys.argv[1]).writing():\n print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", hold, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with (
        pytest.raises(StoreError, match=rf"another writer \(process {other.pid}\)"),
        store.writing(),
    ):
        pass
    other.kill()
    other.communicate()
    with store.writing():
        pass


def test_schema_of_migrations_equals_the_tables(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from corpus.tables import metadata

    with store._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_machine_that_stood_still_fails_no_read_that_waited_for_a_connection(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(history(version("1990-01-01")))
    hours = count(step=3600)
    monkeypatch.setattr("sqlalchemy.util.queue._time", lambda: next(hours))
    held, read = ExitStack(), threading.Event()
    with held, ThreadPoolExecutor(1) as others:
        for _ in range(15):  # all that the pool lends
            held.enter_context(store._engine.connect())
        reading = others.submit(store.works)
        reading.add_done_callback(lambda _: read.set())
        assert not read.wait(0.3)
        held.close()
        assert [work.id for work in reading.result(10)] == [WORK.id]


def test_a_thread_waits_for_postgres_however_slow_the_machine_is() -> None:
    pytest.importorskip("psycopg", reason="needs the extra postgres")
    engine = open_engine("postgresql+psycopg://law@127.0.0.1/law", create=False)
    assert isinstance(engine.pool, sa.pool.QueuePool)
    assert engine.pool.timeout() is None
