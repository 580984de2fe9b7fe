"""A long comparison of an index with its store goes on where it was ended, and waits for a node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from corpus.demo import demo_files
from corpus.errors import BadInputError, SearchFailedError
from corpus.ingest import ingest
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from retrieval.index import StatuteIndex, open_builder, open_index
from retrieval.index_check import Searches, verify
from retrieval.index_rows import indexed_texts
from retrieval.query import Hit, StatuteQuery


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path_factory.mktemp('checked') / 'law.db'}"
    with Store.open(url, create=True) as store:
        ingest(Jsonl(demo_files()[0]), store, strict=True)
        yield store


@pytest.fixture
def index(store: Store, tmp_path: Path) -> Iterator[StatuteIndex]:
    url = f"embedded:{tmp_path / 'index'}"
    open_builder(url).build(indexed_texts(store), store.state(), lambda _: None)
    index = open_index(url)
    yield index
    index.close()


class _Failing:
    """Fails in ``times`` batches, from the ``first`` on, and records what it answered."""

    def __init__(self, index: StatuteIndex, first: int, times: int) -> None:
        self._search = index.search_many
        self._failing = range(first, first + times)
        self._called = 0
        self.answered: list[StatuteQuery] = []

    def __call__(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        self._called += 1
        if self._called in self._failing:
            raise SearchFailedError("the node did not answer in time")
        self.answered += queries
        return self._search(queries)


def failing(
    monkeypatch: pytest.MonkeyPatch, index: StatuteIndex, first: int, times: int
) -> _Failing:
    search = _Failing(index, first, times)
    monkeypatch.setattr(index, "search_many", search)
    return search


def test_a_check_that_was_ended_goes_on_and_counts_like_one_that_was_not(
    store: Store, index: StatuteIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = verify(store, index, Searches(number=1_000, seed=5))
    kept = tmp_path / "counts.json"
    search = failing(monkeypatch, index, first=3, times=1)
    searches = Searches(number=1_000, seed=5, kept_in=kept)
    with pytest.raises(SearchFailedError, match="in time"):
        verify(store, index, searches)
    assert len(search.answered) == 400
    resumed = verify(store, index, searches)
    assert resumed == whole
    assert len(search.answered) == 1_000
    assert verify(store, index, searches) == whole
    assert len(search.answered) == 1_000, "nothing is left to search"


def test_a_slow_node_is_asked_again_and_each_search_is_counted_once(
    store: Store, index: StatuteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = verify(store, index, Searches(number=600, seed=6))
    monkeypatch.setattr("retrieval.patience.time.sleep", lambda _: None)
    search = failing(monkeypatch, index, first=2, times=4)
    assert verify(store, index, Searches(number=600, seed=6, patience=60)) == whole
    assert len(search.answered) == 600


def test_counts_of_another_check_are_refused(
    store: Store, index: StatuteIndex, tmp_path: Path
) -> None:
    kept = tmp_path / "counts.json"
    verify(store, index, Searches(number=200, seed=7, kept_in=kept))
    with pytest.raises(BadInputError, match="another index, corpus or seed"):
        verify(store, index, Searches(number=400, seed=8, kept_in=kept))
    kept.write_text("{")
    with pytest.raises(BadInputError, match=r"counts\.json does not hold the counts"):
        verify(store, index, Searches(number=400, seed=7, kept_in=kept))
