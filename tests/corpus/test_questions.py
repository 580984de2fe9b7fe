import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.demo import demo_files
from corpus.errors import BadInputError, SourceError
from corpus.languages.dates import write_date
from corpus.languages.question_wording import question_wordings
from corpus.model import (
    Commencement,
    Coverage,
    EndReason,
    Provision,
    ProvisionHistory,
    ProvisionNumber,
    Version,
    WorkHistory,
)
from corpus.provision_numbers import label_key
from corpus.questions import (
    MADE_FAMILIES,
    Decline,
    Family,
    Question,
    changed_figures,
    figures,
    make_questions,
    read_questions,
    split_of,
    tally,
    write_questions,
)
from corpus.resolve import resolve
from corpus.sources.jsonl import Jsonl
from corpus.sources.registry import open_source
from tests.corpus.build import DUTY, WORK, history, version

OLD = "A person who sells a widget is liable to a fine not exceeding £1,000 for each widget sold."
NEW = OLD.replace("£1,000", "£2,500")
REPEALED = EndReason.REPEALED


def fail(fault: SourceError) -> None:
    raise fault


@pytest.fixture(scope="module")
def demo() -> list[WorkHistory]:
    return list(Jsonl(*demo_files()).works(fail))


@pytest.fixture(scope="module")
def asked(demo: list[WorkHistory]) -> list[Question]:
    return list(make_questions(demo, seed=4))


def two_fines(**more: object) -> WorkHistory:
    return history(
        version("1990-01-01", "2010-07-01", OLD), version("2010-07-01", text=NEW), **more
    )


def made(work: WorkHistory, family: Family, seed: int = 0) -> list[Question]:
    return list(make_questions([work], seed, families=[family]))


def provision_history(work: WorkHistory, question: Question) -> ProvisionHistory:
    provision = next(p for p in work.provisions if p.id == question.provision_id)
    return work.of(provision)


# --- figures ---


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "a fine of £1,000 or 5.5 per cent of it", ["£1,000", "5.5 per cent"]),
        ("en", "imprisonment for two years", ["two years"]),
        ("en", "a six-month period and 50 employees", ["six-month", "50"]),
        ("en", "under section 12 or 14, on 1 October 2016, see paragraphs 3, 4 and 5 there", []),
        ("en", "one or more persons in the year 2016 made it", []),
        (
            "fr",
            "puni de deux ans d'emprisonnement et de 30 000 € d'amende",
            ["deux ans", "30 000 €"],
        ),
        ("fr", "les articles 12 et 13 du code, le 1er janvier 2016", []),
        (
            "de",
            "Freiheitsstrafe bis zu fünf Jahren; 9,50 Euro je Stunde",
            ["fünf Jahren", "9,50 Euro"],
        ),
        ("de", "nach § 3 Absatz 2 Satz 1 und Nummer 4 des Gesetzes", []),
        ("es", "prisión de seis meses a dos años", ["seis meses", "dos años"]),
        (
            "et",
            "kuni viieaastase vangistusega; § 12 lõige 3 alusel; 150 eurot",
            ["viieaastase", "150 eurot"],
        ),
        ("zh", "处三年以下有期徒刑，并处五千元以上罚金", ["三年", "五千元"]),
        ("zh", "依照第三百九十三条，自2015年10月1日起，同一日", []),
        (
            "zh-Hant",
            "處六月以上五年以下有期徒刑，得併科新臺幣三十萬元以下罰金",
            ["六月", "五年", "新臺幣三十萬元"],
        ),
    ],
)
def test_figures_are_found_and_addresses_are_not(
    language: str, text: str, expected: list[str]
) -> None:
    found = figures(text, language)
    assert [f.text for f in found] == expected
    assert all(text[f.start : f.end] == f.text for f in found)


