"""Index and store are one state: while law is read and indexed, and whatever is killed then."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from click.testing import Result
from elasticsearch import Elasticsearch
from typer.testing import CliRunner

from agent.graph.replay import library_as_recorded, replay
from agent.graph.run import ask
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from corpus.errors import BadInputError, IndexMissingError, SearchFailedError
from corpus.model import WorkHistory
from corpus.settings import Settings
from corpus.store import Store
from inforce import app
from retrieval.engines.elastic_schema import live_index
from retrieval.engines.elastic_swap import building_alias, indices_of
from retrieval.index import open_builder, open_index
from retrieval.index_check import Searches, verify
from retrieval.index_rows import indexed_texts
from retrieval.index_url import parse_index_url
from retrieval.query import IndexedText, StatuteQuery
from tests.corpus.build import history, version
from tests.retrieval.one_state import DAY, MANY, act, book, found, indexed, recorded, whole


def test_a_library_opens_during_an_ingest_and_holds_the_last_whole_state(
    settings: Settings,
) -> None:
    recorded(settings, *book("old"))
    indexed(settings)
    with Library.open(settings) as before:
        recorded(settings, *book("new")[: MANY // 2], act(MANY, "A duty beside."))
        with Library.open(settings) as during:
            whole(before, "old")
            whole(during, "old")
            assert during.corpus_hash == before.corpus_hash
            assert not during.outdated
        recorded(settings, *book("new"))
        indexed(settings)
        whole(before, "old")
    with Library.open(settings) as after:
        assert len(after.works) == MANY + 1


def test_an_open_library_is_told_that_a_newer_index_is_complete(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.engines.elastic._FRESH_SECONDS", 0.0)
    recorded(settings, *book("old"))
    indexed(settings)
    with Library.open(settings) as library:
        recorded(settings, *book("new"))
        assert not library.outdated
        indexed(settings)
        assert library.outdated
        whole(library, "old")
    with Library.open(settings) as library:
        whole(library, "new")


def test_a_trace_of_the_middle_of_an_ingest_is_replayed(settings: Settings) -> None:
    recorded(settings, *book("old"))
    indexed(settings)
    with Library.open(settings) as library:
        recorded(settings, *book("new")[:7])
        trace = ask(library, "What does the duty number3 bind?", as_at=DAY)
        assert trace.answer is not None
        assert " old " in trace.answer.citations[0].quote
        assert trace.corpus_hash == library.corpus_hash
    recorded(settings, *book("new"))
    indexed(settings)
    with Library.open(settings) as present:
        advance = lambda *_: None  # noqa: E731
        with library_as_recorded(trace, present, settings.index_url, advance) as former:
            assert replay(trace, former, ExtractivePolicy(former.works)).same


def test_an_index_of_another_store_is_refused(settings: Settings, tmp_path: Path) -> None:
    recorded(settings, *book("old"))
    indexed(settings)
    other = settings.model_copy(update={"store_url": f"sqlite:///{tmp_path / 'other.db'}"})
    recorded(other, *book("new"))
    with pytest.raises(IndexMissingError, match="another corpus"):
        Library.open(other)


def test_a_store_made_again_of_the_same_texts_fits_the_index(
    settings: Settings, tmp_path: Path
) -> None:
    recorded(settings, *book("old"))
    indexed(settings)
    again = settings.model_copy(update={"store_url": f"sqlite:///{tmp_path / 'again.db'}"})
    recorded(again, *book("old"))
    assert indexed(again) == 0
    with Library.open(again) as library:
        whole(library, "old")
    recorded(again, *book("new"))
    indexed(again)
    with Library.open(again) as library:
        whole(library, "new")


def test_only_what_changed_is_written_and_it_reads_like_a_straight_build(
    settings: Settings, tmp_path: Path
) -> None:
    recorded(settings, *book("old"))
    assert indexed(settings) == MANY
    recorded(settings, act(MANY, "The duty old number60 binds one more."))
    assert indexed(settings) == 1
    recorded(settings, act(3, "The duty old number3 binds nobody."))
    assert indexed(settings) == 1
    assert indexed(settings) == 0
    straight = settings.model_copy(update={"index_url": f"embedded:{tmp_path / 'straight'}"})
    indexed(straight)
    with Library.open(settings) as one, Library.open(straight) as other:
        assert sorted(one.index.keys()) == sorted(other.index.keys())
        for text in ("duty old", "nobody", "number60", '"one more"'):
            assert {h.version_id for h in found(one, text)} == {
                h.version_id for h in found(other, text)
            }
        assert found(one, "nobody")[0].text.endswith("nobody.")
        assert one.index.status().health == "green"
        assert verify(one.store, one.index, Searches(number=200)).sound


def test_added_acts_score_as_in_a_straight_build(settings: Settings) -> None:
    recorded(settings, *book("old"))
    indexed(settings)
    for n in range(MANY, MANY + 5):
        recorded(settings, act(n, f"The duty old number{n} binds every maker twice."))
        assert indexed(settings) == 1
    with Library.open(settings) as library:
        added = [(h.version_id, round(h.score, 4)) for h in found(library, "duty twice number61")]
    assert indexed(settings, anew=True) == MANY + 5
    with Library.open(settings) as library:
        straight = [
            (h.version_id, round(h.score, 4)) for h in found(library, "duty twice number61")
        ]
    assert added == straight


def test_many_replaced_rows_lead_to_a_build_anew(settings: Settings) -> None:
    recorded(settings, *book("old"))
    indexed(settings)
    recorded(settings, *book("new"))
    assert indexed(settings) == MANY
    with Library.open(settings) as library:
        whole(library, "new")
        assert found(library, "old") == []


# -- verbs that read the store alone --------------------------------------------------------------


def said(settings: Settings, *words: str) -> Result:
    """Run a verb on a store and its index."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.environment().items():
            patch.setenv(name, value)
        return CliRunner().invoke(app, [*words])


