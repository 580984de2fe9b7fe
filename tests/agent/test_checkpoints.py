"""A thread outlives its process: what was done is not done again, and the answer is the same."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from agent.graph.checkpoints import RunHeader, Thread, in_memory, open_checkpoints, threads_url
from agent.graph.nodes import Context, Step
from agent.graph.run import Done, Event, Paused, resume, start
from agent.graph.threads import asked_in, graph_of, name_of
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.request import AskRequest, Reply
from agent.trace import AbstentionReason, StopReason, Trace
from corpus.applicability import Code, Issue, Role
from corpus.errors import BadInputError, StoreError
from corpus.model import Frozen
from corpus.settings import Settings
from tests.agent.conftest import LEVY_ACT, WIDGETS_ACT, opened
from tests.agent.killed import Folder, played
from tests.agent.test_graph import Scripted, draft, search

ROOT = Path(__file__).parents[2]
UNDATED = AskRequest(question="Is a licence needed to make widgets?")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for _ in opened(tmp_path, WIDGETS_ACT, LEVY_ACT):
        pass
    return tmp_path


def context(library: Library, **more: object) -> Context:
    made = Context(library, ExtractivePolicy(library.works), interactive=True)
    return replace(made, **more)


def last(events: Iterator[Event]) -> Event:
    *_, final = events
    return final


def traced(events: Iterator[Event]) -> Trace:
    final = last(events)
    assert isinstance(final, Done)
    return final.trace


def same(trace: Trace) -> dict[str, object]:
    """Return a trace without what differs between any two runs: name, clock, durations."""
    told = trace.model_dump(exclude={"id", "started", "milliseconds"})
    for turn in told["turns"]:
        for call in turn["calls"]:
            del call["milliseconds"]
    return told


@pytest.mark.parametrize("where", ["policy", "tool"])
def test_a_thread_killed_in_the_middle_goes_on_without_calling_a_tool_twice(
    folder: Path, where: str
) -> None:
    command = [sys.executable, "-m", "tests.agent.killed", str(folder), where]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ)) as process:
        # groups of calls run side by side: the other one must have answered, and have been kept
        while not ((folder / "here").exists() and (folder / "calls.txt").exists()):
            assert process.poll() is None, "the thread ended before it could be killed"
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    before = (folder / "calls.txt").read_text(encoding="utf-8").splitlines()
    (folder / "go").touch()
    resumed = played(Folder(folder, where), "thread")
    after = (folder / "calls.txt").read_text(encoding="utf-8").splitlines()
    (folder / "calls.txt").unlink()
    straight = played(Folder(folder, where), "straight")
    assert resumed.stop is StopReason.ANSWERED
    assert same(resumed) == same(straight)
    assert before[0] == "search Is a licence needed?", (
        "whether the place decides is looked up first"
    )
    assert len(before) == (4 if where == "policy" else 3)
    assert after[: len(before)] == before
    assert sorted(after) == sorted((folder / "calls.txt").read_text(encoding="utf-8").splitlines())
    assert len(set(after)) == len(after) == 5


def test_a_thread_that_is_over_yields_its_trace_and_does_nothing(library: Library) -> None:
    thread = Thread(in_memory(), "a")
    asked = UNDATED.model_copy(update={"as_at": date(2001, 1, 1)})
    first = traced(start(context(library), asked, thread))
    events = list(resume(context(library), thread))
    assert [type(event) for event in events] == [Done]
    assert first.id == "a"
    assert same(traced(iter(events))) == same(first)


def test_a_missing_date_is_asked_for_and_the_reply_may_come_to_another_process(
    library: Library, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{tmp_path / 'deep' / 'threads.db'}"
    with caplog.at_level(logging.WARNING), open_checkpoints(url) as checkpoints:
        waiting = last(start(context(library), UNDATED, Thread(checkpoints, "a")))
    with open_checkpoints(url) as checkpoints:
        thread = Thread(checkpoints, "a")
        again = last(resume(context(library), thread))
        trace = traced(resume(context(library), thread, Reply(as_at=date(2001, 1, 1))))
    assert isinstance(waiting, Paused)
    assert waiting == again
    assert "Which day" in waiting.missing.explanation
    assert trace.stop is StopReason.ANSWERED
    assert trace.governing is not None
    assert trace.governing.as_at == date(2001, 1, 1)
    assert [record.message for record in caplog.records] == []


def test_a_reply_that_leaves_something_open_is_asked_further(library: Library) -> None:
    asked = AskRequest(question="Is testing widgets at speed an offence?", issue=Issue.CRIMINAL)
    thread = Thread(in_memory(), "a")
    first = last(start(context(library), asked, thread))
    assert isinstance(first, Paused)
    assert first.missing.roles == ((Role.ACT_END, Role.ACT),)
    second = last(resume(context(library), thread, Reply(facts={Role.ACT: date(2010, 1, 1)})))
    assert isinstance(second, Paused)
    assert second.missing.roles == ((Role.DECISION,),)
    trace = traced(resume(context(library), thread, Reply(facts={Role.DECISION: date(2012, 1, 1)})))
    assert trace.governing is not None
    assert trace.governing.rule is Code.LEX_MITIOR
    assert trace.facts == {Role.ACT: date(2010, 1, 1), Role.DECISION: date(2012, 1, 1)}


def test_an_empty_reply_gives_the_question_up(library: Library) -> None:
    thread = Thread(in_memory(), "a")
    list(start(context(library), UNDATED, thread))
    trace = traced(resume(context(library), thread, Reply()))
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.NO_DATE


def test_without_an_asker_the_answer_is_an_abstention_as_ever(library: Library) -> None:
    trace = traced(start(context(library, interactive=False), UNDATED, Thread(in_memory(), "a")))
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.NO_DATE


def test_a_reply_that_contradicts_the_facts_leaves_the_thread_waiting(library: Library) -> None:
    asked = AskRequest(
        question="Is it an offence?", issue=Issue.CRIMINAL, facts={Role.ACT: date(2010, 1, 1)}
    )
    thread = Thread(in_memory(), "a")
    list(start(context(library), asked, thread))
    with pytest.raises(BadInputError, match="contradict"):
        resume(context(library), thread, Reply(facts={Role.DECISION: date(2009, 1, 1)}))
    assert isinstance(last(resume(context(library), thread)), Paused)


class _Other:
    name = "other"


def test_what_cannot_be_resumed_is_said_in_one_sentence(library: Library) -> None:
    checkpoints = in_memory()
    thread = Thread(checkpoints, "a")
    here = context(library)
    list(start(here, UNDATED, thread))
    moved = replace(library, index=_Rebuilt(library))
    for where, name, reply, words in (
        (here, "b", None, "There is no thread 'b'."),
        (context(moved), "a", None, "corpus"),
        (context(library, policy=_Other()), "a", None, "policy extractive, not other"),
    ):
        with pytest.raises(BadInputError, match=words):
            resume(where, Thread(checkpoints, name), reply)
    with pytest.raises(BadInputError, match="already"):
        start(here, UNDATED, thread)
    traced(resume(here, thread, Reply(as_at=date(2001, 1, 1))))
    with pytest.raises(BadInputError, match="does not wait"):
        resume(here, thread, Reply(as_at=date(2001, 1, 1)))


class _Rebuilt:
    def __init__(self, library: Library) -> None:
        self.corpus_hash = "0" * 64
        self.search = library.index.search


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 101, "naïve"])
def test_a_thread_has_a_plain_name(name: str) -> None:
    with pytest.raises(BadInputError, match="names no thread"):
        Thread(in_memory(), name)


@pytest.mark.parametrize(
    ("url", "words"),
    [("threads.db", "no database URL"), ("mysql://h/d", "SQLite or Postgres")],
)
def test_a_place_that_keeps_no_threads_is_said(url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words), open_checkpoints(url):
        pass


def test_a_damaged_file_of_threads_is_said(tmp_path: Path) -> None:
    (tmp_path / "threads.db").write_bytes(b"not a database, but long enough to be read as one" * 9)
    url = f"sqlite:///{tmp_path / 'threads.db'}"
    with pytest.raises(StoreError, match=r"threads\.db cannot be used"), open_checkpoints(url):
        pass


@pytest.mark.parametrize(
    "damage",
    [
        "update checkpoints set checkpoint = x'00ff'",
        "update checkpoints set checkpoint = x''",
        "update checkpoints set checkpoint = x'80'",
        "update checkpoints set checkpoint = x'c1c1c1'",
        "update checkpoints set type = 'unknown'",
        "update checkpoints set metadata = 'no JSON'",
        "update writes set value = x'c1'",
        "update writes set type = 'unknown'",
    ],
)
def test_a_damaged_row_of_a_thread_is_said_in_one_sentence(
    library: Library, tmp_path: Path, damage: str
) -> None:
    url = f"sqlite:///{tmp_path / 'threads.db'}"
    with open_checkpoints(url) as checkpoints:
        list(start(context(library), UNDATED, Thread(checkpoints, "a")))
    with sqlite3.connect(tmp_path / "threads.db") as database:
        assert database.execute(damage).rowcount > 0
    database.close()
    with open_checkpoints(url) as checkpoints:
        thread = Thread(checkpoints, "a")
        for read in (lambda: last(resume(context(library), thread)), lambda: asked_in(thread)):
            with pytest.raises(StoreError, match="'a' is damaged and cannot be read"):
                read()
        whole = Thread(checkpoints, "b")
        assert isinstance(last(start(context(library), UNDATED, whole)), Paused)


def test_threads_lie_beside_the_store_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("INFORCE_THREADS", raising=False)
    beside = f"sqlite:///{tmp_path / 'threads.db'}"
    assert threads_url(Settings.under(tmp_path)) == beside
    shared = Settings(store_url="postgresql+psycopg://u:secret@h/d", index_url="embedded:x")
    assert threads_url(shared) == shared.store_url
    monkeypatch.setenv("INFORCE_THREADS", "sqlite:////elsewhere/t.db")
    assert threads_url(shared) == "sqlite:////elsewhere/t.db"


def test_a_kept_run_is_the_run_that_is_not_kept(library: Library) -> None:
    asked = UNDATED.model_copy(update={"as_at": date(2001, 1, 1)})
    kept = traced(start(context(library), asked, Thread(in_memory(), "a")))
    assert same(kept) == same(traced(start(context(library), asked)))


def test_steps_of_a_resumed_thread_are_told_from_where_it_was(library: Library) -> None:
    thread = Thread(in_memory(), "a")
    list(start(context(library), UNDATED, thread))
    events = resume(context(library), thread, Reply(as_at=date(2001, 1, 1)))
    steps = [event.name for event in events if isinstance(event, Step)]
    assert steps == [
        "frame",
        "decide",
        "act",
        "decide",
        "act",
        "decide",
        "act",
        "verify",
        "respond",
    ]


def test_ids_and_logprobs_come_back_from_disk_as_they_were(
    library: Library, tmp_path: Path
) -> None:
    ids = {
        "prompt_ids": (5, 3, 2**31),
        "completion_ids": (8, 1),
        "logprobs": (-0.1234567890123456789, -float("inf")),
        "text": "lone \N{REPLACEMENT CHARACTER} and \u202e",
    }
    acts = [search().model_copy(update=ids), draft(quote="Nobody at all"), draft()]
    here = context(library, policy=Scripted(acts))
    asked = UNDATED.model_copy(update={"as_at": date(2001, 1, 1)})
    url = f"sqlite:///{tmp_path / 'threads.db'}"
    with open_checkpoints(url) as checkpoints:
        first = traced(start(here, asked, Thread(checkpoints, "a")))
    with open_checkpoints(url) as checkpoints:
        again = traced(resume(here, Thread(checkpoints, "a")))
    assert again.model_copy(update={"milliseconds": 0.0}) == first.model_copy(
        update={"milliseconds": 0.0}
    )
    assert again.turns[0].completion_ids == ids["completion_ids"]
    assert again.turns[0].logprobs == ids["logprobs"]
    assert again.turns[1].draft.findings


class Moved(Frozen):
    """Stands for a class that has another name now."""

    question: str


@pytest.mark.parametrize(
    "state",
    [
        {"begun": RunHeader.model_construct(id="a", policy="extractive", corpus_hash="0")},
        {"asked": Moved(question="?")},
    ],
    ids=["fields have changed", "the class has moved"],
)
def test_a_thread_of_an_earlier_version_is_said_in_one_sentence(
    library: Library, tmp_path: Path, state: dict[str, object]
) -> None:
    url = f"sqlite:///{tmp_path / 'threads.db'}"
    with open_checkpoints(url) as checkpoints:
        thread = Thread(checkpoints, "a")
        list(start(context(library), UNDATED, thread))
        graph_of(thread).update_state(name_of(thread), state, as_node="respond")
    with open_checkpoints(url) as checkpoints:
        thread = Thread(checkpoints, "a")
        for read in (lambda: resume(context(library), thread), lambda: asked_in(thread)):
            with pytest.raises(BadInputError, match="begun by an earlier version of InForce"):
                read()


def test_a_thread_goes_on_within_the_limits_it_was_begun_with(library: Library) -> None:
    thread = Thread(in_memory(), "a")
    searching = context(library, policy=Scripted([search()] * 9))
    list(start(replace(searching, max_turns=3), UNDATED, thread))
    trace = traced(resume(searching, thread, Reply(as_at=date(2001, 1, 1))))
    assert (trace.stop, len(trace.turns)) == (StopReason.TURN_BUDGET, 3)
    assert trace.settings.max_turns == 3


@dataclass(frozen=True)
class Foreign:
    words: str


def test_nothing_that_is_not_listed_is_built_from_a_checkpoint() -> None:
    serde = in_memory().serde
    assert serde.loads_typed(serde.dumps_typed(UNDATED)) == UNDATED
    assert not isinstance(serde.loads_typed(serde.dumps_typed(Foreign("x"))), Foreign)