@pytest.mark.parametrize(
    ("language", "before", "after", "expected"),
    [
        ("en", OLD, NEW, [("£1,000", "£2,500")]),
        ("en", OLD, OLD.replace("£1,000", "£1000"), []),
        ("en", "liable to imprisonment for two years.", "liable to imprisonment for 2 years.", []),
        ("en", "the duty in section 4 applies to all", "the duty in section 5 applies to all", []),
        (
            "en",
            "the duty is payable on 1 May 2010 only",
            "the duty is payable on 1 May 2011 only",
            [],
        ),
        (
            "zh",
            "单位行贿情节严重的，处五年以下有期徒刑或者拘役",
            "单位行贿情节严重的，处三年以下有期徒刑或者拘役",
            [("五年", "三年")],
        ),
        (
            "fr",
            "Les actions personnelles se prescrivent par trente ans.",
            "Les actions personnelles se prescrivent par cinq ans.",
            [("trente ans", "cinq ans")],
        ),
        (
            "et",
            "Teo eest karistatakse kuni kolmeaastase vangistusega.",
            "Teo eest karistatakse kuni viieaastase vangistusega.",
            [("kolmeaastase", "viieaastase")],
        ),
    ],
)
def test_only_the_figure_that_really_changed_is_asked_for(
    language: str, before: str, after: str, expected: list[tuple[str, str]]
) -> None:
    found = changed_figures(before, after, language)
    assert [(c.before.text, c.after.text) for c in found] == expected


def test_a_figure_whose_surroundings_occur_twice_is_not_asked_for() -> None:
    twice = "A fine of £100 for it. A fine of £100 for it."
    assert changed_figures(twice, twice.replace("£100", "£200", 1), "en") == []


@given(st.text("a1 £.,年三%", max_size=60), st.text("a1 £.,年三%", max_size=60))
def test_every_changed_figure_can_be_read_back_through_its_frame(a: str, b: str) -> None:
    lead, tail = "Whoever does this shall pay ", " to the Crown at once."
    for language in ("en", "zh", "et"):
        for change in changed_figures(lead + a + tail, lead + b + tail, language):
            for text, figure in ((lead + a + tail, change.before), (lead + b + tail, change.after)):
                assert text[figure.start : figure.end] == figure.text
                assert text.count(change.lead) == 1


# --- families ---


def test_a_value_is_asked_on_both_sides_with_its_own_figure() -> None:
    asked = {q.gold_version: q for q in made(two_fines(), Family.VALUE_AT_DATE)}
    assert {v: q.gold_span.text for v, q in asked.items()} == {
        f"{DUTY}@1990-01-01": "£1,000",
        f"{DUTY}@2010-07-01": "£2,500",
    }
    for question in asked.values():
        assert "£" not in question.text
        assert "a fine not exceeding […] for each widget" in question.text


def test_first_and_last_day_meet_without_a_gap_or_an_overlap() -> None:
    asked = made(two_fines(), Family.FIRST_LAST_DAY)
    assert {(str(q.as_at), q.gold_span.text) for q in asked} == {
        ("2010-06-30", "£1,000"),
        ("2010-07-01", "£2,500"),
    }


def test_a_pair_differs_in_its_day_alone() -> None:
    first, second = made(two_fines(), Family.PAIRED_DATES)
    assert first.pair == second.pair is not None
    assert first.as_at < date(2010, 7, 1) <= second.as_at
    assert first.text.replace(write_date(first.as_at, "en"), "X") == second.text.replace(
        write_date(second.as_at, "en"), "X"
    )


def test_an_unamended_provision_is_a_control_only_where_its_work_was_amended() -> None:
    quiet = Provision(id=f"{WORK.id}#quiet", work_id=WORK.id, labels=(ProvisionNumber(text="s 2"),))
    still = version(
        "1990-01-01", text="Widgets are goods.", id=f"{quiet.id}@1990-01-01", provision_id=quiet.id
    )
    work = two_fines()
    with_quiet = work.model_copy(
        update={
            "provisions": (*work.provisions, quiet),
            "versions": (*work.versions, still),
        }
    )
    asked = [q for seed in range(30) for q in made(with_quiet, Family.UNAMENDED_CONTROL, seed)]
    assert {q.provision_id for q in asked} == {quiet.id}
    assert all(q.as_at < date(2010, 7, 1) for q in asked)
    alone = history(version("1990-01-01"))
    assert made(alone, Family.UNAMENDED_CONTROL) == []


def test_a_day_before_commencement_is_declined_as_not_yet_in_force() -> None:
    work = history(version("1990-05-01", published=date(1990, 3, 1)))
    (question,) = made(work, Family.NOT_YET_IN_FORCE)
    assert date(1990, 3, 1) <= question.as_at < date(1990, 5, 1)
    assert question.decline is Decline.NOT_YET_IN_FORCE
    assert question.why == "Not yet in force on that date: it takes effect on 1990-05-01."


