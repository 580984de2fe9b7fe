"""What is deleted for good is gone from the disk, and nothing else is."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.audit import Action, AuditLog, audit_url
from agent.graph.checkpoints import Thread, open_checkpoints, threads_url
from agent.graph.nodes import Context
from agent.graph.run import ask, start
from agent.library import Library
from agent.matters.filing import file_question
from agent.matters.records import CaseFrame
from agent.matters.store import Matters, matters_url
from agent.people import Person, Role
from agent.policies.extractive import ExtractivePolicy
from agent.request import AskRequest
from agent.retention import ToForget, all_of, forget, forget_person, older_than, retention_days
from agent.trace import Trace
from agent.trace_store import TraceStore, traces_url
from corpus.errors import BadInputError
from corpus.settings import Settings
from inforce import app
from retrieval.saved_searches import SavedSearches, searches_url
from retrieval.search import SearchRequest

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = date(2020, 1, 1)
SECRET = "Mandantin Zyxwvutsrq"
ANNA = Person(id="anna@x", name="Anna", roles=frozenset({Role.READER}))
BORIS = Person(id="boris@x", name="Boris", roles=frozenset({Role.READER}))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("INFORCE_HOME", str(tmp_path))
    return Settings.under(tmp_path)


def kept(
    library: Library, settings: Settings, days: int, person: Person = ANNA, words: str = SECRET
) -> Trace:
    """A question that was asked so many days ago."""
    started = NOW - timedelta(days=days)
    trace = ask(library, f"art. 1 {words}", as_at=DAY).model_copy(update={"started": started})
    with TraceStore.open(traces_url(settings)) as store:
        store.save(trace, person.id)
    return trace


def ids(settings: Settings) -> set[str]:
    with TraceStore.open(traces_url(settings)) as store:
        return {line.id for line in store.lines()}


def on_disk(settings: Settings, words: str) -> list[str]:
    folder = Path(settings.store_url.removeprefix("sqlite:///")).parent
    return [
        each.name
        for each in folder.rglob("*")
        if each.is_file() and words.encode() in each.read_bytes()
    ]


def test_an_old_question_is_gone_from_every_file_and_a_newer_one_stays(
    library: Library, settings: Settings
) -> None:
    old = kept(library, settings, 31)
    new = kept(library, settings, 29, words="a newer one")
    assert on_disk(settings, SECRET)
    done = forget(settings, older_than(settings, 30, NOW))
    assert (done.traces, done.kept) == (1, ())
    assert ids(settings) == {new.id}
    assert on_disk(settings, SECRET) == []
    assert on_disk(settings, "a newer one")
    with AuditLog.open(audit_url(settings)) as log:
        assert [line.action for line in log.lines(of=old.id)] == [Action.DELETED]


def test_a_thread_goes_with_its_question(library: Library, settings: Settings) -> None:
    context = Context(library, ExtractivePolicy(library.works))
    with open_checkpoints(threads_url(settings)) as checkpoints:
        asked = AskRequest(question=f"art. 1 {SECRET}", as_at=DAY)
        for _ in start(context, asked, Thread(checkpoints, "an-old-thread")):
            pass
    assert on_disk(settings, SECRET)
    later = datetime.now(UTC) + timedelta(days=31)
    assert older_than(settings, 40, later).threads == ()
    what = older_than(settings, 30, later)
    assert what.threads == ("an-old-thread",)
    forget(settings, what)
    assert on_disk(settings, SECRET) == []


def test_exported_files_go_unless_they_were_changed_or_hold_other_questions(
    library: Library, settings: Settings, tmp_path: Path
) -> None:
    old, new = kept(library, settings, 31), kept(library, settings, 1)
    own, changed, both = (tmp_path / name for name in ("own.md", "changed.md", "both.jsonl"))
    for file in (own, changed, both):
        file.write_text("written", encoding="utf-8")
    with TraceStore.open(traces_url(settings)) as store:
        store.note_export([old.id], own)
        store.note_export([old.id], changed)
        store.note_export([old.id, new.id], both)
    changed.write_text("and a remark of mine", encoding="utf-8")
    done = forget(settings, older_than(settings, 30, NOW))
    assert done.files == (str(own),)
    assert not own.exists()
    assert changed.exists()
    assert both.exists()
    assert f"{changed} stays: it was changed" in done.kept[0]
    assert f"{both} holds other questions" in done.kept[1]


def test_a_question_in_a_matter_stays_until_its_matter_is_deleted(
    library: Library, settings: Settings
) -> None:
    old = kept(library, settings, 31)
    with Matters.open(matters_url(settings)) as matters:
        matter = matters.create(ANNA, "Case")
        file_question(matters, ANNA, matter.id, old, library.store)
    done = forget(settings, older_than(settings, 30, NOW))
    assert ids(settings) == {old.id}
    assert done.kept == ("1 questions are filed in a matter and stay until it is deleted.",)
    whole = forget_person(settings, ANNA)
    assert (whole.matters, whole.traces) == (1, 1)
    assert ids(settings) == set()
    assert on_disk(settings, SECRET) == []


def test_everything_of_a_person_goes_and_nothing_of_another(
    library: Library, settings: Settings
) -> None:
    kept(library, settings, 0)
    other = kept(library, settings, 400, BORIS, words="of Boris")
    with SavedSearches.open(searches_url(settings)) as searches:
        searches.save("mine", SearchRequest(text=SECRET), ANNA.id)
        searches.save("mine", SearchRequest(text="of Boris"), BORIS.id)
    nobody = Person(id="nobody@x", name="Nobody", roles=frozenset())
    assert all_of(settings, nobody) == ToForget(traces=(), threads=())
    assert all_of(settings, ANNA).searches == 1
    done = forget_person(settings, ANNA)
    assert (done.traces, done.searches) == (1, 1)
    assert ids(settings) == {other.id}
    assert on_disk(settings, SECRET) == []
    with SavedSearches.open(searches_url(settings)) as searches:
        assert [each.name for each in searches.all(BORIS.id)] == ["mine"]


@pytest.mark.parametrize("days", ["0", "-3", "a month", "1.5", "²"])
def test_a_retention_that_is_no_number_of_days_is_said(
    monkeypatch: pytest.MonkeyPatch, days: str
) -> None:
    monkeypatch.setenv("INFORCE_RETENTION_DAYS", days)
    with pytest.raises(BadInputError, match="is no number of days"):
        retention_days()


def test_the_command_deletes_only_when_told_to(
    library: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = kept(library, settings, 400)
    run = CliRunner()
    unsaid = run.invoke(app, ["forget"])
    assert isinstance(unsaid.exception, BadInputError)
    monkeypatch.setenv("INFORCE_RETENTION_DAYS", "365")
    assert "1 questions and 0 threads would" in run.invoke(app, ["forget"]).stdout
    assert isinstance(run.invoke(app, ["forget", "--json"]).exception, BadInputError)
    with Matters.open(matters_url(settings)) as matters:
        matters.create(BORIS, "Of Boris", CaseFrame())
    said = run.invoke(app, ["forget", "--person", BORIS.id]).stdout
    assert "1 matters with their questions and 0 saved searches" in said
    assert ids(settings) == {trace.id}
    done = json.loads(run.invoke(app, ["forget", "--yes", "--json"]).stdout)
    assert done["traces"] == 1
    assert ids(settings) == set()
