"""Fused rankings and dated vectors: exact, and never out of force."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from retrieval.engines.embedded import EmbeddedIndex
from retrieval.engines.embedded_build import EmbeddedBuilder
from retrieval.query import StatuteQuery
from retrieval.vectors.fusion import DatedVectors, reciprocal_rank_fusion
from retrieval.vectors.hybrid import HybridIndex
from retrieval.vectors.lsa import LatentEncoder, learn
from retrieval.vectors.transformers_encoder import TransformersEncoder
from tests.retrieval.conftest import ROWS, ask, names, row, state


def test_fusion_by_hand() -> None:
    fused = dict(reciprocal_rank_fusion([["a", "b", "c"], ["b", "d"]]))
    assert fused == pytest.approx({"b": 1 / 62 + 1 / 61, "a": 1 / 61, "c": 1 / 63, "d": 1 / 62})
    assert [item for item, _ in reciprocal_rank_fusion([["a", "b"], ["b", "a"]])] == ["a", "b"]


def test_fusion_counts_an_item_once_per_ranking_and_takes_nothing_from_none() -> None:
    assert reciprocal_rank_fusion([["a", "a", "b"], []]) == [("a", 1 / 61), ("b", 1 / 62)]
    assert reciprocal_rank_fusion([]) == []


def units(count: int, size: int = 8) -> np.ndarray:
    vectors = np.random.default_rng(5).standard_normal((count, size)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_vectors_equal_a_full_scan_on_every_day() -> None:
    vectors = units(len(ROWS))
    held = DatedVectors(vectors, ROWS)
    edges = sorted({r.row_from for r in ROWS} | {r.row_to for r in ROWS if r.row_to})
    chance = random.Random(1)
    for _ in range(300):
        day = chance.choice(edges) + timedelta(days=chance.choice([-1, 0, 1]))
        known = chance.choice([None, date(2003, 4, 30), date(2003, 5, 1)])
        extent = chance.choice([None, "S", "E"])
        asked = units(1)[0] if chance.random() < 0.5 else vectors[chance.randrange(len(ROWS))]
        query = StatuteQuery(text="x", as_at=day, known_at=known, extent=extent, limit=5)
        best: dict[str, tuple[float, int]] = {}
        for i, r in enumerate(ROWS):
            dated = r.row_from <= day and (r.row_to is None or day < r.row_to)
            here = extent is None or r.extent is None or extent in r.extent.split("+")
            start, end = r.known_from, r.known_to
            if known is None:
                believed = end is None
            else:
                believed = (not start or start <= known) and (not end or known < end)
            if dated and here and believed:
                cosine = float(vectors[i] @ asked)
                best[r.provision_id] = max(best.get(r.provision_id, (-2.0, -1)), (cosine, i))
        wanted = sorted((v for v in best.values()), reverse=True)[:5]
        found = held.search(asked, query)
        assert [i for i, _ in found] == [i for _, i in wanted]
        assert [c for _, c in found] == pytest.approx([c for c, _ in wanted], abs=1e-6)


@pytest.mark.parametrize(
    "filters",
    [{"jurisdictions": ("fr",)}, {"works": ("fr/code-travail",)}, {"languages": ("fr",)}],
)
def test_vectors_keep_to_the_filters(filters: dict[str, tuple[str, ...]]) -> None:
    held = DatedVectors(units(len(ROWS)), ROWS)
    query = StatuteQuery.model_validate({"text": "x", "as_at": "2020-01-01", **filters})
    found = held.search(units(1)[0], query)
    assert {ROWS[i].jurisdiction for i, _ in found} == {"fr"}


def test_only_so_many_days_are_kept_ready() -> None:
    held = DatedVectors(units(len(ROWS)), ROWS, snapshots=2)
    for year in range(1990, 2020):
        held.search(units(1)[0], StatuteQuery(text="x", as_at=date(year, 1, 1)))
    assert len(held._snapshots) == 2


def test_a_vector_for_each_row() -> None:
    with pytest.raises(ValueError, match="2 vectors for"):
        DatedVectors(units(2), ROWS)


def test_no_row_in_force_is_no_hit() -> None:
    held = DatedVectors(units(len(ROWS)), ROWS)
    assert held.search(units(1)[0], StatuteQuery(text="x", as_at=date(1, 1, 1))) == []


TEXTS = [r.text for r in ROWS]


def test_the_latent_encoder_knows_inflected_forms() -> None:
    encoder = learn([*TEXTS, "töölepingu lõpetamine", "töölepingust taganemine"], dimensions=16)
    same, other = encoder.encode(["tööleping", "Wages are paid monthly"])
    target = encoder.encode(["töölepingu lõpetamine"])[0]
    assert same @ target > other @ target + 0.2


def test_the_latent_encoder_gives_unit_vectors_and_zeros_for_nothing(tmp_path: Path) -> None:
    encoder = learn(TEXTS, dimensions=16)
    vectors = encoder.encode([*TEXTS, "", "***"])
    assert np.linalg.norm(vectors[:-2], axis=1) == pytest.approx(1.0, abs=1e-4)
    assert not vectors[-2:].any()
    encoder.save(tmp_path / "encoder.npz")
    again = LatentEncoder.load(tmp_path / "encoder.npz")
    assert np.array_equal(again.encode(TEXTS), encoder.encode(TEXTS))


def test_the_latent_encoder_is_the_same_from_the_same_seed() -> None:
    assert np.array_equal(learn(TEXTS, 8).directions, learn(TEXTS, 8).directions)


@pytest.fixture
def hybrid(folder: Path) -> HybridIndex:
    rows = [*ROWS, row("ee/tls#end", "2009-07-01", None, "Töölepingut lõpetamas.", language="et")]
    EmbeddedBuilder(folder).build(rows, state("one"), lambda _: None)
    return HybridIndex(EmbeddedIndex(folder), rows, learn([r.text for r in rows], dimensions=24))


def test_a_hybrid_finds_what_words_miss(hybrid: HybridIndex) -> None:
    assert ask(hybrid._words, "tööleping") == []  # type: ignore[arg-type]
    assert names(ask(hybrid, "tööleping"))[0] == "end"


@pytest.mark.parametrize("day", ["2010-04-05", "2010-04-06", "2004-12-31", "2005-01-01"])
def test_a_hybrid_is_dated_too(hybrid: HybridIndex, day: str) -> None:
    hits = ask(hybrid, "unfair dismissal compensation notice", day, limit=50)
    assert hits
    assert all(date.fromisoformat(day) in hit.valid for hit in hits)
    assert len({hit.provision_id for hit in hits}) == len(hits)


def test_a_quoted_phrase_is_left_to_the_words(hybrid: HybridIndex) -> None:
    assert names(ask(hybrid, '"period of notice"')) == ["notice"]


def test_an_encoder_that_cannot_be_loaded_is_one_sentence() -> None:
    from corpus.errors import BadInputError

    with pytest.raises(BadInputError, match=r"inforce\[dense\]|no encoder can be loaded"):
        TransformersEncoder("/no/such/model")