def test_repeal_expiry_and_suspension_are_declined_and_revival_ends_it() -> None:
    work = history(
        version("1990-01-01", "2000-01-01", ended=EndReason.SUSPENDED),
        version("2000-02-01", "2010-01-01", ended=REPEALED, ended_by="Act 5 of 2009"),
    )
    for seed in range(20):
        asked = made(work, Family.REPEALED, seed)
        assert len(asked) == 2
        suspended, gone = sorted(asked, key=lambda q: q.as_at)
        assert date(2000, 1, 1) <= suspended.as_at < date(2000, 2, 1)
        assert "suspended" in suspended.why
        assert gone.as_at >= date(2010, 1, 1)
        assert "by Act 5 of 2009" in gone.why


def test_a_superseded_text_with_a_hole_after_it_is_no_repeal() -> None:
    work = history(version("1990-01-01", "2000-01-01", ended=EndReason.UNKNOWN))
    assert made(work, Family.REPEALED) == []


def test_a_question_without_a_day_is_declined_only_where_texts_differ() -> None:
    undated = [q for q in made(two_fines(), Family.MISSING) if q.as_at is None]
    assert [q.decline for q in undated] == [Decline.NO_DATE]
    assert "2 different texts" in undated[0].why
    assert not re.search(r"\d{4}", undated[0].text.replace("1990", ""))
    assert made(history(version("1990-01-01")), Family.MISSING) == []


def test_days_outside_coverage_are_declined_on_every_side() -> None:
    def span(start: str, end: str | None) -> Coverage:
        return Coverage(work_id=WORK.id, covered_from=start, covered_to=end)

    work = history(
        version("1990-01-01", "2000-01-01", ended=EndReason.UNKNOWN),
        version("2005-01-01", "2008-01-01", ended=EndReason.UNKNOWN),
        coverage=(span("1990-01-01", "2000-01-01"), span("2005-01-01", "2008-01-01")),
    )
    days = [q.as_at for q in made(work, Family.MISSING) if q.decline is Decline.COVERAGE_GAP]
    assert len(days) == 3
    assert days[0] < date(1990, 1, 1)
    assert date(2000, 1, 1) <= days[1] < date(2005, 1, 1)
    assert days[2] >= date(2008, 1, 1)


def test_a_row_replaced_by_later_knowledge_is_asked_as_once_known() -> None:
    believed = version(
        "2000-01-01", text="Old belief.", known_from=date(1999, 1, 1), known_to=date(2003, 1, 1)
    )
    corrected = version(
        "2000-01-01", "2002-01-01", "Old belief.", ended=REPEALED, known_from=date(2003, 1, 1)
    )
    later = version("1990-01-01", "2000-01-01", "First text.")
    asked = [
        question
        for seed in range(20)
        for question in made(history(believed, corrected, later), Family.WHICH_VERSION, seed)
        if question.known_at
    ]
    assert asked
    for question in asked:
        assert question.as_at >= date(2002, 1, 1)
        assert question.known_at == date(2002, 12, 31)
        assert "2002" in question.text


def test_texts_that_differ_by_territory_are_not_asked_about() -> None:
    work = history(
        version("1990-01-01", text=OLD, extent="england"),
        version("1990-01-01", text=NEW, extent="scotland", id=f"{DUTY}@1990-01-01~scotland"),
    )
    assert [q.decline for q in make_questions([work])] == [Decline.NOT_YET_IN_FORCE]


def test_an_open_text_is_asked_about_within_a_year_of_the_last_change() -> None:
    days = [q.as_at for seed in range(40) for q in made(two_fines(), Family.TEXT_AT_DATE, seed)]
    assert max(days) < date(2011, 7, 1)
    assert min(days) >= date(1990, 1, 1)


def test_an_act_that_never_commenced_asks_nothing_it_cannot_prove() -> None:
    waiting = version(None, commencement=Commencement.TO_BE_FIXED, condition="an order")
    assert list(make_questions([history(waiting)])) == []


def test_a_renumbered_provision_is_cited_by_the_number_of_the_day() -> None:
    moved = Provision(
        id=DUTY,
        work_id=WORK.id,
        labels=(
            ProvisionNumber(text="s 1", valid_to=date(2010, 7, 1)),
            ProvisionNumber(text="s 44", valid_from=date(2010, 7, 1)),
        ),
    )
    asked = made(two_fines(provisions=(moved,)), Family.FIRST_LAST_DAY)
    assert {(q.label, str(q.as_at)) for q in asked} == {
        ("s 1", "2010-06-30"),
        ("s 44", "2010-07-01"),
    }


