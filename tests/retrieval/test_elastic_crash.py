"""Nodes that die: nothing is lost, nothing is doubled, and what fails meanwhile says so."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from elasticsearch import BadRequestError, Elasticsearch

from corpus.errors import InForceError, SearchFailedError
from retrieval.index import StatuteIndex, open_builder, open_index
from retrieval.query import IndexedText, StatuteQuery
from tests.retrieval.conftest import ROWS, ask, names, row, state
from tests.retrieval.node import START, Node, node_folder, running, why_no_node

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(why_no_node() is not None, reason=why_no_node() or ""),
]

MANY = 12_000


def many_rows(each: Callable[[int], None] = lambda _: None) -> Iterator[IndexedText]:
    """Rows with a word of their own; ``each`` is told of every thousandth."""
    for n in range(MANY):
        if n % 1000 == 0:
            each(n)
        yield row(f"uk/many-1#p{n}", "2000-01-01", None, f"The duty number{n} binds everyone.")


def everything_is_there_once(index: StatuteIndex, url: str) -> None:
    with Elasticsearch(url.removeprefix("elastic+").rsplit("/", 1)[0].split(",")[0]) as client:
        alias = url.rsplit("/", 1)[1]
        assert client.count(index=alias)["count"] == MANY
        tallies = client.search(
            index=alias, size=0, aggs={"ids": {"cardinality": {"field": "provision"}}}
        )
        assert abs(tallies["aggregations"]["ids"]["value"] - MANY) < MANY * 0.05
    day = date(2020, 1, 1)
    asked = [
        StatuteQuery(text=f'"number{n}"', as_at=day, limit=5) for n in range(0, MANY, MANY // 200)
    ]
    assert all(len(hits) == 1 for hits in index.search_many(asked))


def longest_gap(moments: list[float]) -> float:
    return max((b - a for a, b in pairwise(moments)), default=0.0)


class Searching:
    """Searches in a thread until stopped; keeps when each search succeeded or what it said."""

    def __init__(self, index: StatuteIndex) -> None:
        self.moments: list[float] = []
        self.faults: list[BaseException] = []
        self._index = index
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                assert names(ask(self._index, '"number7"')) == ["p7"]
                self.moments.append(time.monotonic())
            except BaseException as fault:  # noqa: BLE001 - judged by the test
                self.faults.append(fault)
                time.sleep(0.05)

    def __enter__(self) -> Searching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def longest_interruption(self) -> float:
        return longest_gap(self.moments)

    def wait_for(self, more: int, seconds: float = 600) -> None:
        """Wait until so many more searches have succeeded."""
        wanted, until = len(self.moments) + more, time.monotonic() + seconds
        while len(self.moments) < wanted:
            assert time.monotonic() < until, f"no recovery: {self.faults[-1:]}"
            time.sleep(0.05)


def test_a_single_node_killed_while_bulk_loading_and_while_searching(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INFORCE_ES_PATIENCE", "900")
    with running() as node:
        url = f"elastic+{node.url}/statutes"

        def die(n: int) -> None:
            if n == 5000:
                node.kill()
                node.start()

        assert open_builder(url).build(many_rows(die), state("one"), lambda _: None) == MANY
        index = open_index(url)
        everything_is_there_once(index, url)
        with Searching(index) as searching:
            searching.wait_for(20)
            node.kill()
            while not searching.faults:
                time.sleep(0.05)
            node.start()
            node.wait()
            searching.wait_for(20)
        assert all(isinstance(fault, SearchFailedError) for fault in searching.faults)
        assert len({str(fault).count("\n") for fault in searching.faults}) == 1
        everything_is_there_once(index, url)
        report(f"single node: no answer for {searching.longest_interruption():.1f} s")


def test_a_build_gives_up_on_a_cluster_that_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFORCE_ES_PATIENCE", "3")
    with running() as node:
        url = f"elastic+{node.url}/statutes"
        open_builder(url).build(ROWS, state("old"), lambda _: None)

        def die(n: int) -> None:
            if n == 5000:
                node.kill()

        with pytest.raises(SearchFailedError, match="cannot be reached"):
            open_builder(url).build(many_rows(die), state("new"), lambda _: None)
        node.start()
        node.wait()
        index = open_index(url)
        assert index.corpus_hash == "old"
        assert names(ask(index, "wages")) == ["pay"]


ROLES = """
reader:
  indices: [{names: ["statutes*"], privileges: [read, view_index_metadata]}]
builder:
  cluster: [monitor]
  indices:
    - names: ["statutes*"]
      privileges: [read, view_index_metadata, create_index, delete_index, write, monitor, manage]
