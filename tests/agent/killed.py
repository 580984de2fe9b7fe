"""A thread in a process of its own, to be killed: ``python -m tests.agent.killed FOLDER WHERE``.

``calls.txt`` in the folder has a line for each tool that answered. The process writes ``here`` and
waits for ever at the place named, unless ``go`` exists: ``policy`` (before the second move) or
``tool`` (in the second group of calls of a turn).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any

from agent.graph.checkpoints import Thread, open_checkpoints
from agent.graph.nodes import Context
from agent.graph.run import Done, resume, start
from agent.graph.threads import kept
from agent.library import Library
from agent.policy import Act, Draft, DraftCitation, PolicyState, Sentence, ToolRequest
from agent.request import AskRequest
from agent.tools import toolbox
from agent.trace import Trace
from corpus.settings import Settings
from retrieval.index import StatuteIndex
from retrieval.query import Hit, StatuteQuery

DAY = "2001-01-01"
LICENCE = "uk/widgets-1990#licence@1990-01-01"


class Folder:
    """Where the two processes meet."""

    def __init__(self, path: Path, where: str) -> None:
        self.path, self.where = path, where

    def note(self, tool: str) -> None:
        with (self.path / "calls.txt").open("a", encoding="utf-8") as calls:
            calls.write(f"{tool}\n")

    def pause(self, where: str) -> None:
        if where == self.where and not (self.path / "go").exists():
            (self.path / "here").touch()
            while True:
                time.sleep(60)


class CountedIndex:
    def __init__(self, inner: StatuteIndex, folder: Folder) -> None:
        self._inner, self._folder = inner, folder

    @property
    def corpus_hash(self) -> str:
        return self._inner.corpus_hash

    @property
    def words_only(self) -> str | None:
        return self._inner.words_only

    def search(self, query: StatuteQuery) -> list[Hit]:
        return self.search_many([query])[0]

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        found = self._inner.search_many(queries)
        for query in queries:
            self._folder.note(f"search {query.text}")
        return found


class Slow:
    """Searches twice and reads, searches again, answers; waits before its second move."""

    name = "slow"

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def act(self, state: PolicyState) -> Act:
        if not state.turns:
            return Act(calls=(_call("1", "licence"), _read("2"), _call("3", "register")))
        self._folder.pause("policy")
        if len(state.turns) == 1:
            return Act(calls=(_call("1", "speed"),))
        cited = DraftCitation(
            version_id=LICENCE, quote="Nobody may make widgets without a licence."
        )
        text = "Nobody may make widgets without a licence."
        return Act(draft=Draft(sentences=(Sentence(text=text, citations=(cited,)),)))


def _call(call_id: str, query: str) -> ToolRequest:
    arguments = {"query": query, "as_at": DAY}
    return ToolRequest(id=call_id, name="search_statutes", arguments=arguments)


def _read(call_id: str) -> ToolRequest:
    arguments = {"reference": "s 1 Widgets Act 1990", "as_at": DAY}
    return ToolRequest(id=call_id, name="read_provision", arguments=arguments)


def counted(tool: Callable[..., Any], folder: Folder) -> Callable[..., Any]:
    @wraps(tool)
    def call(*given: Any, **named: Any) -> Any:
        folder.pause("tool")
        found = tool(*given, **named)
        folder.note(f"read {named['reference']}")
        return found

    return call


def played(folder: Folder, thread_id: str) -> Trace:
    """Begin the thread, or go on with it where it is."""
    settings = Settings(
        store_url=f"sqlite:///{folder.path / 'store.db'}",
        index_url=f"embedded:{folder.path / 'index'}",
    )
    plain = toolbox.TOOLS["read_provision"]
    toolbox.TOOLS["read_provision"] = counted(plain, folder)
    try:
        with (
            Library.open(settings) as library,
            open_checkpoints(f"sqlite:///{folder.path / 'threads.db'}") as checkpoints,
        ):
            watched = replace(library, index=CountedIndex(library.index, folder))
            context = Context(watched, Slow(folder))
            thread = Thread(checkpoints, thread_id)
            asked = AskRequest(question="Is a licence needed?", as_at=date.fromisoformat(DAY))
            events = resume(context, thread) if kept(thread) else start(context, asked, thread)
            *_, last = events
            assert isinstance(last, Done)
            return last.trace
    finally:
        toolbox.TOOLS["read_provision"] = plain


if __name__ == "__main__":
    played(Folder(Path(sys.argv[1]), sys.argv[2]), "thread")