# --- over the whole demonstration corpus ---


def test_every_family_and_language_has_questions(asked: list[Question]) -> None:
    counts = tally(asked)
    assert set(counts.by_family) == set(MADE_FAMILIES)
    assert {"en", "fr", "de", "es", "et", "zh"} <= set(counts.by_language)
    assert counts.total == len(asked)


def test_every_gold_answer_is_what_the_history_resolves_to(
    demo: list[WorkHistory], asked: list[Question]
) -> None:
    works = {work.work.id: work for work in demo}
    for question in asked:
        if question.as_at is None:
            continue
        found = resolve(
            provision_history(works[question.work_id], question), question.as_at, question.known_at
        )
        if question.decline:
            assert found.status == question.decline
            continue
        assert isinstance(found, Version)
        assert found.id == question.gold_version
        if span := question.gold_span:
            assert found.text[span.start : span.end] == span.text == span.read(found.text)


def test_the_answer_is_never_in_the_question(asked: list[Question]) -> None:
    for question in asked:
        span = question.gold_span
        if span and span.lead is not None:
            shown = question.text.partition(span.lead.strip()[-12:])[2]
            assert not shown.startswith(span.text)
        if question.as_at:
            assert write_date(question.as_at, question.language) in question.text


def test_ids_are_unique_and_pairs_are_whole(asked: list[Question]) -> None:
    assert len({q.id for q in asked}) == len(asked)
    pairs = defaultdict(list)
    for question in asked:
        if question.pair:
            pairs[question.pair].append(question)
    assert pairs
    assert all(len(pair) == 2 for pair in pairs.values())


def test_pairs_that_share_a_day_are_kept_whole_or_not_at_all() -> None:
    rows = [
        version(f"2000-01-0{n}", f"2000-01-0{n + 1}", f"The duty falls on the {who}.")
        for n, who in enumerate(("buyer", "seller", "prompt_format"), 1)
    ]
    for seed in range(20):
        pairs = Counter(q.pair for q in made(history(*rows), Family.PAIRED_DATES, seed))
        assert pairs
        assert set(pairs.values()) == {2}


def test_a_publishers_code_is_no_name_for_a_work() -> None:
    work = two_fines().model_copy(update={"work": WORK.model_copy(update={"aliases": ("C0001",)})})
    texts = [q.text for seed in range(20) for q in made(work, Family.TEXT_AT_DATE, seed)]
    assert not any("C0001" in text for text in texts)


def test_no_act_is_in_two_splits(asked: list[Question]) -> None:
    splits = defaultdict(set)
    for question in asked:
        splits[question.work_id].add(question.split)
    assert all(len(found) == 1 for found in splits.values())
    assert {s for found in splits.values() for s in found} == {"train", "selection", "test"}


def test_one_act_from_two_sources_stays_in_one_split() -> None:
    other = WORK.model_copy(update={"id": "uk/ukpga-1990-99", "title": "WIDGETS  Act 1990"})
    assert split_of(other) == split_of(WORK)


def test_the_same_seed_gives_the_same_questions_whatever_else_is_there(
    demo: list[WorkHistory], asked: list[Question]
) -> None:
    some = demo[5:8]
    ids = {work.work.id for work in some}
    again = list(make_questions(reversed(some), seed=4))
    key = lambda q: q.id  # noqa: E731
    assert sorted(again, key=key) == sorted((q for q in asked if q.work_id in ids), key=key)
    assert [q.id for q in make_questions(some, seed=5)] != [q.id for q in make_questions(some, 4)]


def test_per_family_bounds_each_family_of_each_work(demo: list[WorkHistory]) -> None:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for question in make_questions(demo, per_family=4):
        counts[question.work_id, question.family] += 1
    assert max(counts.values()) == 4


def test_questions_stream_without_reading_the_works_ahead(demo: list[WorkHistory]) -> None:
    read = []

    def reading() -> Iterator[WorkHistory]:
        for work in demo:
            read.append(work.work.id)
            yield work

    assert len(list(islice(make_questions(reading()), 3))) == 3
    assert len(read) <= 2