"""


def add_users(config: Path, password: str) -> None:
    """Let ``reader`` and ``builder`` in, each with the role of that name, by the file realm."""
    salt = b"s" * 32
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 10_000, 32)
    parts = ["{PBKDF2}10000", *(b64encode(part).decode() for part in (salt, digest))]
    shutil.copytree(START.parent / "home/config", config, copy_function=shutil.copyfile)
    config.chmod(0o755)
    (config / "roles.yml").write_text(ROLES)
    (config / "users").write_text(
        "".join(f"{n}:{'$'.join(parts)}\n" for n in ("reader", "builder"))
    )
    (config / "users_roles").write_text("reader:reader\nbuilder:builder\n")


def test_credentials_of_a_secured_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    with node_folder() as folder:
        add_users(folder / "config", "battery-staple")
        with running("--password", "correct-horse", folder=folder) as node:
            check_credentials(node, monkeypatch)


def check_credentials(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    anybody = f"elastic+{node.url}/statutes"
    reader, builder, wrong = (
        anybody.replace("//", f"//{login}@", 1)
        for login in ("reader:battery-staple", "builder:battery-staple", "reader:wrong")
    )
    open_builder(builder).build(ROWS, state("one"), lambda _: None)
    assert names(ask(open_index(reader), "wages")) == ["pay"]
    refused(reader, "does not let this key do that", writing=True)
    refused(anybody, "wants a key: set INFORCE_ES_API_KEY", reading=True, writing=True)
    refused(wrong, "does not accept the key or password", reading=True, writing=True)
    monkeypatch.setenv("INFORCE_ES_API_KEY", "bm90OmFrZXk=")
    refused(anybody, "does not accept the key or password", reading=True, writing=True)
    if key := reading_key(node):
        monkeypatch.setenv("INFORCE_ES_API_KEY", key)
        assert names(ask(open_index(anybody), "wages")) == ["pay"]
        refused(anybody, "does not let this key do that .* building also create", writing=True)


def reading_key(node: Node) -> str | None:
    """A key that may search ``statutes`` and nothing else; ``None``: this node makes no keys.

    The server's core alone makes none: the index that keeps them wants a filter it lacks. There the
    file realm's ``reader`` stands for a key with the same privileges.
    """
    held = {"names": ["statutes*"], "privileges": ["read", "view_index_metadata"]}
    with Elasticsearch(node.url, basic_auth=("elastic", "correct-horse")) as client:
        try:
            made = client.security.create_api_key(
                name="reader", role_descriptors={"reader": {"indices": [held]}}
            )
        except BadRequestError:
            return None
    return str(made["encoded"])


def refused(url: str, sentence: str, *, reading: bool = False, writing: bool = False) -> None:
    """Expect one sentence, without the password."""
    attempts: list[Callable[[], object]] = [lambda: open_index(url)] if reading else []
    if writing:
        attempts.append(lambda: open_builder(url).build(ROWS, state("two"), lambda _: None))
    for attempt in attempts:
        with pytest.raises(InForceError, match=sentence) as caught:
            attempt()
        assert "\n" not in str(caught.value)
        assert "battery-staple" not in str(caught.value)


@contextmanager
def trio() -> Iterator[list[Node]]:
    with ExitStack() as stack:
        nodes = [Node(stack.enter_context(node_folder())) for _ in range(3)]
        seeds = ",".join(f"127.0.0.1:{node.transport}" for node in nodes)
        masters = ",".join(f"n{node.port}" for node in nodes)
        for node in nodes:
            node._options = (
                "--cluster",
                f"trio-{os.getpid()}",
                "--seeds",
                seeds,
                "--masters",
                masters,
            )
            node.start()
            stack.callback(node.stop)
        for node in nodes:
            node.wait(nodes=3)
        yield nodes


def holder(nodes: list[Node]) -> Node:
    """The node that holds the primary copy of what is being built or searched."""
    with Elasticsearch([node.url for node in nodes]) as client:
        shards = client.cat.shards(index="statutes-*", h=["prirep", "node"], format="json")
    (name,) = (shard["node"] for shard in shards.body if shard["prirep"] == "p")
    return next(node for node in nodes if f"n{node.port}" == name)


def wait_for_health(node: Node, status: str, nodes: int) -> None:
    with Elasticsearch(node.url) as client:
        client.options(request_timeout=610).cluster.health(
            wait_for_status=status, wait_for_nodes=str(nodes), timeout="600s"
        )


def test_one_of_three_nodes_killed_under_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFORCE_ES_TIMEOUT", "5")
    monkeypatch.setenv("INFORCE_ES_PATIENCE", "900")
    with trio() as nodes:
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        url = f"elastic+http://{hosts}/statutes"
        killed: list[Node] = []

        def die(n: int) -> None:
            if n == 5000:
                killed.append(holder(nodes))
                killed[0].kill()

        taken: list[float] = []
        built = open_builder(url).build(
            many_rows(die), state("one"), lambda _: taken.append(time.monotonic())
        )
        assert built == MANY
        killed[0].start()
        killed[0].wait(nodes=3)
        wait_for_health(killed[0], "green", nodes=3)
        index = open_index(url)
        everything_is_there_once(index, f"elastic+{killed[0].url}/statutes")
        with Searching(index) as searching:
            searching.wait_for(50)
            killed.append(holder(nodes))
            killed[1].kill()
            searching.wait_for(200)
            alive = next(node for node in nodes if node is not killed[1])
            wait_for_health(alive, "yellow", nodes=2)
            searching.wait_for(50)
        assert all(isinstance(fault, SearchFailedError) for fault in searching.faults)
        everything_is_there_once(index, f"elastic+{alive.url}/statutes")
        report(
            f"three nodes: bulk loading paused {longest_gap(taken):.1f} s at most, searching "
            f"{searching.longest_interruption():.1f} s; {len(searching.faults)} searches failed, "
            f"{len(searching.moments)} were answered"
        )


def report(line: str) -> None:
    """Show a figure with ``pytest -s``."""
    sys.stdout.write(f"\n{line}\n")
