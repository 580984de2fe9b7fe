"""What every engine promises. One suite, one fixture corpus, the same answers."""

from __future__ import annotations

import asyncio
import threading
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.errors import BadInputError, IndexMissingError
from retrieval.engines.admin import drop, swap_back
from retrieval.index import StatuteIndex, _open_engine, open_builder, open_index
from retrieval.index_url import parse_index_url
from retrieval.query import Hit, StatuteQuery
from tests.retrieval.conftest import CORPUS_HASH, ROWS, ask, names, state


def test_knows_which_corpus_it_holds(index: StatuteIndex) -> None:
    assert index.corpus_hash == CORPUS_HASH


@pytest.mark.parametrize(
    ("day", "words"),
    [("2010-04-05", "four weeks"), ("2010-04-06", "six weeks"), ("1990-01-01", "four weeks")],
)
def test_commencement_day_belongs_to_new_version(index: StatuteIndex, day: str, words: str) -> None:
    hits = ask(index, "period of notice", day)
    assert words in hits[0].text
    assert date.fromisoformat(day) in hits[0].valid
    assert len([h for h in hits if h.provision_id.endswith("#notice")]) == 1


def test_the_day_before_the_first_version_finds_nothing(index: StatuteIndex) -> None:
    assert "notice" not in names(ask(index, "period of notice", "1989-12-31"))


@pytest.mark.parametrize(
    ("day", "found"),
    [("1297-10-12", ["old"]), ("1297-10-11", []), ("1401-01-01", []), ("2300-01-01", ["ahead"])],
)
def test_days_outside_the_engines_own_calendar(
    index: StatuteIndex, day: str, found: list[str]
) -> None:
    assert [n for n in names(ask(index, "serf robot", day)) if n in {"old", "ahead"}] == found


@pytest.mark.parametrize("limit", [1, 2, 10])
def test_better_matches_out_of_force_do_not_eat_the_limit(index: StatuteIndex, limit: int) -> None:
    hits = ask(index, "unfair dismissal compensation", "2005-01-01", limit=limit)
    assert "weak" in names(ask(index, "unfair dismissal compensation", "2005-01-01"))
    assert not [n for n in names(hits) if n.startswith("ended")]
    assert len(hits) >= 1


def test_the_last_day_still_shows_them(index: StatuteIndex) -> None:
    hits = ask(index, "unfair dismissal compensation", "2004-12-31", limit=20)
    assert len([n for n in names(hits) if n.startswith("ended")]) == 20


@pytest.mark.parametrize(
    ("known_at", "words"),
    [(None, "triple"), ("2003-05-01", "triple"), ("2003-04-30", "double")],
)
def test_known_at_reads_what_was_published_by_then(
    index: StatuteIndex, known_at: str | None, words: str
) -> None:
    (hit,) = ask(index, "overtime", "2002-01-01", known_at=known_at)
    assert words in hit.text


def test_one_hit_per_provision_where_territories_differ(index: StatuteIndex) -> None:
    assert names(ask(index, "alcohol limit")) == ["limit"]


@pytest.mark.parametrize(("extent", "words"), [("S", "22"), ("E", "35"), ("W", "35")])
def test_extent_chooses_between_parallel_texts(
    index: StatuteIndex, extent: str, words: str
) -> None:
    (hit,) = ask(index, "alcohol limit", extent=extent)
    assert words in hit.text


def test_a_text_without_extent_applies_everywhere(index: StatuteIndex) -> None:
    assert names(ask(index, "wages monthly", extent="S")) == ["pay"]


@pytest.mark.parametrize(
    "filters",
    [{"jurisdictions": ["fr"]}, {"works": ["fr/code-travail"]}, {"languages": ["fr"]}],
)
def test_filters_leave_only_what_they_name(
    index: StatuteIndex, filters: dict[str, list[str]]
) -> None:
    hits = ask(index, "période notice durée employeur dismissal", **filters)
    assert hits
    assert {hit.jurisdiction for hit in hits} == {"fr"}


