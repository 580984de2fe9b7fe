"""Processes that keep their first traces and threads at the same time lose none."""

from __future__ import annotations

import pytest

from agent.graph.checkpoints import open_checkpoints
from agent.trace_store import TraceStore
from tests.processes import started

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


def together(code: str, url: str) -> list[str]:
    """Run a program in several processes that begin at once; return what went wrong."""
    crew = [started(code, url, str(EACH), str(n)) for n in range(PROCESSES)]
    for process in crew:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    said = [process.communicate()[1] for process in crew]
    return [fault for fault in said if fault]


def test_first_traces_kept_at_once_are_all_there(database_url: str) -> None:
    assert together(SAVE, database_url) == []
    with TraceStore.open(database_url) as store:
        assert len(store.lines()) == PROCESSES * EACH


def test_first_threads_opened_at_once_all_open(database_url: str) -> None:
    if database_url.startswith("postgresql"):
        pytest.importorskip("langgraph.checkpoint.postgres")
    assert together(OPEN, database_url) == []
    with open_checkpoints(database_url) as kept:
        assert list(kept.list(None)) == []
