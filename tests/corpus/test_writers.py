"""Writers at the same time, writers that die, and databases that refuse: nothing is doubled."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from corpus import tables
from corpus.database import open_engine
from corpus.errors import StoreError
from corpus.ingest import ingest
from corpus.schema import _alembic
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl, write_jsonl
from corpus.store import Store
from tests.corpus.build import WORK, history, version
from tests.corpus.test_ingest import other_work
from tests.postgres import own_database
from tests.processes import started

INGEST = (
    "import sys; from pathlib import Path; from corpus.ingest import ingest\n"
    "from corpus.store import Store; from corpus.sources.jsonl import Jsonl\n"
    "from corpus.errors import StoreError\n"
    "try: ingest(Jsonl(Path(sys.argv[1])), Store.open(sys.argv[2], create=True))\n"
    "except StoreError as said: sys.exit(str(said))"
)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.jsonl"
    write_jsonl([other_work(n) for n in range(40)], path)
    return path


def doubled(url: str) -> int:
    """How many current rows of the store stand there twice."""
    engine = open_engine(url, create=False)
    found = 0
    with engine.connect() as connection:
        held = sa.inspect(connection).get_table_names()
        for table in tables.metadata.sorted_tables:
            if table.name not in held:
                continue  # of a later schema
            owner = table.c.id if table is tables.works else table.c.work_id
            same = [owner] if table is tables.works else [owner, table.c.digest]
            query = sa.select(*same).where(table.c.recorded_to.is_(None)).group_by(*same)
            found += len(connection.execute(query.having(sa.func.count() > 1)).all())
    engine.dispose()
    return found


def current(url: str) -> list[str]:
    with Store.open(url) as store:
        return [work.id for work in store.works()]


def test_first_ingests_at_once_make_one_store(database_url: str, many: Path) -> None:
    crew = [started(INGEST, str(many), database_url) for _ in range(4)]
    ended = [(process.communicate()[1], process.returncode) for process in crew]
    assert any(status == 0 for _, status in ended), ended
    for said, status in ended:
        assert status == 0 or "another writer" in said, said
        assert "Traceback" not in said
    assert len(current(database_url)) == 40
    assert doubled(database_url) == 0


def test_a_first_ingest_killed_while_tables_are_made_is_no_obstacle(database_url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("alembic.op.create_index", _raise)
        with pytest.raises(KeyboardInterrupt):
            Store.open(database_url, create=True)
    with pytest.raises(StoreError, match="holds no InForce store"):
        Store.open(database_url)
    Store.open(database_url, create=True).close()


def _raise(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_tables_that_an_earlier_version_left_when_killed_are_replaced(database_url: str) -> None:
    engine = open_engine(database_url, create=True)
    with engine.begin() as connection:
        tables.works.create(connection)
        connection.execute(sa.text("create table alembic_version (version_num varchar(32))"))
    engine.dispose()
    with Store.open(database_url, create=True) as store:
        assert store.write(history(version("1990-01-01")))


def test_tables_of_somebody_else_are_left_alone(database_url: str) -> None:
    engine = open_engine(database_url, create=True)
    with engine.begin() as connection:
        connection.execute(sa.text("create table works (opus integer)"))
        connection.execute(sa.text("insert into works values (1)"))
    engine.dispose()
    with pytest.raises(StoreError, match="name another database"):
        Store.open(database_url, create=True)


@pytest.mark.parametrize(
    "lost",
    [(), ("coverage", "versions"), ("act_reports",), ("works", "provisions"), ("alembic_version",)],
)
def test_a_store_whose_schema_version_is_lost_is_called_damaged_not_foreign(
    database_url: str, lost: tuple[str, ...]
) -> None:
    with Store.open(database_url, create=True) as store:
        store.write(history(version("1990-01-01")))
    engine = open_engine(database_url, create=False)
    with engine.begin() as connection:
        connection.execute(sa.text("delete from alembic_version"))
        for table in lost:
            connection.execute(sa.text(f"drop table {table}"))
    engine.dispose()
    for create in (False, True):
        with pytest.raises(StoreError, match="is damaged: it has rows in") as said:
            Store.open(database_url, create=create)
        assert all(table in str(said.value) for table in lost if table != "alembic_version")
        assert "not InForce's" not in str(said.value)


@pytest.mark.parametrize("number", ["0005", "0010", "9999", "a_branch", "zzzz"])
def test_a_newer_schema_is_one_sentence_for_a_writer_too(database_url: str, number: str) -> None:
    Store.open(database_url, create=True).close()
    engine = open_engine(database_url, create=False)
    with engine.begin() as connection:
        connection.execute(sa.text(f"update alembic_version set version_num = '{number}'"))
    engine.dispose()
    for create in (False, True):
        with pytest.raises(StoreError, match=f"schema {number}, which is newer than this InForce"):
            Store.open(database_url, create=create)


def test_a_store_with_doubled_rows_is_mended_by_the_migration(database_url: str) -> None:
    from alembic import command

    engine = open_engine(database_url, create=True)
    with engine.execution_options(writes=True).begin() as connection:
        command.upgrade(_alembic(connection), "0001")
    engine.dispose()
    work = history(version("1990-01-01"))
    engine = open_engine(database_url, create=True)
    stamp = datetime(2024, 1, 1, tzinfo=UTC)
    from corpus.store_rows import digest_of, rows_of

    with engine.begin() as connection:
        for _ in range(2):
            for table, rows in rows_of(work, "x"):
                # the column ``placements`` came with a later migration
                held = [{k: v for k, v in r.items() if k != "placements"} for r in rows]
                added = [
                    {**r, "digest": digest_of(repr(sorted(r.items()))), "recorded_from": stamp}
                    for r in held
                ]
                connection.execute(sa.insert(table), added)
    engine.dispose()
    assert doubled(database_url) > 0
    with pytest.raises(StoreError, match="schema 0001"):
        Store.open(database_url)
    with Store.open(database_url, upgrade=True) as store:
        assert doubled(database_url) == 0
        assert store.work_history(WORK.id) == work
        assert store.write(work)
        assert store.work_history(WORK.id) == work


def test_a_lock_lost_to_a_timeout_lets_nobody_write_a_work_twice(
    postgres_server: str, many: Path
) -> None:
    url = own_database(postgres_server, idle_in_transaction_session_timeout="2000")
    with Store.open(url, create=True) as first, Store.open(url) as second, first.writing():
        time.sleep(3)
        with pytest.raises(StoreError, match="another writer"), second.writing():
            pass
        assert first.write(other_work(1))
        with pytest.raises(StoreError, match="another writer"):
            second.write(other_work(1))
    assert doubled(url) == 0
    with Store.open(url) as store:
        assert ingest(Jsonl(many), store).written == 39


def test_a_writer_whose_connection_ended_cannot_go_on(postgres_server: str) -> None:
    url = own_database(postgres_server)
    end = sa.text(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    with Store.open(url, create=True) as first, Store.open(url) as second, first.writing():
        with sa.create_engine(url).connect() as admin:
            admin.execute(end)
        with second.writing():
            assert second.write(other_work(1))
            with pytest.raises(StoreError, match="cannot write the store"):
                first.write(other_work(1))
        with pytest.raises(StoreError, match="was lost"):
            first.write(other_work(2))
    assert doubled(url) == 0
    assert current(url) == ["uk/gadgets-1"]


def test_the_database_itself_refuses_a_second_current_work(database_url: str) -> None:
    with Store.open(database_url, create=True) as store:
        store.write(other_work(1))
        row = sa.select(tables.works)
        with store._engine.begin() as connection:
            found = dict(connection.execute(row).mappings().one())
            with pytest.raises(sa.exc.IntegrityError):
                connection.execute(sa.insert(tables.works), [{**found, "row": 99}])


def test_stamps_grow_even_when_the_clock_is_set_back(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(database_url, create=True) as store:
        store.write(history(version("1990-01-01", text="one")))
        states = [store.state()]
        monkeypatch.setattr("corpus.record_clock.now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
        store.write(history(version("1990-01-01", text="two")))
        states.append(store.state())
        assert states[1].recorded_at > states[0].recorded_at
        for state, text in zip(states, ("one", "two"), strict=True):
            then = store.as_recorded(state.recorded_at)
            assert then.state() == state
            assert then.work_history(WORK.id).versions[0].text == text  # type: ignore[union-attr]
            assert store.state_with(state.corpus_hash) == state
        assert store.state_with("0" * 64) is None
        assert store.changed_since(states[0].recorded_at) == {WORK.id}
        assert store.changed_since(states[1].recorded_at) == frozenset()


# -- files ---------------------------------------------------------------------------------------


def test_a_fresh_home_is_for_its_owner_only(tmp_path: Path, many: Path) -> None:
    from retrieval.index_build import load

    home = tmp_path / "deep" / "home"
    before = os.umask(0o022)
    try:
        load(Jsonl(many), Settings.under(home))
    finally:
        os.umask(before)
    for place in (home.parent, home, *home.rglob("*")):
        mode = stat.S_IMODE(place.stat().st_mode)
        assert mode == (0o700 if place.is_dir() else 0o600), f"{place} {mode:o}"


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be a user whom file modes bind: root may do everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody can enter."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="inforce-public-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def shut(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)


@pytest.fixture
def read_only(public: Path) -> str:
    url = f"sqlite:///{public / 'law?.db'}"
    with Store.open(url, create=True) as store:
        store.write(other_work(1))
    shut(public)
    return url


def test_a_store_that_cannot_be_written_can_be_read(read_only: str) -> None:
    with unprivileged(), Store.open(read_only) as store:
        assert [work.id for work in store.works()] == ["uk/gadgets-1"]


def test_traces_that_cannot_be_written_can_be_read(public: Path) -> None:
    from agent.trace_store import TraceStore

    url = f"sqlite:///{public / 'traces.db'}"
    TraceStore.open(url).close()
    shut(public)
    with unprivileged(), TraceStore.open(url) as kept:
        assert kept.lines() == []


def test_writing_a_store_that_cannot_be_written_is_one_sentence(
    read_only: str, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Jsonl(many)
    monkeypatch.setattr(source, "count", lambda: None)
    with unprivileged(), Store.open(read_only, create=True) as store:
        with pytest.raises(StoreError, match="cannot be written") as said:
            ingest(source, store)
        assert "\n" not in str(said.value)
        with pytest.raises(StoreError, match="readonly") as said:
            store.write(other_work(2))
        assert "\n" not in str(said.value)


@pytest.mark.parametrize("create", [False, True])
def test_a_home_that_cannot_be_read_is_one_sentence(public: Path, create: bool) -> None:
    (public / "home").mkdir(mode=0o700)
    with unprivileged(), pytest.raises(StoreError, match="Permission denied"):
        Store.open(f"sqlite:///{public / 'home' / 'law.db'}", create=create)


def test_a_home_that_cannot_be_made_is_one_sentence(public: Path) -> None:
    with unprivileged(), pytest.raises(StoreError, match="Permission denied"):
        Store.open(f"sqlite:///{public / 'new' / 'law.db'}", create=True)


def test_a_full_disk_is_one_sentence(tmp_path: Path, many: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'law.db'}", create=True) as store:
        store.write(other_work(1))

        def full(connection: sqlite3.Connection, *_: object) -> None:
            pages = connection.execute("pragma page_count").fetchone()[0]
            connection.execute(f"pragma max_page_count={pages}")

        store._engine.dispose()
        sa.event.listen(store._engine, "connect", full)
        with pytest.raises(StoreError, match=r"cannot write the store .*full") as said:
            ingest(Jsonl(many), store)
        assert "\n" not in str(said.value)
        held = [store.work_history(work.id) for work in store.works()]
        assert 1 <= len(held) < 40
        assert all(work in [other_work(n) for n in range(40)] for work in held)
