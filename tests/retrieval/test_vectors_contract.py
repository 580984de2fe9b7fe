"""What every engine promises of its vectors: dated, exact, the same; and words when they fail."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from corpus.demo import demo_files
from corpus.errors import StoreError
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from retrieval.engines.index_schema import place
from retrieval.index import OpenedIndex, _open_engine, open_builder, open_index
from retrieval.index_build import Embedding, load, refresh_index
from retrieval.index_protocols import EngineIndex
from retrieval.index_url import parse_index_url
from retrieval.query import IndexedText, StatuteQuery
from retrieval.vectors.dated_vectors import DATES, FILES
from retrieval.vectors.embedding import embed
from retrieval.vectors.encoder import Encoder, EncoderError, Vectors
from retrieval.vectors.fusion import STATUTE_WEIGHT, WEIGHT
from retrieval.vectors.hybrid import HybridIndex
from retrieval.vectors.kept_vectors import KeptVectors, RowVectors
from retrieval.vectors.passage import passage
from retrieval.vectors.quantised import quantised, units
from tests.retrieval.conftest import ROWS, ask, names, state
from tests.retrieval.test_fusion import expected
from tests.retrieval.test_kept_vectors import Hashing, silent


def build(url: str, folder: Path, encoder: Encoder, rows: Sequence[IndexedText] = ROWS) -> None:
    with KeptVectors(folder / "vectors.db", encoder.identity) as kept:
        embed(rows, encoder, kept, silent)
        open_builder(url, RowVectors(kept)).build(rows, state("one"), lambda _: None)


@pytest.fixture(scope="module", params=["embedded", "elastic"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineIndex]:
    folder = tmp_path_factory.mktemp("vectors")
    if request.param == "embedded":
        url = f"embedded:{folder / 'index'}"
    else:
        url = request.getfixturevalue("elastic_url") + "-vectors"
    build(url, folder, Hashing())
    opened = _open_engine(parse_index_url(url))
    yield opened
    opened.close()


def test_the_nearest_are_those_of_a_full_scan_on_the_day(engine: EngineIndex) -> None:
    encoder = Hashing()
    vectors = units(quantised(encoder.passages([passage(r) for r in ROWS])))
    edges = sorted({r.row_from for r in ROWS} | {r.row_to for r in ROWS if r.row_to})
    chance = random.Random(1)
    versions = {place(r): r.version_id for r in ROWS}
    asked = []
    for number in range(60):
        query = StatuteQuery(
            text=f"question {number}",
            as_at=chance.choice(edges) + timedelta(days=chance.choice([-1, 0, 1])),
            known_at=chance.choice([None, None, date(2003, 4, 30), date(2003, 5, 1)]),
            extent=chance.choice([None, None, "S", "E"]),
            limit=chance.choice([1, 5, 40]),
        )
        asked.append((encoder.questions([query.text])[0], query))
    found = engine.nearest_many(asked)
    assert found == [engine.nearest(*one) for one in asked]
    for (vector, query), hits in zip(asked, found, strict=True):
        wanted = expected(ROWS, vectors, units(quantised(vector[None]))[0], query)
        assert [hit.score for hit in hits] == pytest.approx([c for _, c in wanted], abs=1e-5)
        cosines = Counter(round(cosine, 5) for _, cosine in wanted)
        for hit, (name, cosine) in zip(hits, wanted, strict=True):
            if cosines[round(cosine, 5)] == 1 and cosine > wanted[-1][1]:  # equal texts are equal
                assert hit.version_id == versions[name]
        assert all(query.as_at in hit.valid for hit in hits)


@pytest.mark.parametrize(
    "filters",
    [{"jurisdictions": ("fr",)}, {"works": ("fr/code-travail",)}, {"languages": ("fr",)}],
)
def test_the_nearest_keep_to_the_filters(
    engine: EngineIndex, filters: dict[str, tuple[str, ...]]
) -> None:
    query = StatuteQuery.model_validate({"text": "x", "as_at": "2020-01-01", **filters})
    hits = engine.nearest(Hashing().questions(["x"])[0], query)
    assert {hit.jurisdiction for hit in hits} == {"fr"}


@pytest.fixture
def index(engine: EngineIndex) -> OpenedIndex:
    return OpenedIndex(HybridIndex(engine, Hashing))


@pytest.mark.parametrize("day", ["2010-04-05", "2010-04-06", "2004-12-31", "2005-01-01"])
def test_a_fused_search_finds_only_what_is_in_force_once_each(index: OpenedIndex, day: str) -> None:
    hits = ask(index, "unfair dismissal compensation notice", day, limit=50)
    assert hits
    assert all(date.fromisoformat(day) in hit.valid for hit in hits)
    assert len({hit.provision_id for hit in hits}) == len(hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_search_finds_what_shares_no_word_with_it(index: OpenedIndex) -> None:
    text = "Wages are paid monthly."  # to this encoder only the same text is near
    hits = ask(index, text)
    assert names(hits)[0] == "pay"
    assert hits[0].similarity == pytest.approx(1.0, abs=1e-2)
    assert ask(index, "zzz zzz") != []


class _Towards(Hashing):
    """Takes every question to mean what the provision on pay says."""

    def questions(self, texts: Sequence[str]) -> Vectors:
        (pay,) = (row for row in ROWS if row.provision_id.endswith("#pay"))
        return self.passages([passage(pay)] * len(texts))


@pytest.mark.parametrize(
    ("question", "first", "share"),
    [
        ("What is the period of notice?", "notice", STATUTE_WEIGHT),
        ("How many weeks must somebody stay who quits and moves abroad?", "pay", WEIGHT),
    ],
)
def test_words_of_the_law_weigh_more_than_meaning_and_other_words_less(
    engine: EngineIndex, question: str, first: str, share: float
) -> None:
    index = OpenedIndex(HybridIndex(engine, _Towards))
    query = StatuteQuery(text=question, as_at=date(2020, 1, 1))
    assert names(index.without_vectors().search(query))[0] == "notice"
    for hits in (index.search(query), *index.search_many([query])):
        assert names(hits)[0] == first
        scores = dict(zip(names(hits), (hit.score for hit in hits), strict=True))
        assert scores["pay"] == pytest.approx(share, abs=1e-6)


def test_one_search_and_many_find_the_same(index: OpenedIndex) -> None:
    queries = [
        StatuteQuery(text=text, as_at=date(2020, 1, 1), limit=limit)
        for text in ("notice", '"period of notice"', "", "durée légale", "行贿")
        for limit in (1, 10)
    ]
    alone = [OpenedIndex(index._engine).search(query) for query in queries]
    assert OpenedIndex(index._engine).search_many(queries) == alone


def test_a_quoted_phrase_is_left_to_the_words(index: OpenedIndex) -> None:
    assert names(ask(index, '"period of notice"')) == ["notice"]


@pytest.mark.parametrize("text", ["", "   ", "*", "()", "\x00", "—"])
def test_a_query_without_words_finds_nothing(index: OpenedIndex, text: str) -> None:
    assert ask(index, text) == []


class Down(Hashing):
    """An encoder whose server is down until it is started."""

    def __init__(self) -> None:
        super().__init__()
        self.running = False
        self.tries = 0

    def questions(self, texts: Sequence[str]) -> Vectors:
        self.tries += 1
        if not self.running:
            raise EncoderError("the embeddings server cannot be reached")
        return super().questions(texts)


def test_with_the_encoder_down_words_are_searched_and_said(
    engine: EngineIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Down()
    opened = OpenedIndex(HybridIndex(engine, lambda: encoder))
    words = engine.search(StatuteQuery(text="period of notice", as_at=date(2020, 1, 1)))
    assert ask(opened, "period of notice") == words
    assert opened.words_only == ("searched by words alone: the embeddings server cannot be reached")
    ask(opened, "wages")
    assert encoder.tries == 1  # it is left alone for a while
    encoder.running = True
    monkeypatch.setattr("retrieval.vectors.hybrid._RETRY_SECONDS", 0.0)
    opened._engine._failed = ("searched by words alone: down", 0.0)
    assert ask(opened, "period of notice")[0].similarity is not None  # nothing stale was kept
    assert opened.words_only is None


def test_an_encoder_of_another_kind_than_the_index_is_said(engine: EngineIndex) -> None:
    opened = OpenedIndex(HybridIndex(engine, lambda: Hashing(size=4, name="small")))
    assert names(ask(opened, "period of notice"))[0] == "notice"
    assert opened.words_only is not None
    assert "hashing/passage-1 and the encoder in use is small" in opened.words_only
    assert "'inforce index build'" in opened.words_only


def test_an_encoder_of_another_dimension_under_the_same_name_leaves_the_words(
    engine: EngineIndex,
) -> None:
    opened = OpenedIndex(HybridIndex(engine, lambda: Hashing(size=4)))
    query = StatuteQuery(text="period of notice", as_at=date(2020, 1, 1))
    assert opened.search(query) == engine.search(query)
    assert opened.search_many([query]) == [engine.search(query)]
    assert opened.words_only == (
        "searched by words alone: the encoder now gives vectors of 4 numbers, but those of the "
        "index have 16: remove the file of kept vectors, then run 'inforce index build --anew'"
    )


def test_without_an_encoder_words_are_searched_and_nothing_is_amiss(engine: EngineIndex) -> None:
    opened = OpenedIndex(HybridIndex(engine, lambda: None))
    assert names(ask(opened, "period of notice"))[0] == "notice"
    assert opened.words_only is None


@pytest.mark.parametrize("name", ["vectors-codes.npy", "vectors-rows.npy"])
def test_a_vectors_file_cut_short_leaves_the_words(tmp_path: Path, name: str) -> None:
    url = f"embedded:{tmp_path / 'index'}"
    build(url, tmp_path, Hashing())
    (file,) = (tmp_path / "index").glob(f"build-*/{name}")
    os.truncate(file, file.stat().st_size // 2)
    opened = OpenedIndex(HybridIndex(_open_engine(parse_index_url(url)), Hashing))
    assert names(ask(opened, "period of notice")) == names(
        ask(OpenedIndex(HybridIndex(opened._engine, lambda: None)), "period of notice")
    )
    assert opened.words_only is not None
    assert "are damaged (a file is missing or cut off)" in opened.words_only
    assert opened.status().words_only == opened.words_only
    assert opened.status().health == "red"  # so the next ingest builds it anew
    opened.close()


@pytest.mark.parametrize("name", DATES)
def test_vectors_of_another_build_leave_the_words(tmp_path: Path, name: str) -> None:
    """As many rows, one of them with other dates: its vector would be found out of force."""
    pay = next(row for row in ROWS if row.provision_id.endswith("#pay"))
    ended = pay.model_copy(
        update={"row_to": date(2000, 1, 1), "language": "ga", "extent": "E", "work_id": "uk/lubour"}
    )
    others = [ended if row is pay else row for row in ROWS]
    for folder, rows in (("here", others), ("elsewhere", ROWS)):
        (tmp_path / folder).mkdir()
        build(f"embedded:{tmp_path / folder / 'index'}", tmp_path / folder, Hashing(), rows)
    (here,), (elsewhere,) = (
        list((tmp_path / folder).glob(f"index/*/{name}")) for folder in ("here", "elsewhere")
    )
    assert here.read_bytes() != elsewhere.read_bytes()
    assert here.stat().st_size == elsewhere.stat().st_size or name != FILES[1]
    shutil.copy(elsewhere, here)
    index = open_index(f"embedded:{tmp_path / 'here' / 'index'}", Hashing)
    assert "pay" not in names(ask(index, "Wages are paid monthly."))
    assert index.words_only is not None
    assert "are damaged" in index.words_only
    assert "'inforce index build --anew'" in index.words_only
    index.close()


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Store]:
    settings = Settings.under(tmp_path)
    (french,) = (file for file in demo_files() if file.name == "fr.jsonl")
    load(Jsonl(french), settings, strict=True, vectors=False)
    with Store.open(settings.store_url) as store:
        yield store


def test_one_more_act_embeds_only_its_own_texts(
    corpus: Store, engine_url: str, tmp_path: Path
) -> None:
    encoder = Hashing()
    embedding = Embedding(encoder, tmp_path / "kept.db")
    refresh_index(corpus, engine_url, silent, embedding=embedding)
    before = len(encoder.encoded)
    assert refresh_index(corpus, engine_url, silent, embedding=embedding) == 0
    (spanish,) = (file for file in demo_files() if file.name == "es.jsonl")
    new = list(Jsonl(spanish).works(lambda fault: None))
    corpus.write(new[0])
    rows = refresh_index(corpus, engine_url, silent, embedding=embedding)
    assert 0 < rows < 40
    assert 0 < len(encoder.encoded) - before <= rows
    text = new[0].versions[0].text
    opened = OpenedIndex(HybridIndex(_open_engine(parse_index_url(engine_url)), lambda: encoder))
    day = new[0].versions[0].valid_from
    assert day is not None
    (nearest, *_) = opened._engine.nearest(
        encoder.questions([passage(_first(new[0].versions[0].heading, text))])[0],
        StatuteQuery(text="x", as_at=day),
    )
    assert nearest.text == text
    opened.close()


def _first(heading: str | None, text: str) -> IndexedText:
    return ROWS[0].model_copy(update={"heading": heading, "text": text})


def test_an_encoder_that_fails_in_mid_build_leaves_an_index_of_words_that_says_so(
    corpus: Store, engine_url: str, tmp_path: Path
) -> None:
    failing = Embedding(Hashing(fails_at=64), tmp_path / "kept.db")
    with pytest.raises(EncoderError, match="holds words alone until 'inforce index build'"):
        refresh_index(corpus, engine_url, silent, embedding=failing)
    opened = open_index(engine_url)
    assert ask(opened, "mariage", "2000-01-01") != []
    assert opened.words_only == "searched by words alone: the embeddings server is down"
    assert (opened.status().vectors, opened.status().words_only) == (None, opened.words_only)
    opened.close()
    again = Hashing()
    rows = refresh_index(
        corpus, engine_url, silent, embedding=Embedding(again, tmp_path / "kept.db")
    )
    assert rows > len(again.encoded) > 0  # what was made before the failure is not made again
    engine = _open_engine(parse_index_url(engine_url))
    assert engine.vectors == "hashing/passage-1"
    assert engine.words_only is None
    engine.close()


def test_a_file_of_kept_vectors_cut_short_leaves_the_index_as_it_was(
    corpus: Store, engine_url: str, tmp_path: Path
) -> None:
    embedding = Embedding(Hashing(), tmp_path / "kept.db")
    refresh_index(corpus, engine_url, silent, embedding=embedding)
    os.truncate(embedding.file, embedding.file.stat().st_size // 2)
    with pytest.raises(StoreError, match=r"kept\.db cannot be read .*have them made anew"):
        refresh_index(corpus, engine_url, silent, anew=True, embedding=embedding)
    opened = open_index(engine_url, Hashing)
    assert ask(opened, "mariage", "2000-01-01")[0].similarity is not None
    assert opened.words_only is None
    opened.close()


def test_an_index_is_built_anew_when_vectors_are_added_or_left_out(
    corpus: Store, engine_url: str, tmp_path: Path
) -> None:
    def held() -> str | None:
        engine = _open_engine(parse_index_url(engine_url))
        found = engine.vectors
        engine.close()
        return found

    embedding = Embedding(Hashing(), tmp_path / "kept.db")
    whole = refresh_index(corpus, engine_url, silent, anew=True)
    assert held() is None
    assert refresh_index(corpus, engine_url, silent, embedding=embedding) == whole
    assert held() == "hashing/passage-1"
    assert refresh_index(corpus, engine_url, silent) == whole
    assert held() is None
