"""Many annotators at once, killed at random: no decision is lost or doubled, no item given twice.

``INFORCE_ANNOTATORS`` and ``INFORCE_LABEL_ITEMS`` set the size; the figures in
``docs/findings/annotation.md`` are of 64 annotators and 2,000 items.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess as Process
from pathlib import Path

import pytest
import sqlalchemy as sa

from rl.annotation.queue import labels
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.queue.tables import current, items, leases
from rl.annotation.queue.transactions import reading, stamp
from tests.corpus.test_writers import own_database
from tests.postgres import postgres, why_no_postgres
from tests.rl.annotation import annotator
from tests.rl.annotation.projects import filled

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.rl.annotation.annotator"])
ANNOTATORS = int(os.environ.get("INFORCE_ANNOTATORS", "6"))
ITEMS = int(os.environ.get("INFORCE_LABEL_ITEMS", "120"))
PAUSE = 0.15
"""Seconds between kills."""


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'labels.db'}"
        return
    if reason := why_no_postgres():
        pytest.skip(reason)
    with postgres() as server:
        yield own_database(server)


def test_killed_annotators_lose_and_double_nothing(url: str, tmp_path: Path) -> None:
    people = tuple(f"person-{n:02d}" for n in range(ANNOTATORS))
    queue = filled(url, ITEMS, people, overlap_share=0.3, lease_seconds=3.0)
    kills = run_with_kills(queue, url, people, tmp_path)
    saved = [line for journal in tmp_path.glob("person-*") for line in journal.read_text().split()]
    with reading(queue.engine) as connection:
        logged = Counter(connection.scalars(sa.text("select submission from label_decisions")))
    assert not [one for one in saved if logged[one] != 1]
    wanted = {item.id: queue.project("fees").wanted(item.id) for item in queue.items("fees")}
    assert decided(queue) == wanted
    assert kills > 0
    sys.stderr.write(f"\n{len(logged)} log rows, {kills} kills, {queue.engine.dialect.name}\n")


def run_with_kills(queue: LabelQueue, url: str, people: tuple[str, ...], folder: Path) -> int:
    crew = {person: start(url, person, folder) for person in people}
    try:
        return kill_until_done(queue, crew, folder, lambda person: start(url, person, folder))
    finally:
        for process in crew.values():
            process.kill()
            process.join()


def kill_until_done(
    queue: LabelQueue,
    crew: dict[str, Process],
    folder: Path,
    restart: Callable[[str], Process],
) -> int:
    began = dict.fromkeys(crew, 0)
    chance, kills, until = random.Random(0), 0, time.monotonic() + 60 + ITEMS
    while decided(queue) != goal(queue):
        assert time.monotonic() < until, labels.progress(queue, "fees")
        time.sleep(PAUSE)
        assert_room_is_kept(queue)
        working = [person for person in crew if size(folder / person) > began[person]]
        if not working:
            continue
        victim = chance.choice(working)
        crew[victim].kill()
        crew[victim].join()
        assert crew[victim].exitcode == -signal.SIGKILL
        began[victim] = size(folder / victim)
        crew[victim] = restart(victim)
        kills += 1
        end_a_connection(queue)
    return kills


def goal(queue: LabelQueue) -> dict[str, int]:
    query = sa.select(items.c.item, items.c.wanted)
    with reading(queue.engine) as connection:
        return {row.item: row.wanted for row in connection.execute(query)}


def start(url: str, person: str, folder: Path) -> Process:
    process = CONTEXT.Process(target=annotator.main, args=(url, person, str(folder / person)))
    process.start()
    return process


def size(journal: Path) -> int:
    """Bytes that an annotator has noted: it grows once a process works, not while it starts."""
    return journal.stat().st_size if journal.exists() else 0


def decided(queue: LabelQueue) -> dict[str, int]:
    query = sa.select(current.c.item, sa.func.count().label("n")).where(current.c.counts)
    with reading(queue.engine) as connection:
        return {row.item: row.n for row in connection.execute(query.group_by(current.c.item))}


def assert_room_is_kept(queue: LabelQueue) -> None:
    """At no moment have more people an item, decided or open, than it wants."""
    now = stamp()
    counted = sa.exists().where(
        current.c.item == leases.c.item, current.c.person == leases.c.person, current.c.counts
    )
    taken = sa.union_all(
        sa.select(current.c.item).where(current.c.counts),
        sa.select(leases.c.item).where(leases.c.expires > now, ~counted),
    ).subquery()
    query = (
        sa.select(items.c.item)
        .join(taken, taken.c.item == items.c.item)
        .group_by(items.c.item, items.c.wanted)
        .having(sa.func.count() > items.c.wanted)
    )
    with reading(queue.engine) as connection:
        assert connection.execute(query).all() == []


def end_a_connection(queue: LabelQueue) -> None:
    """In Postgres, end the connection of one annotator; SQLite has none."""
    if queue.engine.dialect.name != "postgresql":
        return
    with queue.engine.connect() as connection:
        connection.execute(
            sa.text(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <>"
                " pg_backend_pid() and datname = current_database() order by random() limit 1"
            )
        )