def test_every_language_has_every_form() -> None:
    day = date(2016, 10, 1)
    for name, words in question_wordings().items():
        for forms in (words.value, words.text, words.version, words.version_known):
            assert all("{date}" in form and "{citation}" in form for form in forms)
        for forms in (words.value_undated, words.text_undated):
            assert not any("{date}" in form for form in forms)
        assert all("{frame}" in form for form in (*words.value, *words.value_undated))
        assert "2016" in write_date(day, name)
    assert write_date(day, "fr") == "1er octobre 2016"
    assert write_date(day, "zh-Hant") == "2016年10月1日"
    assert write_date(day, "sk") == "1 October 2016"


# --- files ---


def test_questions_survive_the_file(tmp_path: Path, asked: list[Question]) -> None:
    path = tmp_path / "q.jsonl"
    assert write_questions(asked, path) == len(asked)
    assert list(read_questions(path)) == asked


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, asked: list[Question]) -> None:
    path = tmp_path / "q.jsonl"
    write_questions(asked[:2], path)

    def breaking() -> Iterator[Question]:
        yield asked[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_questions(breaking(), path)
    assert list(read_questions(path)) == asked[:2]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ('{"id": 1}', r"q.jsonl:2, field 'id': not a question"),
        ("{", r"q.jsonl:2: not a question: Invalid JSON"),
        (None, r"q.jsonl:2: not a question: exactly one of gold_version and decline"),
    ],
)
def test_a_bad_line_is_named(
    tmp_path: Path, asked: list[Question], broken: str | None, message: str
) -> None:
    good = asked[0].model_dump_json(exclude_defaults=True)
    path = tmp_path / "q.jsonl"
    bad = broken or re.sub(r'"gold_version":"[^"]*",?', "", good)
    path.write_text(f"{good}\n{bad}\n", encoding="utf-8")
    with pytest.raises(SourceError, match=message):
        list(read_questions(path))


def test_an_absent_or_unwritable_file_is_one_sentence(
    tmp_path: Path, asked: list[Question]
) -> None:
    with pytest.raises(BadInputError, match=r"Cannot read questions from .*none\.jsonl"):
        list(read_questions(tmp_path / "none.jsonl"))
    with pytest.raises(BadInputError, match="Cannot write questions to"):
        write_questions(asked[:1], tmp_path / "no" / "q.jsonl")


# --- the real corpora ---

CORPORA = Path(__file__).parents[2] / "../shared/corpora"


@pytest.mark.corpora
@pytest.mark.slow
@pytest.mark.skipif(not CORPORA.is_dir(), reason="the folder of shared corpora is absent")
def test_real_histories_give_fifty_thousand_questions_that_resolve_to_their_gold() -> None:
    total = 0
    for name in ("fr-codes-git", "ee-riigiteataja-git"):
        for work in open_source(str(CORPORA / name)).works(fail):
            provisions = {p.id: work.of(p) for p in work.provisions}
            for question in make_questions([work], seed=1):
                total += 1
                if question.as_at is None:
                    continue
                held = provisions[question.provision_id]
                found = resolve(held, question.as_at, question.known_at)
                gold = found.id if isinstance(found, Version) else found.status
                assert gold == (question.gold_version or question.decline)
    assert total >= 50_000


@pytest.mark.corpora
@pytest.mark.skipif(not CORPORA.is_dir(), reason="the folder of shared corpora is absent")
def test_bribery_by_a_unit_is_asked_with_five_years_before_2024_03_01_and_three_from_then() -> None:
    source = open_source(str(CORPORA / "cn-lawrefbook"))
    criminal = next(w for w in source.works(lambda _: None) if w.work.id == "cn/刑法")
    asked = [
        (str(q.as_at), q.gold_span.text)
        for q in make_questions([criminal], families=[Family.FIRST_LAST_DAY])
        if q.label == "第三百九十三条"
    ]
    assert asked == [("2024-02-29", "五年"), ("2024-03-01", "三年")]


def test_no_question_cites_a_number_that_another_provision_bears_that_day(
    demo: list[WorkHistory], asked: list[Question]
) -> None:
    """A repealed article whose number was given away is not asked for by that number."""
    held = {work.work.id: work for work in demo}
    for question in asked:
        if question.as_at is None:
            continue
        work = held[question.work_id]
        for other in work.provisions:
            label = other.label_on(question.as_at, question.known_at)
            if other.id == question.provision_id or label is None:
                continue
            if label_key(label) == label_key(question.label):
                rows = tuple(v for v in work.versions if v.provision_id == other.id)
                line = ProvisionHistory(provision=other, versions=rows, coverage=work.coverage)
                found = resolve(line, question.as_at, question.known_at)
                assert not isinstance(found, Version), question.id