def test_several_values_of_a_filter_are_alternatives(index: StatuteIndex) -> None:
    hits = ask(index, "durée notice", jurisdictions=["fr", "uk"])
    assert {hit.jurisdiction for hit in hits} == {"fr", "uk"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("duree legale", "duree"),
        ("DURÉE LÉGALE", "duree"),
        ("dure\u0301e le\u0301gale", "duree"),
        ("oeuvre collective", "oeuvre"),
        ("l’employeur", "oeuvre"),
        ("L3121-27", "duree"),
        ("L. 3121-27", "duree"),
        ("strasse", "strasse"),
        ("STRASSE", "strasse"),
        ("aendert zuege", "strasse"),
        ("ändert", "strasse"),
        ("süü on alus", "syy"),
        ("suu", "suu"),
        ("§ 87¹", "87-1"),
        ("第三百九十三条", "393"),
        ("第393条", "393"),
        ("杀人", "232"),
        ("行贿罪", "393"),
        ("section 12(1)(a)", "cross"),
        ("s.12(1)(a)", "cross"),
        ("12(1)", "cross"),
        ("50000 hours", "cross"),
        ("50,000", "cross"),
    ],
)
def test_words_are_found_however_they_are_typed(index: StatuteIndex, text: str, found: str) -> None:
    assert names(ask(index, text))[0] == found


def test_estonian_letters_are_letters(index: StatuteIndex) -> None:
    assert names(ask(index, "süü", languages=["et"])) == ["syy"]
    assert names(ask(index, "suu", languages=["et"])) == ["suu"]


def test_quotes_ask_for_the_very_words_in_order(index: StatuteIndex) -> None:
    assert names(ask(index, '"period of notice"')) == ["notice"]
    assert ask(index, '"notice of period"') == []
    assert names(ask(index, "“有期徒刑”")) == ["393"]
    assert names(ask(index, "«durée légale du travail» notice")) == ["duree"]


def test_words_beside_a_quote_rank_but_do_not_exclude(index: StatuteIndex) -> None:
    hits = ask(index, '"unfair dismissal" finding', "2004-12-31", limit=20)
    assert {n.split("-")[0] for n in names(hits)} == {"ended"}


