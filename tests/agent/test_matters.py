"""Matters: nobody sees another's, nothing of a deleted one stays, and bad input is one sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from agent.graph.checkpoints import Thread, open_checkpoints, threads_url
from agent.graph.nodes import Context
from agent.graph.run import start
from agent.graph.threads import kept
from agent.library import Library
from agent.matters import tables
from agent.matters.bundle import bundle_of, read_traces
from agent.matters.deletion import delete_matter, note_export
from agent.matters.filing import begin_conversation, file_question, is_filed_for, take_out
from agent.matters.records import CaseFrame
from agent.matters.store import LONGEST_NOTE, Matters
from agent.policies.extractive import ExtractivePolicy
from agent.request import AskRequest
from agent.trace_store import TraceStore, traces_url
from corpus.applicability import Role
from corpus.clock import now
from corpus.database import open_engine
from corpus.errors import BadInputError
from corpus.settings import Settings
from tests.agent.matters_cases import ANNA, BEN, HOSTILE, answered, home, stored
from tests.corpus.build import history, version

QUESTION = "What is the widget duty?"


@pytest.fixture
def matters(database_url: str) -> Iterator[Matters]:
    with Matters.open(database_url) as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return home(tmp_path)


# -- who may see what --------------------------------------------------------------------------


def test_a_matter_of_somebody_else_and_one_that_is_not_there_read_the_same(
    matters: Matters,
) -> None:
    hers = matters.create(ANNA, "Smith v Jones")
    said = []
    for name in (hers.id, hers.id[:8], "f" * 32, "f" * 8):
        with pytest.raises(BadInputError) as refused:
            matters.get(BEN, name)
        said.append(str(refused.value).replace(name, "ID"))
    assert set(said) == {"There is no matter 'ID' that Ben may see."}
    assert matters.all(BEN) == []


@pytest.mark.parametrize(
    "act",
    [
        lambda m, i: m.rename(BEN, i, "mine"),
        lambda m, i: m.refer(BEN, i, "mine"),
        lambda m, i: m.set_frame(BEN, i, CaseFrame()),
        lambda m, i: m.archive(BEN, i),
        lambda m, i: m.share(BEN, i, "carl@firm.example"),
        lambda m, i: m.unshare(BEN, i, ANNA.id),
        lambda m, i: m.add_note(BEN, i, "seen"),
        lambda m, i: m.contents(BEN, i),
    ],
)
def test_a_stranger_can_do_nothing_with_a_matter(matters: Matters, act: object) -> None:
    hers = matters.create(ANNA, "Smith v Jones")
    with pytest.raises(BadInputError, match="There is no matter"):
        act(matters, hers.id)  # type: ignore[operator]
    assert matters.contents(ANNA, hers.id).matter == hers


def test_matters_of_an_earlier_version_are_kept_and_take_a_reference(database_url: str) -> None:
    engine = open_engine(database_url, create=True)
    former = sa.MetaData()
    columns = [c for c in tables.matters.columns if c.name != "reference"]
    sa.Table(
        "matters", former, *(sa.Column(c.name, c.type, primary_key=c.primary_key) for c in columns)
    )
    former.create_all(engine)
    stamp = now()
    row = {"id": "a" * 32, "name": "Smith v Jones", "owner": ANNA.id, "frame": "{}"}
    with engine.begin() as connection:
        stamped = {**row, "created": stamp, "changed": stamp}
        connection.execute(sa.insert(former.tables["matters"]).values(stamped))
    engine.dispose()
    with Matters.open(database_url) as matters:
        (kept,) = matters.all(ANNA)
        assert (kept.name, kept.reference) == ("Smith v Jones", None)
        assert matters.refer(ANNA, kept.id, "ACME/7").reference == "ACME/7"
    with Matters.open(database_url) as matters:
        assert [one.reference for one in matters.all(ANNA, find="acme")] == ["ACME/7"]


def test_who_it_is_shared_with_adds_but_does_not_own(matters: Matters) -> None:
    hers = matters.create(ANNA, "Smith v Jones")
    matters.share(ANNA, hers.id, " BEN@firm.example ")
    matters.share(ANNA, hers.id, BEN.id)
    assert matters.get(BEN, hers.id[:6]).shared_with == (BEN.id,)
    note = matters.add_note(BEN, hers.id, "Called the client.")
    with pytest.raises(BadInputError, match="Only the owner of matter 'Smith v Jones'"):
        matters.archive(BEN, hers.id)
    matters.remove_note(ANNA, hers.id, note.id)
    matters.unshare(ANNA, hers.id, BEN.id)
    with pytest.raises(BadInputError, match="There is no matter"):
        matters.get(BEN, hers.id)


def test_a_note_of_somebody_else_is_removed_by_the_owner_alone(matters: Matters) -> None:
    hers = matters.create(ANNA, "Smith v Jones")
    matters.share(ANNA, hers.id, BEN.id)
    note = matters.add_note(ANNA, hers.id, "Privileged.")
    with pytest.raises(BadInputError, match="Only its author"):
        matters.remove_note(BEN, hers.id, note.id)
    assert [one.text for one in matters.contents(BEN, hers.id).notes] == ["Privileged."]


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", " \n ", "x" * 201, "\0" * 300])
def test_a_matter_without_a_usable_name_is_refused(matters: Matters, name: str) -> None:
    with pytest.raises(BadInputError, match="name of 1 to 200 characters"):
        matters.create(ANNA, name)


def test_the_longest_note_is_kept_whole_and_a_longer_one_refused(matters: Matters) -> None:
    hers = matters.create(ANNA, HOSTILE)
    matters.add_note(ANNA, hers.id, "é" * LONGEST_NOTE)
    with pytest.raises(BadInputError, match="20,001"):
        matters.add_note(ANNA, hers.id, "x" * (LONGEST_NOTE + 1))
    kept_whole = matters.contents(ANNA, hers.id)
    assert kept_whole.notes[0].text == "é" * LONGEST_NOTE
    assert kept_whole.matter.name == HOSTILE


def test_text_that_a_database_refuses_is_kept_without_it(matters: Matters) -> None:
    hers = matters.create(ANNA, "a\0b")
    note = matters.add_note(ANNA, hers.id, "one\r\ntwo \x00 \ud800 <b>")
    (found,) = matters.contents(ANNA, hers.id).notes
    assert found == note
    assert found.text == "one\ntwo \ufffd \ufffd <b>"


def test_an_archived_matter_is_read_only_until_it_is_opened_again(matters: Matters) -> None:
    hers = matters.create(ANNA, "Smith v Jones")
    matters.archive(ANNA, hers.id)
    assert matters.all(ANNA) == []
    assert [one.id for one in matters.all(ANNA, archived=True)] == [hers.id]
    with pytest.raises(BadInputError, match="is archived"):
        matters.add_note(ANNA, hers.id, "late")
    matters.archive(ANNA, hers.id, archived=False)
    matters.add_note(ANNA, hers.id, "in time")


def test_facts_and_date_are_kept_and_asked_with(matters: Matters) -> None:
    frame = CaseFrame(as_at=date(2010, 1, 1), facts={Role.ACT: date(2009, 5, 1)}, extent="S")
    hers = matters.create(ANNA, "Smith v Jones", frame)
    asked = matters.get(ANNA, hers.id).frame.request(QUESTION)
    assert asked == AskRequest(
        question=QUESTION, as_at=date(2010, 1, 1), facts={Role.ACT: date(2009, 5, 1)}, extent="S"
    )
    assert CaseFrame.of(asked) == frame


def test_an_answer_is_read_by_those_its_matter_is_shared_with_and_no_longer(
    matters: Matters, settings: Settings
) -> None:
    hers = matters.create(ANNA, "Smith v Jones")
    with stored(settings, history(version("1990-01-01"))) as store:
        filed, other = (answered(settings, QUESTION, day) for day in ("2000-01-01", "2001-01-01"))
        file_question(matters, ANNA, hers.id, filed, store)
    assert is_filed_for(matters, ANNA, filed.id)
    assert not is_filed_for(matters, BEN, filed.id)
    matters.share(ANNA, hers.id, BEN.id)
    assert is_filed_for(matters, BEN, filed.id)
    assert not is_filed_for(matters, BEN, other.id)
    matters.archive(ANNA, hers.id)
    assert is_filed_for(matters, BEN, filed.id)
    matters.unshare(ANNA, hers.id, BEN.id)
    assert not is_filed_for(matters, BEN, filed.id)


# -- questions, export, deletion ---------------------------------------------------------------


def test_a_matter_is_exported_whole_and_its_answers_read_back(
    matters: Matters, settings: Settings, tmp_path: Path
) -> None:
    hers = matters.create(ANNA, "Smith v Jones")
    with stored(settings, history(version("1990-01-01"))) as store:
        traces = [answered(settings, QUESTION, day) for day in ("2000-01-01", "2001-01-01")]
        with TraceStore.open(traces_url(settings)) as kept_traces:
            for trace in traces:
                kept_traces.save(trace)
                file_question(matters, ANNA, hers.id, trace, store)
            file_question(matters, ANNA, hers.id, traces[0], store)
            bundle = bundle_of(matters, ANNA, hers.id, kept_traces)
    file = tmp_path / "matter.json"
    file.write_text(bundle.model_dump_json(), encoding="utf-8")
    assert {trace.id for trace in read_traces(file)} == {trace.id for trace in traces}
    assert len(bundle.questions) == 2, "filing again is no second question"
    take_out(matters, ANNA, hers.id, traces[0].id)
    assert [q.trace_id for q in matters.contents(ANNA, hers.id).questions] == [traces[1].id]


def test_a_damaged_bundle_is_one_sentence_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "matter.json"
    file.write_text(json.dumps({"kind": "matter", "exported": "soon"}), encoding="utf-8")
    with pytest.raises(BadInputError, match=r"matter\.json.*field 'exported'"):
        read_traces(file)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(BadInputError, match=r"matter\.json"):
        read_traces(file)


def test_a_deleted_matter_leaves_no_trace_thread_or_file(
    matters: Matters, settings: Settings, tmp_path: Path
) -> None:
    hers, other = matters.create(ANNA, "Smith v Jones"), matters.create(ANNA, "Other")
    with stored(settings, history(version("1990-01-01"))) as store, Library.open(settings) as law:
        own, both = (answered(settings, QUESTION, day) for day in ("2000-01-01", "2001-01-01"))
        with open_checkpoints(threads_url(settings)) as checkpoints:
            context = Context(law, ExtractivePolicy(law.works))
            asked = AskRequest(question=QUESTION, as_at=date(2000, 1, 1))
            list(start(context, asked, Thread(checkpoints, "talk")))
            assert kept(Thread(checkpoints, "talk"))
        with TraceStore.open(traces_url(settings)) as traces:
            traces.save(own)
            traces.save(both)
        file_question(matters, ANNA, hers.id, own, store)
        begin_conversation(matters, ANNA, hers.id, "talk")
        begin_conversation(matters, ANNA, hers.id, "talk")
        for matter in (hers, other):
            file_question(matters, ANNA, matter.id, both, store)
    same, changed = tmp_path / "same.json", tmp_path / "changed.docx"
    for file in (same, changed):
        file.write_text("exported", encoding="utf-8")
        note_export(matters, ANNA, hers.id, file)
    changed.write_text("edited by hand", encoding="utf-8")
    done = delete_matter(matters, ANNA, hers.id[:8], settings)
    assert (done.traces, done.threads, done.files) == (1, 1, (str(same),))
    assert len(done.kept) == 2
    assert changed.exists()
    with TraceStore.open(traces_url(settings)) as traces:
        assert [line.id for line in traces.lines()] == [both.id]
    with open_checkpoints(threads_url(settings)) as checkpoints:
        assert not kept(Thread(checkpoints, "talk"))
    for name in ("matter_questions", "matter_citations", "matter_exports", "matter_notes"):
        with matters.reading() as connection:
            rows = connection.exec_driver_sql(f"select matter from {name}").scalars()
            assert hers.id not in set(rows)


def test_nobody_but_the_owner_deletes_a_matter(matters: Matters, settings: Settings) -> None:
    hers = matters.create(ANNA, "Smith v Jones")
    matters.share(ANNA, hers.id, BEN.id)
    with pytest.raises(BadInputError, match="Only the owner"):
        delete_matter(matters, BEN, hers.id, settings)
    assert matters.get(ANNA, hers.id).archived is None


def test_a_matter_deleted_meanwhile_is_gone_for_who_still_looks_at_it(
    matters: Matters, settings: Settings
) -> None:
    hers = matters.create(ANNA, "Smith v Jones")
    matters.share(ANNA, hers.id, BEN.id)
    shown = matters.contents(BEN, hers.id)
    delete_matter(matters, ANNA, hers.id, settings)
    with pytest.raises(BadInputError, match="There is no matter"):
        matters.add_note(BEN, shown.matter.id, "too late")
    with pytest.raises(BadInputError, match="There is no matter"):
        matters.contents(BEN, shown.matter.id)
