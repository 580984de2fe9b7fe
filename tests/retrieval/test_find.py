"""The query box and the comparison of an index with its store, on the demonstration corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from corpus.demo import demo_files
from corpus.errors import IndexMissingError
from corpus.ingest import ingest
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from retrieval.engines.admin import drop
from retrieval.find import find
from retrieval.index import StatuteIndex, open_builder, open_index
from retrieval.index_check import Searches, verify
from retrieval.index_rows import indexed_texts
from retrieval.query import Hit, StatuteQuery
from tests.retrieval.conftest import state


@dataclass(frozen=True)
class Library:
    store: Store
    index: StatuteIndex
    url: str

    def find(self, text: str, day: str, **more: object) -> list[Hit]:
        query = StatuteQuery.model_validate({"text": text, "as_at": day, **more})
        return find(self.store, self.index, query)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    home: Path = tmp_path_factory.mktemp("library")
    url = f"embedded:{home / 'index'}"
    with Store.open(f"sqlite:///{home / 'law.db'}", create=True) as store:
        ingest(Jsonl(*demo_files()), store, strict=True)
        open_builder(url).build(indexed_texts(store), store.state(), lambda _: None)
        index = open_index(url)
        yield Library(store, index, url)
        index.close()


@pytest.mark.parametrize(
    ("text", "day", "provision"),
    [
        ("art. 1382 Code civil", "2016-09-30", "fr/code-civil#tort"),
        ("art. 1240 Code civil", "2016-10-01", "fr/code-civil#tort"),
        ("§ 195 BGB", "2010-01-01", "de/bgb#regular-limitation"),
        ("s 108 ERA 1996", "2010-01-01", "uk/era-1996#qualifying-period"),
    ],
)
def test_a_bare_citation_goes_straight_to_the_provision(
    library: Library, text: str, day: str, provision: str
) -> None:
    (hit,) = library.find(text, day)
    assert hit.provision_id == provision
    assert date.fromisoformat(day) in hit.valid


def test_a_bare_citation_of_nothing_in_force_finds_nothing(library: Library) -> None:
    assert library.find("art. 1382 Code civil", "2016-10-01") == []
    assert library.find("art. 427-1 C. civ.", "2026-11-01") == []


def test_a_citation_in_a_question_comes_first_then_what_the_words_find(library: Library) -> None:
    text = "Does s 124 ERA 1996 limit what a dismissed employee may get?"
    hits = library.find(text, "2015-01-01")
    assert hits[0].provision_id == "uk/era-1996#compensatory-limit"
    assert len(hits) > 1
    assert len({hit.provision_id for hit in hits}) == len(hits)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


def test_a_cited_provision_keeps_to_the_filters(library: Library) -> None:
    assert library.find("s 108 ERA 1996", "2010-01-01", jurisdictions=["fr"]) == []


def test_a_question_without_a_citation_is_searched(library: Library) -> None:
    asked = StatuteQuery(text="unfair dismissal qualifying period", as_at=date(2010, 1, 1))
    assert find(library.store, library.index, asked) == library.index.search(asked)


def test_no_hit_is_out_of_force(library: Library) -> None:
    found = verify(library.store, library.index, Searches(seed=3))
    assert found.sound, found.faults
    assert found.searches == 2_000
    assert found.hits > 4_000


def test_missing_surplus_and_misdated_rows_are_told(library: Library, tmp_path: Path) -> None:
    rows = list(indexed_texts(library.store))
    everlasting = [row.model_copy(update={"row_to": None}) for row in rows[:200]]
    extra = rows[-1].model_copy(update={"key": "nobody@1900-01-01"})
    url = f"embedded:{tmp_path / 'wrong'}"
    open_builder(url).build([*everlasting, *rows[201:], extra], state("x"), lambda _: None)
    found = verify(library.store, open_index(url), Searches(number=1_000))
    assert (found.missing, found.surplus) == (1, 1)
    assert found.wrong > 0
    assert not found.sound
    assert any("is not in force on" in fault for fault in found.faults)


def test_a_dropped_index_is_gone_and_the_store_is_not(library: Library, tmp_path: Path) -> None:
    url = f"embedded:{tmp_path / 'index'}"
    open_builder(url).build(islice(indexed_texts(library.store), 50), state("x"), lambda _: None)
    assert drop(url) == 1
    with pytest.raises(IndexMissingError):
        open_index(url)
    with pytest.raises(IndexMissingError):
        drop(f"embedded:{tmp_path / 'never'}")
