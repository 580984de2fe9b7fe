"""The cache in front of an index: never an answer of another day, filter or build."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from corpus.errors import SearchFailedError
from retrieval.engines.embedded import EmbeddedIndex
from retrieval.engines.embedded_build import EmbeddedBuilder
from retrieval.index import CachedIndex
from retrieval.query import Hit, StatuteQuery
from tests.retrieval.conftest import ROWS, ask, names, row, state


class Counting(EmbeddedIndex):
    """An index that counts what it is asked, and may fail."""

    asked = 0
    broken = False

    def search(self, query: StatuteQuery) -> list[Hit]:
        self.asked += 1
        if self.broken:
            raise SearchFailedError("the disk is gone")
        return super().search(query)

    def search_many(self, queries: Sequence[StatuteQuery]) -> list[list[Hit]]:
        return [self.search(query) for query in queries]


@pytest.fixture
def inner(folder: Path) -> Counting:
    EmbeddedBuilder(folder).build(ROWS, state("one"), lambda _: None)
    return Counting(folder)


def test_the_same_question_is_asked_once(inner: Counting) -> None:
    index = CachedIndex(inner)
    first = ask(index, "wages")
    first.clear()  # what a caller does with its list is its own affair
    assert names(ask(index, "wages")) == ["pay"]
    assert inner.asked == 1


@pytest.mark.parametrize(
    "other",
    [{"as_at": "2010-04-05"}, {"known_at": "2020-01-01"}, {"works": ["x/y"]}, {"limit": 3},
     {"extent": "S"}, {"text": "wage"}, {"languages": ["en"]}, {"jurisdictions": ["uk"]}],
)  # fmt: skip
def test_every_part_of_the_question_counts(inner: Counting, other: dict[str, object]) -> None:
    index = CachedIndex(inner)
    asked = {"text": "period of notice", "as_at": "2010-04-06"}
    index.search(StatuteQuery.model_validate(asked))
    index.search(StatuteQuery.model_validate({**asked, **other}))
    assert inner.asked == 2


def test_a_rebuild_forgets_the_old_answers(inner: Counting, folder: Path) -> None:
    index = CachedIndex(inner)
    assert names(ask(index, "wages")) == ["pay"]
    new = row("uk/x-1#new", "2000-01-01", None, "Wages are daily.")
    EmbeddedBuilder(folder).build([new], state("two"), lambda _: None)
    assert names(ask(index, "wages")) == ["new"]


def test_rollouts_that_ask_the_same_share_one_search(inner: Counting) -> None:
    index = CachedIndex(inner)
    texts = ["wages", "notice", "wages", "overtime"] * 64
    queries = [StatuteQuery(text=text, as_at=date(2020, 1, 1)) for text in texts]
    answers = index.search_many(queries)
    assert inner.asked == 3
    assert answers == [inner.search(query) for query in queries]


def test_a_failure_is_not_remembered(inner: Counting) -> None:
    index = CachedIndex(inner)
    inner.broken = True
    with pytest.raises(SearchFailedError):
        ask(index, "wages")
    inner.broken = False
    assert names(ask(index, "wages")) == ["pay"]


def test_it_holds_only_so_many(inner: Counting) -> None:
    index = CachedIndex(inner, size=2)
    for text in ("wages", "notice", "overtime", "wages"):
        ask(index, text)
    assert inner.asked == 4
    ask(index, "overtime")
    assert inner.asked == 4
