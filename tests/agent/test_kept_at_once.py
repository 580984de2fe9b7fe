"""Processes that keep their first traces and threads at the same time lose none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.graph.checkpoints import open_checkpoints
from agent.trace_store import TraceStore
from tests.corpus.test_writers import own_database
from tests.postgres import postgres, why_no_postgres

ROOT = Path(__file__).parents[2]
PROCESSES, EACH = 8, 5
SAVE = """
import sys
from tests.ui.test_render import trace
from agent.trace_store import TraceStore
sys.stdin.read()
for n in range(int(sys.argv[2])):
    with TraceStore.open(sys.argv[1]) as store:
        store.save(trace().model_copy(update={"id": f"{sys.argv[3]}-{n}"}))
"""
OPEN = """
import sys
from agent.graph.checkpoints import open_checkpoints
sys.stdin.read()
with open_checkpoints(sys.argv[1]) as kept:
    assert list(kept.list(None)) == []
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if reason := why_no_postgres():
        pytest.skip(reason)
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'kept.db'}"
    return own_database(request.getfixturevalue("server"))


def together(code: str, url: str) -> list[str]:
    """Run a program in several processes that begin at once; return what went wrong."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])}
    crew = [
        subprocess.Popen(
            [sys.executable, "-c", code, url, str(EACH), str(n)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(PROCESSES)
    ]
    for process in crew:
        assert process.stdin is not None
        process.stdin.close()
    faults = []
    for process in crew:
        assert process.stderr is not None
        faults.append(process.stderr.read())
        process.wait()
    return [fault for fault in faults if fault]


def test_first_traces_kept_at_once_are_all_there(url: str) -> None:
    assert together(SAVE, url) == []
    with TraceStore.open(url) as store:
        assert len(store.lines()) == PROCESSES * EACH


def test_first_threads_opened_at_once_all_open(url: str) -> None:
    if url.startswith("postgresql"):
        pytest.importorskip("langgraph.checkpoint.postgres")
    assert together(OPEN, url) == []
    with open_checkpoints(url) as kept:
        assert list(kept.list(None)) == []