HOSTILE = [
    "s.12(1)(a)",
    "((( notice",
    "notice )]}",
    "foo:bar",
    "body:notice AND work:*",
    "*",
    "?",
    "not*ce",
    "/not.*ce/",
    "notice~5^9",
    "[1990 TO 2020]",
    '"',
    '"notice',
    '""',
    "\\",
    "notice\\",
    "\x00\x01\x1b notice",
    "\u202enotice",
    "notice\u0000notice",
    "<script>alert(1)</script>",
    "${jndi:ldap://x}",
    "'; drop table works; --",
    '{"match_all": {}}',
    "a" * 10_000,
    "notice " * 1_400,
    " ".join(f"word{i}" for i in range(1_500)),
    "(" * 10_000,
    '"' + "notice " * 1_400 + '"',
    "行" * 10_000,
    "1" * 5_000,
    "12" + "(1)" * 3_000,
    "+-&&||!",
    "NOT notice",
    "ﷺ ½ ① ﱞ",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_queries_are_only_words(index: StatuteIndex, text: str) -> None:
    hits = ask(index, text)
    assert all(date(2020, 1, 1) in hit.valid for hit in hits)
    if "notice" in text and '"' not in text:
        assert "notice" in names(hits)


@pytest.mark.parametrize("text", ["", "   ", "\n", "*", "()", "\x00", "—", '""'])
def test_a_query_without_words_finds_nothing(index: StatuteIndex, text: str) -> None:
    assert ask(index, text) == []


def test_stopwords_alone_are_still_words(index: StatuteIndex) -> None:
    assert ask(index, "the of")


def test_highlights_mark_the_words_of_the_original(index: StatuteIndex) -> None:
    (hit,) = ask(index, '"duree legale" salaries')
    assert [hit.text[a:b] for a, b in hit.highlights] == ["durée", "légale", "salariés"]
    hit = ask(index, "有期徒刑")[0]
    assert [hit.text[a:b] for a, b in hit.highlights] == ["有期徒刑"]


def test_a_snippet_is_the_part_that_was_asked_for(index: StatuteIndex) -> None:
    snippet = ask(index, "trente-cinq heures")[0].snippet(width=40)
    assert snippet.text == "salariés est fixée à trente-cinq heures."
    assert [snippet.text[a:b] for a, b in snippet.highlights] == ["trente", "cinq", "heures"]
    assert (snippet.cut_before, snippet.cut_after) == (True, False)


def test_a_hit_bears_its_interval_and_place(index: StatuteIndex) -> None:
    hit = ask(index, "行贿", "2024-02-29")[0]
    assert (hit.valid_from, hit.valid_to) == (date(1997, 10, 1), date(2024, 3, 1))
    assert hit.version_id == "cn/xingfa#393@1997-10-01"
    assert (hit.work_title, hit.label, hit.heading) == (
        "中华人民共和国刑法",
        "第三百九十三条",
        None,
    )


def test_search_many_answers_in_order(index: StatuteIndex) -> None:
    texts = ["wages", "durée légale", "", "杀人", "s.12(1)(a)"] * 20
    queries = [StatuteQuery(text=text, as_at=date(2020, 1, 1)) for text in texts]
    assert index.search_many(queries) == [index.search(query) for query in queries]


def test_facets_count_provisions_not_versions(index: StatuteIndex) -> None:
    query = StatuteQuery(text="notice alcohol durée 行贿", as_at=date(2020, 1, 1))
    counted = index.facets(query)
    assert counted.jurisdictions == {"uk": 2, "fr": 1, "cn": 1}
    assert counted.works["uk/labour-1990"] == 2
    assert counted.kinds == {"act": 2, "code": 2}
    assert counted.statuses["in_force"] == 4
    assert counted.statuses["not_yet_in_force"] == 2  # the robot's notice, and bribery's new text
    assert counted.statuses["no_longer_in_force"] == 2  # the serf's notice, and the old period


def test_law_of_other_days_is_found_apart_and_never_with_that_of_the_day(
    index: StatuteIndex,
) -> None:
    for day in ("1989-12-31", "2005-01-01", "2010-04-05"):
        on = date.fromisoformat(day)
        query = StatuteQuery(text="period of notice unfair dismissal", as_at=on, limit=50)
        later = index.elsewhen(query, "not_yet_in_force")
        earlier = index.elsewhen(query, "no_longer_in_force")
        assert all(on < hit.valid_from for hit in later)
        assert all(hit.valid_to is not None and hit.valid_to <= on for hit in earlier)
        assert later or earlier
    only = StatuteQuery(text="notice", as_at=date(1980, 1, 1), jurisdictions=("fr",))
    assert {hit.jurisdiction for hit in index.elsewhen(only, "not_yet_in_force")} <= {"fr"}
    assert index.elsewhen(only.model_copy(update={"text": "*"}), "not_yet_in_force") == []


def test_facets_keep_to_the_filters(index: StatuteIndex) -> None:
    query = StatuteQuery(text="notice durée", as_at=date(2020, 1, 1), jurisdictions=("fr",))
    assert index.facets(query).jurisdictions == {"fr": 1}
    assert index.facets(query.model_copy(update={"text": "*"})).works == {}


def test_every_row_can_be_listed(index: StatuteIndex) -> None:
    assert sorted(index.keys()) == sorted(row.key for row in ROWS)


def test_status_says_what_is_held(index: StatuteIndex) -> None:
    status = index.status()
    assert (status.rows, status.corpus_hash, status.health) == (len(ROWS), CORPUS_HASH, "green")
    assert status.version == index.version
    assert status.bytes > 1000


def test_many_threads_and_an_event_loop_may_share_it(index: StatuteIndex) -> None:
    texts = ["wages", "durée légale", "杀人", "period of notice", "alcohol limit"] * 20
    queries = [StatuteQuery(text=text, as_at=date(2020, 1, 1), limit=7) for text in texts]

    async def together() -> list[list[Hit]]:
        return await asyncio.gather(*(asyncio.to_thread(index.search, q) for q in queries))

    assert asyncio.run(together()) == [index.search(query) for query in queries]


def test_searches_go_on_while_the_index_is_rebuilt(engine_url: str) -> None:
    rebuild(engine_url, "0")
    index = _open_engine(parse_index_url(engine_url))  # no cache: every search is one
    faults: list[BaseException] = []
    answered: list[str] = []
    stop = threading.Event()

    def search() -> None:
        try:
            while not stop.is_set():
                answered.extend(names(ask(index, "wages monthly")))
        except BaseException as error:  # noqa: BLE001 - reported below
            faults.append(error)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(1, 5):
        rebuild(engine_url, str(n))
    stop.set()
    for thread in threads:
        thread.join()
    assert not faults
    assert set(answered) == {"pay"}
    index.close()
    assert open_index(engine_url).corpus_hash == "4"


def test_going_back_to_the_build_before_and_forth_again(engine_url: str) -> None:
    rebuild(engine_url, "one")
    with pytest.raises(BadInputError, match="no other complete index"):
        swap_back(engine_url)
    rebuild(engine_url, "two")
    rebuild(engine_url, "three")
    for corpus_hash in ("two", "three", "two"):
        swap_back(engine_url)
        index = open_index(engine_url)
        assert index.corpus_hash == corpus_hash
        assert names(ask(index, "wages")) == ["pay"]
        index.close()
    assert drop(engine_url) == 2
    with pytest.raises(IndexMissingError):
        open_index(engine_url)


def rebuild(url: str, corpus_hash: str) -> None:
    open_builder(url).build(ROWS, state(corpus_hash), lambda _: None)


def test_best_first_and_never_beyond_the_limit(index: StatuteIndex) -> None:
    hits = ask(index, "unfair dismissal notice", "2000-01-01", limit=7)
    assert len(hits) == 7
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


WORDS = sorted({w for r in ROWS for w in r.text.split() if any(c.isalnum() for c in w)})
EDGES = sorted({day for r in ROWS for day in (r.row_from, r.row_to) if day})
DAYS = st.one_of(
    st.sampled_from([edge + timedelta(days=shift) for edge in EDGES for shift in (-1, 0, 1)]),
    st.dates(date(1200, 1, 1), date(2400, 1, 1)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6), DAYS, st.none() | DAYS)
def test_every_hit_is_in_force_and_every_text_in_force_can_be_found(
    index: StatuteIndex, words: list[str], day: date, known_at: date | None
) -> None:
    live = [r for r in ROWS if _holds(r.row_from, r.row_to, day)]
    live = [r for r in live if _known(r.known_from, r.known_to, known_at)]
    ids = {r.version_id for r in live}
    query = StatuteQuery(text=" ".join(words), as_at=day, known_at=known_at, limit=100)
    assert {hit.version_id for hit in index.search(query)} <= ids
    found = index.search(query.model_copy(update={"text": words[0]}))
    holding = {r.provision_id for r in live if words[0] in r.text.split()}
    assert holding <= {hit.provision_id for hit in found}


def _holds(start: date | None, end: date | None, day: date) -> bool:
    return (start is None or start <= day) and (end is None or day < end)


def _known(start: date | None, end: date | None, day: date | None) -> bool:
    return end is None if day is None else _holds(start, end, day)
