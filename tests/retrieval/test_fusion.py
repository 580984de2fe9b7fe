"""Fused rankings and dated vectors: exact, and never out of force."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from retrieval.engines.index_schema import place
from retrieval.query import IndexedText, StatuteQuery
from retrieval.vectors.dated_vectors import DatedVectors
from retrieval.vectors.fusion import STATUTE_WEIGHT, WEIGHT, fused, weight_for
from retrieval.vectors.quantised import quantised, units
from tests.retrieval.conftest import ROWS, row


def test_fusion_by_hand() -> None:
    words = [("a", 8.0), ("b", 4.0), ("c", 2.0)]
    near = [("b", 0.9), ("d", 0.85), ("e", 0.8)]
    assert dict(fused(words, near, weight=0.6)) == pytest.approx(
        {"a": 0.4, "b": 0.6 + 0.2, "c": 0.1, "d": 0.3, "e": 0.0}
    )
    assert [item for item, _ in fused(words, near, weight=0.6)] == ["b", "a", "d", "c", "e"]


@pytest.mark.parametrize(
    ("question", "language", "text", "weight"),
    [
        ("Is a licence granted by the council?", "en", "The council grants a licence.", True),
        ("My shop wants to sell drink. Whom do I ask first, please?", "en",
         "The council grants a licence.", False),
        ("劳务派遣单位的注册资本", "zh", "劳务派遣单位注册资本不得少于五十万元。", True),
        ("我想开个小公司要多少本钱", "zh", "劳务派遣单位注册资本不得少于五十万元。", False),
    ],
)  # fmt: skip
def test_words_of_the_law_are_sought_by_words_others_by_meaning(
    question: str, language: str, text: str, weight: bool
) -> None:
    assert weight_for(question, None, text, language) == (STATUTE_WEIGHT if weight else WEIGHT)


def test_one_ranking_alone_keeps_its_order() -> None:
    ranking = [("a", 3.0), ("b", 2.0), ("c", 1.0)]
    assert [item for item, _ in fused(ranking, [])] == ["a", "b", "c"]
    assert [item for item, _ in fused([], ranking)] == ["a", "b", "c"]
    assert fused([], []) == []


def test_equal_scores_are_no_division_by_zero() -> None:
    assert dict(fused([("a", 0.0)], [("b", 0.5), ("c", 0.5)], weight=0.5)) == {
        "a": 0.5,
        "b": 0.5,
        "c": 0.5,
    }


def drawn(count: int, size: int = 8, seed: int = 5) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, size)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def dated(rows: Sequence[IndexedText] = ROWS, size: int = 8) -> DatedVectors:
    records = [codes.tobytes() for codes in quantised(drawn(len(rows), size))]
    return DatedVectors.of(rows, records)


def expected(
    rows: Sequence[IndexedText], vectors: np.ndarray, asked: np.ndarray, query: StatuteQuery
) -> list[tuple[int, float]]:
    """The places and cosines of a full scan in plain words."""
    best: dict[str, tuple[float, int]] = {}
    for vector, r in zip(vectors, rows, strict=True):
        live = r.row_from <= query.as_at and (r.row_to is None or query.as_at < r.row_to)
        here = query.extent is None or r.extent is None or query.extent in r.extent.split("+")
        start, end, known = r.known_from, r.known_to, query.known_at
        if known is None:
            believed = end is None
        else:
            believed = (not start or start <= known) and (not end or known < end)
        if live and here and believed:
            cosine = (float(vector @ asked), -place(r))
            best[r.provision_id] = max(best.get(r.provision_id, (-2.0, 0)), cosine)
    found = sorted(best.values(), reverse=True)[: query.limit]
    return [(-negative, cosine) for cosine, negative in found]


def test_vectors_equal_a_full_scan_on_every_day() -> None:
    vectors = units(quantised(drawn(len(ROWS))))
    held = dated()
    edges = sorted({r.row_from for r in ROWS} | {r.row_to for r in ROWS if r.row_to})
    chance = random.Random(1)
    for number in range(300):
        day = chance.choice(edges) + timedelta(days=chance.choice([-1, 0, 1]))
        known = chance.choice([None, date(2003, 4, 30), date(2003, 5, 1)])
        extent = chance.choice([None, "S", "E"])
        asked = drawn(1, seed=number)[0]
        query = StatuteQuery(text="x", as_at=day, known_at=known, extent=extent, limit=5)
        wanted = expected(ROWS, vectors, units(quantised(asked[None]))[0], query)
        found = held.search(asked, query)
        assert [name for name, _ in found] == [name for name, _ in wanted]
        assert [c for _, c in found] == pytest.approx([c for _, c in wanted], abs=1e-5)


def many_rows(count: int = 3_000) -> list[IndexedText]:
    """Rows over several blocks, most out of force on any one day; some share a provision."""
    chance = random.Random(7)
    rows = []
    for i in range(count):
        start = date(1900, 1, 1) + timedelta(days=chance.randrange(40_000))
        end = start + timedelta(days=chance.randrange(1, 9_000))
        name = f"{chance.choice(['uk', 'fr', 'de'])}/act-{i % 40}#p{i // 2}"
        rows.append(row(name, str(start), str(end), f"text {i}", language=chance.choice("ab")))
    return rows


def test_blocks_that_are_passed_over_hold_nothing_in_force() -> None:
    rows = many_rows()
    vectors, held = units(quantised(drawn(len(rows)))), dated(rows)
    for number in range(60):
        asked = drawn(1, seed=number)[0]
        day = date(1890, 1, 1) + timedelta(days=800 * number)
        query = StatuteQuery(text="x", as_at=day, limit=10)
        wanted = expected(rows, vectors, units(quantised(asked[None]))[0], query)
        found = held.search(asked, query)
        assert [name for name, _ in found] == [name for name, _ in wanted]


@pytest.mark.parametrize(
    "filters",
    [{"jurisdictions": ("fr",)}, {"works": ("fr/code-travail",)}, {"languages": ("fr",)}],
)
def test_vectors_keep_to_the_filters(filters: dict[str, tuple[str, ...]]) -> None:
    query = StatuteQuery.model_validate({"text": "x", "as_at": "2020-01-01", **filters})
    found = dated().search(drawn(1)[0], query)
    by_place = {place(r): r for r in ROWS}
    assert {by_place[name].jurisdiction for name, _ in found} == {"fr"}


def test_what_is_written_is_what_is_opened(tmp_path: Path) -> None:
    dated().write(tmp_path)
    query = StatuteQuery(text="x", as_at=date(2020, 1, 1))
    asked = drawn(1)[0]
    assert DatedVectors.open(tmp_path).search(asked, query) == dated().search(asked, query)


def test_works_replaced_are_as_if_all_were_made_anew() -> None:
    rows = many_rows(400)
    works = {"uk/act-1", "de/act-2"}
    stay = [r for r in rows if r.work_id not in works]
    new = [row("uk/act-1#new", "1950-01-01", None, "new", extent="S"), *ROWS]
    codes = quantised(drawn(len(rows) + len(new)))
    records = {r.key: v.tobytes() for r, v in zip([*rows, *new], codes, strict=True)}
    before = DatedVectors.of(rows, [records[r.key] for r in rows])
    after = before.replaced(works, new, [records[r.key] for r in new])
    anew = DatedVectors.of([*stay, *new], [records[r.key] for r in [*stay, *new]])
    for number in range(40):
        asked, day = drawn(1, seed=number)[0], date(1920 + number * 2, 5, 1)
        for extent in (None, "S", "E"):
            query = StatuteQuery(text="x", as_at=day, extent=extent, limit=20)
            assert after.search(asked, query) == anew.search(asked, query)
    none = before.replaced({r.work_id for r in rows}, [], [])
    assert none.search(drawn(1)[0], StatuteQuery(text="x", as_at=date(1950, 1, 1))) == []


def test_a_vector_for_each_row() -> None:
    with pytest.raises(ValueError, match="2 vectors for"):
        DatedVectors(np.ones((2, 8), np.int8), dated()._rows, {})


def test_no_row_in_force_is_no_hit() -> None:
    assert dated().search(drawn(1)[0], StatuteQuery(text="x", as_at=date(1, 1, 1))) == []
    assert dated([]).search(drawn(1)[0], StatuteQuery(text="x", as_at=date(2020, 1, 1))) == []