def spoken(done: Result) -> str:
    """Return what a verb printed as JSON, on one line."""
    assert done.exit_code == 0, done.output
    return json.dumps(json.loads(done.stdout))


def test_citations_are_answered_from_the_last_whole_state_during_an_ingest(
    settings: Settings, tmp_path: Path
) -> None:
    recorded(settings, cited("old"))
    indexed(settings)
    recorded(settings, cited("new"))
    batch = tmp_path / "batch.jsonl"
    batch.write_text('{"citation": "s 1 WA 1990", "as_at": "2000-01-01"}')
    verbs = (
        ("law", "s 1 WA 1990", "--as-at", "2000-01-01", "--json"),
        ("law", "--batch", str(batch), "--json"),
        ("versions", "s 1 WA 1990", "--as-at", "2000-01-01", "--json"),
        ("compare", "s 1 WA 1990", "1995-01-01", "2000-01-01", "--json"),
    )
    for verb in verbs:
        during = spoken(said(settings, *verb))
        assert "old" in during
        assert "new" not in during
    indexed(settings)
    for verb in verbs:
        after = spoken(said(settings, *verb))
        assert "new" in after
        assert "old" not in after


def test_questions_are_made_of_the_last_whole_state_during_an_ingest(
    settings: Settings, tmp_path: Path
) -> None:
    questions = tmp_path / "questions.jsonl"

    def made() -> tuple[str, int]:
        done = said(settings, "questions", "make", str(questions), "--json")
        return questions.read_text(encoding="utf-8"), json.loads(spoken(done))["works"]

    recorded(settings, history(version("1990-01-01")))
    indexed(settings)
    recorded(settings, history(version("1991-02-03")), act(1, "A duty beside."))
    during, works = made()
    assert works == 1
    assert "1990-01-01" in during
    assert "1991-02-03" not in during
    indexed(settings)
    after, works = made()
    assert works == 2
    assert "1991-02-03" in after


def test_questions_of_a_family_are_made_only_where_it_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    questions = tmp_path / "questions.jsonl"
    recorded(settings, history(version("1990-05-01")))
    indexed(settings)
    verb = ("questions", "make", str(questions), "--json")
    counts = {
        name: json.loads(spoken(said(settings, *verb, *more)))
        for name, more in {"default": (), "repealed": ("--family", "repealed")}.items()
    }
    assert counts["default"]["by_family"] == {"not_yet_in_force": 1}
    assert counts["repealed"]["by_family"] == {}
    refused = said(settings, *verb, "--family", "hard")
    assert isinstance(refused.exception, BadInputError)
    assert "--family is one of value_at_date," in str(refused.exception)


