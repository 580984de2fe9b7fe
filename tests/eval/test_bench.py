"""The benchmarks measure what they say: the same rows, the same days, the same answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from corpus.questions import Split
from eval.bench import embedding_cost, vectors_in_force
from eval.bench.book import Book
from eval.bench.contenders import BareTantivy, Ours, SqliteFts5
from eval.bench.plot import bars
from eval.bench.ranking import MEASURES, RankedQuery, RankingSet, load_demo, made
from eval.bench.retrieval import Times, _quantiles, ratio
from retrieval.index_url import parse_index_url
from retrieval.vectors.shipped import demo_passages


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    book = Book(400, 0, tmp_path_factory.mktemp("book") / "rows.jsonl")
    book.write(lambda *_: None)
    return book


def test_every_contender_finds_the_same_texts_of_the_day(book: Book, tmp_path: Path) -> None:
    ours = Ours(parse_index_url(f"embedded:{tmp_path / 'index'}"))
    others = [
        BareTantivy(tmp_path / "index"),
        BareTantivy(tmp_path / "index", ranges=True),
        SqliteFts5(tmp_path / "fts5.db"),
    ]
    for contender in (ours, *others):
        contender.build(book.rows(lambda *_: None))
    rows = list(book.rows(lambda *_: None))
    found_something = 0
    for query in book.queries(100):
        day = query.as_at
        live = {r.text for r in rows if r.row_from <= day and (not r.row_to or day < r.row_to)}
        hits = ours.search(query)
        found_something += bool(hits)
        assert {hit.text for hit in hits} <= live
        bare, ranges = ([hit["text"] for hit in other.search(query)] for other in others[:2])
        assert sorted(bare) == sorted(ranges)
        assert {text for text, _ in others[2].search(query)} <= live
        assert bool(bare) == bool(hits) == bool(others[2].search(query))
    assert found_something > 50


def test_a_book_and_its_queries_follow_from_the_seed(book: Book, tmp_path: Path) -> None:
    again = Book(400, 0, tmp_path / "rows.jsonl")
    again.write(lambda *_: None)
    assert again.queries(50) == book.queries(50)
    assert list(again.rows(lambda *_: None)) == list(book.rows(lambda *_: None))


def test_a_ratio_is_taken_query_by_query() -> None:
    found = ratio([2.0, 20.0, 3.0], [1.0, 10.0, 3.0])
    assert (found.median, found.low, found.high) == (2.0, 1.0, 2.0)


def test_processor_time_is_unknown_where_others_do_the_work() -> None:
    found = _quantiles(Times(wall=(1.0, 2.0, 3.0), processor=()))
    assert (found["p50"], found["processor_p50"]) == (2.0, None)


def test_a_plot_names_every_contender_once() -> None:
    plot = bars("Search <dated>", "ms", ("p50", "p95"), [("a & b", (1.0, 2.0)), ("c", (9.0, 90.0))])
    assert plot.count("a &amp; b") == 1
    assert "Search &lt;dated&gt;" in plot


@pytest.mark.parametrize(
    ("rank", "worth"), [(1, (1, 1, 1, 1)), (2, (0, 1, 0.5, 0.6309)), (None, (0, 0, 0, 0))]
)
def test_what_a_rank_is_worth(rank: int | None, worth: tuple[float, ...]) -> None:
    assert [MEASURES[name](rank) for name in MEASURES] == pytest.approx(worth, abs=1e-4)


def test_train_and_test_questions_share_no_work(tmp_path: Path) -> None:
    with load_demo(tmp_path) as store:
        ground = RankingSet(store, tmp_path, seed=0)
        splits: tuple[Split, ...] = ("train", "test")
        train, test = (made(ground, split, 200) for split in splits)
    assert train
    assert test
    assert not works(train) & works(test)


def works(asked: list[RankedQuery]) -> set[str]:
    return {question.work_id for question in asked}


@pytest.mark.parametrize("masked", [True, False])
def test_a_nearest_text_out_of_force_is_counted_as_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], masked: bool
) -> None:
    if not masked:
        everything = np.ones(848, dtype=np.bool_)
        monkeypatch.setattr(
            "retrieval.vectors.dated_vectors.DatedVectors._mask", lambda self, query: everything
        )
    status = vectors_in_force.main(["--searches", "200"])
    found = json.loads(capsys.readouterr().out)
    assert (status, found["wrong"] == 0) == ((0, True) if masked else (1, False))
    assert found["near"] > 1_000
    assert (found["rows"], found["missing"], found["surplus"]) == (848, 0, 0)


def test_the_cost_of_embedding_is_that_of_the_distinct_passages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    embedding_cost.main(["--sample", "3"])
    printed = capsys.readouterr().out
    assert f"{len(demo_passages())} distinct passages, 3 of them embedded" in printed
    assert printed.count("ms a passage") == 1
    assert "ratio" not in printed