def cited(word: str) -> WorkHistory:
    """An act whose first section says a word."""
    return history(version("1990-01-01", text=f"The {word} duty binds every maker."))


def test_a_citation_is_answered_without_an_index_and_that_is_said(settings: Settings) -> None:
    recorded(settings, cited("old"))
    done = said(settings, "law", "s 1 WA 1990", "--as-at", "2000-01-01", "--json")
    assert "old" in spoken(done)
    assert "read from the store as it is now, since" in " ".join(done.stderr.split())


def test_an_index_of_another_corpus_does_not_date_a_citation(
    settings: Settings, tmp_path: Path
) -> None:
    recorded(settings, *book("old"))
    indexed(settings)
    other = settings.model_copy(update={"store_url": f"sqlite:///{tmp_path / 'other.db'}"})
    recorded(other, cited("new"))
    done = said(other, "law", "s 1 WA 1990", "--as-at", "2000-01-01", "--json")
    assert "new" in spoken(done)
    assert "built from another corpus" in " ".join(done.stderr.split())


# -- two indices behind one alias ----------------------------------------------------------------


def test_two_indices_behind_the_alias_are_refused_and_mended(
    cluster: str, tmp_path: Path, elastic_settings: Settings
) -> None:
    settings, alias = elastic_settings, parse_index_url(elastic_settings.index_url).place
    recorded(settings, *book("old"))
    indexed(settings)
    recorded(settings, *book("new"))
    indexed(settings)
    with Elasticsearch(cluster) as client:
        for index in indices_of(client, alias):
            client.indices.put_alias(index=index.name, name=alias)
        for refused in (lambda: open_index(settings.index_url), lambda: Library.open(settings)):
            with pytest.raises(IndexMissingError, match=r"stands for 2 indices .*index build"):
                refused()
        assert indexed(settings) == MANY
        assert live_index(client, alias) is not None
    with Library.open(settings) as library:
        whole(library, "new")


@pytest.mark.parametrize("first", [True, False])
def test_builds_that_end_together_leave_exactly_one_whole_index(
    cluster: str, elastic_settings: Settings, first: bool
) -> None:
    recorded(elastic_settings, *book("old"))
    if not first:
        indexed(elastic_settings)
    faults: list[BaseException] = []

    def build() -> None:
        try:
            indexed(elastic_settings, anew=True)
        except BaseException as fault:  # noqa: BLE001 - judged below
            faults.append(fault)

    crew = [Thread(target=build) for _ in range(4)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert faults == []
    alias = parse_index_url(elastic_settings.index_url).place
    with Elasticsearch(cluster) as client:
        held = indices_of(client, alias)
        assert [index.is_complete for index in held if index.live] == [True]
        assert not any(index.building for index in held)
    with Library.open(elastic_settings) as library:
        whole(library, "old")
        assert verify(library.store, library.index, Searches(number=100)).sound


def test_of_builds_at_the_same_time_the_later_state_stays(
    cluster: str, elastic_settings: Settings
) -> None:
    settings = elastic_settings
    recorded(settings, *book("old"))
    indexed(settings)

    def overtaken() -> Iterator[IndexedText]:
        """Rows of the former state; while they are written, a later one is built whole."""
        with Store.open(settings.store_url) as store:
            texts = list(indexed_texts(store))
        yield from texts[:10]
        recorded(settings, *book("new"))
        assert indexed(settings) == MANY
        yield from texts[10:]

    with Store.open(settings.store_url) as store:
        former = store.state()
    open_builder(settings.index_url).build(overtaken(), former, lambda _: None)
    with Library.open(settings) as library:
        whole(library, "new")
    with Elasticsearch(cluster) as client:
        held = indices_of(client, parse_index_url(settings.index_url).place)
        assert sorted(index.live for index in held) == [False, True]


def test_an_index_removed_while_it_is_built_is_not_made_again_by_a_bulk(
    cluster: str, elastic_settings: Settings
) -> None:
    settings, alias = elastic_settings, parse_index_url(elastic_settings.index_url).place
    recorded(settings, *book("old"))

    def robbed() -> Iterator[IndexedText]:
        with Store.open(settings.store_url) as store:
            yield from indexed_texts(store)
        with Elasticsearch(cluster) as client:
            (index,) = indices_of(client, alias)
            client.indices.delete(index=index.name)

    with Store.open(settings.store_url) as store, pytest.raises(SearchFailedError) as refusal:
        open_builder(settings.index_url).build(robbed(), store.state(), lambda _: None)
    assert "was removed while it was built" in str(refusal.value)
    with Elasticsearch(cluster) as client:
        assert not client.indices.get(index=f"{alias}*", allow_no_indices=True).body
    assert indexed(settings) == MANY


def test_the_next_build_removes_what_a_dead_process_left_and_nothing_of_a_living_one(
    cluster: str, elastic_settings: Settings
) -> None:
    settings, alias = elastic_settings, parse_index_url(elastic_settings.index_url).place
    recorded(settings, *book("old"))
    indexed(settings)
    with Elasticsearch(cluster) as client:
        builders = {"dead": f"{socket.gethostname()}:{2**22 + 1}", "other": "elsewhere:1"}
        builders["living"] = f"{socket.gethostname()}:{os.getpid()}"
        for name, builder in builders.items():
            said = {"alias": alias, "builder": builder}
            physical = f"{alias}-{name}"
            client.indices.create(
                index=physical,
                aliases={building_alias(physical): {}},
                mappings={"_meta": {"inforce": said}},
            )
        indexed(settings, anew=True)
        left = {index.name for index in indices_of(client, alias) if index.building}
    assert left == {f"{alias}-other", f"{alias}-living"}


def test_an_unfinished_index_of_another_machine_is_removed_after_a_day(
    cluster: str, elastic_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, alias = elastic_settings, parse_index_url(elastic_settings.index_url).place
    recorded(settings, *book("old"))
    with Elasticsearch(cluster) as client:
        client.indices.create(
            index=f"{alias}-other",
            aliases={building_alias(f"{alias}-other"): {}},
            mappings={"_meta": {"inforce": {"alias": alias, "builder": "elsewhere:1"}}},
        )
        monkeypatch.setattr("retrieval.engines.elastic_swap.ABANDONED_SECONDS", 0)
        indexed(settings)
        assert [index.live for index in indices_of(client, alias)] == [True]


@pytest.fixture
def elastic_settings(cluster: str, tmp_path: Path) -> Iterator[Settings]:
    from tests.retrieval.conftest import own_alias

    with own_alias(cluster) as url:
        yield Settings(store_url=f"sqlite:///{tmp_path / 'law.db'}", index_url=url)


# -- damage --------------------------------------------------------------------------------------


def spoil_middle(file: Path) -> None:
    held = bytearray(file.read_bytes())
    for place in range(len(held) // 4, len(held) - 8, 3):
        held[place] ^= 0x5A
    file.write_bytes(bytes(held))


def cut_off(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("how", [spoil_middle, cut_off, Path.unlink])
@pytest.mark.parametrize("kind", ["term", "idx", "pos", "store", "fast", "fieldnorm", "meta.json"])
def test_a_damaged_file_is_a_sentence_and_the_next_ingest_repairs_it(
    tmp_path: Path, how: object, kind: str
) -> None:
    settings = Settings.under(tmp_path / "home")
    recorded(settings, *book("old"))
    indexed(settings)
    folder = Path(settings.index_url.removeprefix("embedded:"))
    (build,) = folder.glob("build-*")
    for file in build.iterdir():
        if file.name.endswith(kind):
            how(file)  # type: ignore[operator]
    try:
        with Library.open(settings) as library:
            found(library, "duty number7")
            library.index.facets(StatuteQuery(text="duty", as_at=DAY))
    except (IndexMissingError, SearchFailedError) as refusal:
        assert "\n" not in str(refusal)  # noqa: PT017 - some damage is not noticed by a search
        assert "inforce index" in str(refusal)  # noqa: PT017
    status = said(settings, "index", "status")
    assert "inforce index build" in (status.stdout + str(status.exception))
    assert indexed(settings) == MANY
    with Library.open(settings) as library:
        assert library.index.status().health == "green"
        whole(library, "old")
