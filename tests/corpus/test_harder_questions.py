"""Questions that take more than one reading have an answer that the store itself resolves."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from corpus.applicability import Matter, governing_dates
from corpus.invariants import violations
from corpus.languages.dates import find_dates
from corpus.languages.question_wording import question_wordings
from corpus.model import Provision, ProvisionHistory, ProvisionNumber, Version, WorkHistory
from corpus.questions import (
    HARDER_FAMILIES,
    MADE_FAMILIES,
    Decline,
    Family,
    Question,
    make_questions,
    read_questions,
    split_of,
    write_questions,
)
from corpus.resolve import resolve
from corpus.rules import Issue
from corpus.rules.day_expressions import Role
from corpus.sources.registry import open_source
from corpus.synthetic import Synthetic
from corpus.synthetic.grammar import languages
from tests.corpus.build import WORK, history, version

FINE = "A person who sells a widget is liable to a fine not exceeding £1,000 for each widget sold."
LATER = FINE.replace("£1,000", "£2,500")
TAKES = "The sum payable under this section is that which s 1 of this Act sets for a widget."
STARTS = "s 1 of this Act comes into force on the day on which s 4 of the Gadgets Act 1988 does."


def fail(fault: Exception) -> None:
    raise fault


def acts(versions: int, **settings: object) -> list[WorkHistory]:
    return list(Synthetic(versions, languages=["en"], **settings).works(fail))


@pytest.fixture(scope="module")
def book() -> list[WorkHistory]:
    return acts(1_500, seed=3, largest=25, links=True)


@pytest.fixture(scope="module")
def asked(book: list[WorkHistory]) -> list[Question]:
    return list(make_questions(book, seed=4, families=HARDER_FAMILIES))


def beside(*texts: str, since: str = "1990-01-01") -> WorkHistory:
    """A fine (s 1) that was amended in 2010, and further sections with these texts."""
    duty = Provision(id=f"{WORK.id}#duty", work_id=WORK.id, labels=(ProvisionNumber(text="s 1"),))
    provisions, rows = (
        [duty],
        [version(since, "2010-07-01", FINE), version("2010-07-01", text=LATER)],
    )
    for number, text in enumerate(texts, 2):
        own = f"{WORK.id}#p{number}"
        label = ProvisionNumber(text=f"s {number}")
        provisions.append(Provision(id=own, work_id=WORK.id, order=number, labels=(label,)))
        rows.append(version("1990-01-01", text=text, id=f"{own}@1990-01-01", provision_id=own))
    return history(*rows, provisions=tuple(provisions))


def made(work: WorkHistory, family: Family, seed: int = 0) -> list[Question]:
    return list(make_questions([work], seed, families=[family]))


def test_every_gold_answer_of_a_harder_question_is_what_the_history_resolves_to(
    book: list[WorkHistory], asked: list[Question]
) -> None:
    works = {work.work.id: work for work in book}
    assert set(Counter(q.family for q in asked)) == set(HARDER_FAMILIES)
    for question in asked:
        work = works[question.work_id]
        provision = next(p for p in work.provisions if p.id == question.provision_id)
        rows = tuple(v for v in work.versions if v.provision_id == provision.id)
        held = ProvisionHistory(provision=provision, versions=rows, coverage=work.coverage)
        found = resolve(held, question.as_at)
        if question.decline:
            assert found.status == question.decline
        else:
            assert isinstance(found, Version)
            assert found.id == question.gold_version
            span = question.gold_span
            assert found.text[span.start : span.end] == span.text == span.read(found.text)


def test_the_days_of_a_case_lead_by_the_rules_to_the_day_of_the_answer() -> None:
    seen = set()
    for seed in range(20):
        for question in made(beside(), Family.CASE_FACTS, seed):
            assert not question.day_stated
            found = re.search(
                r"contract was made on (.+?)\. The damage appeared on (.+?)\.", question.text
            )
            seen.add(found is not None)
            if found:
                days = dict(
                    zip((Role.CONTRACT, Role.DAMAGE), map(_day, found.groups()), strict=True)
                )
                matter = Matter(jurisdiction="uk", issue=Issue.CIVIL, dates=days)
                assert governing_dates(matter).dates == (question.as_at,)
                assert days[Role.CONTRACT] < days[Role.DAMAGE] == question.as_at
    assert seen == {True, False}


def _day(words: str) -> date:
    return find_dates(words)[0].day


def test_a_distractor_is_another_number_and_in_force_on_the_day() -> None:
    questions = made(beside("Widgets are goods.", since="2000-03-01"), Family.DISTRACTOR)
    own = [q for q in questions if q.label == "s 1"]
    assert {q.decline or q.gold_span.text for q in own} == {"£1,000", "£2,500", "not_yet_in_force"}
    assert all("s 2" in q.text and "s 1" in q.text for q in own)
    assert made(beside(), Family.DISTRACTOR) == []


@pytest.mark.parametrize("language", languages())
def test_a_language_without_the_wordings_has_no_harder_questions(language: str) -> None:
    works = list(Synthetic(300, 2, [language], links=True).works(fail))
    made = {q.family for q in make_questions(works, families=HARDER_FAMILIES)}
    words = question_wordings().get(language)
    assert (Family.DISTRACTOR in made) == bool(words and words.value_beside)
    assert (Family.CASE_FACTS in made) == bool(words and words.cases)


def test_two_hops_cite_the_provision_that_refers_and_not_the_one_that_answers() -> None:
    questions = made(beside(TAKES), Family.TWO_HOP)
    assert {q.gold_span.text for q in questions} == {"£1,000", "£2,500"}
    for question in questions:
        assert question.label == "s 1"
        assert "s 2 of the" in question.text.replace("S 2", "s 2")
        assert "s 1 " not in question.text


@pytest.mark.parametrize(
    "text",
    [
        "The sum is that which s 1 of the Gadgets Act 1988 sets.",
        f"{TAKES} It is not that of s 3 of this Act.",
        STARTS,
    ],
)
def test_a_text_that_names_another_act_or_two_provisions_is_no_hop(text: str) -> None:
    assert made(beside(text, "Widgets are goods."), Family.TWO_HOP) == []


def test_commencement_by_reference_is_asked_before_and_after_the_start() -> None:
    questions = made(beside(STARTS, since="2000-03-01"), Family.COMMENCED_BY_REFERENCE)
    declined = [q for q in questions if q.decline]
    assert [q.decline for q in declined] == [Decline.NOT_YET_IN_FORCE]
    assert declined[0].as_at < date(2000, 3, 1)
    assert {q.gold_span.text for q in questions if not q.decline} == {"£1,000", "£2,500"}
    assert all("s 2 of the" in q.text and q.label == "s 1" for q in questions)
    assert made(beside(TAKES, since="2000-03-01"), Family.COMMENCED_BY_REFERENCE) == []


def test_harder_families_are_made_only_where_named_and_leave_the_others_unchanged(
    book: list[WorkHistory],
) -> None:
    default = list(make_questions(book[:40], seed=4, per_family=2))
    assert {q.family for q in default} <= set(MADE_FAMILIES)
    every = list(
        make_questions(book[:40], 4, per_family=2, families=(*MADE_FAMILIES, *HARDER_FAMILIES))
    )
    assert [q for q in every if q.family in MADE_FAMILIES] == default


def test_a_question_without_its_day_survives_the_file(
    tmp_path: Path, asked: list[Question]
) -> None:
    path = tmp_path / "q.jsonl"
    write_questions(asked, path)
    assert list(read_questions(path)) == asked
    assert {q.day_stated for q in asked} == {True, False}
    stated = [q.model_dump_json(exclude_defaults=True) for q in asked if q.day_stated]
    assert not any("day_stated" in line for line in stated)


def test_the_wordings_of_the_harder_families_have_their_placeholders() -> None:
    for words in question_wordings().values():
        for form in (*words.value_beside, *words.text_beside):
            assert "{other}" in form
            assert "{date}" in form
        assert bool(words.value_beside) == bool(words.text_beside)
        for form in (*words.value_through, *words.value_commenced):
            assert "{citation}" in form
            assert "{frame}" in form
        assert all("{number}" in form for form in (*words.refers, *words.commences))
        for case in words.cases:
            assert all(f"{{{role}}}" in case.text for role in case.roles)


# --- linked acts ---


def test_links_add_to_a_book_and_change_nothing_in_it(book: list[WorkHistory]) -> None:
    plain = acts(1_500, seed=3, largest=25)
    own = [work for work in book if not work.work.id.endswith("-twin")]
    assert [work.work for work in own] == [work.work for work in plain]
    for before, after in zip(plain, own, strict=True):
        assert after.provisions[: len(before.provisions)] == before.provisions
        assert after.versions[: len(before.versions)] == before.versions
    assert len(own) < len(book)


def test_linked_acts_keep_the_invariants_of_the_corpus(book: list[WorkHistory]) -> None:
    assert [fault for work in book for fault in violations(work)] == []


def test_a_near_duplicate_differs_in_year_and_figures_and_stays_in_its_split(
    book: list[WorkHistory],
) -> None:
    by_id = {work.work.id: work for work in book}
    twins = [work for name, work in by_id.items() if name.endswith("-twin")]
    assert len(twins) > 5
    for twin in twins:
        act = by_id[twin.work.id.removesuffix("-twin")]
        assert split_of(twin.work) == split_of(act.work)
        assert twin.work.title != act.work.title
        assert re.sub(r"\d{4}", "", twin.work.title) == re.sub(r"\d{4}", "", act.work.title)
        bare = [re.sub(r"\d[\d,]*", "", work.versions[0].text) for work in (act, twin)]
        assert bare[0] == bare[1]


def test_what_commences_by_reference_begins_with_a_provision_of_the_act_before(
    book: list[WorkHistory],
) -> None:
    titles = {work.work.title: work for work in book}
    found = 0
    for work in book:
        for row in work.versions:
            said = re.fullmatch(
                r"(s \S+) of this Act comes into force on the day on which (s \S+) of the (.+) "
                r"comes into force\.",
                row.text,
            )
            if said:
                found += 1
                assert _start(work, said[1]) == _start(titles[said[3]], said[2])
    assert found > 5


def _start(work: WorkHistory, label: str) -> date:
    provision = next(p for p in work.provisions if p.labels[0].text == label)
    rows = [v for v in work.versions if v.provision_id == provision.id and v.is_known()]
    return min(row.valid_from for row in rows if row.valid_from)


def test_a_language_without_the_sentences_has_no_links() -> None:
    plain = list(Synthetic(300, 0, ["de"]).works(fail))
    assert list(Synthetic(300, 0, ["de"], links=True).works(fail)) == plain


def test_a_book_with_links_has_a_fingerprint_of_its_own() -> None:
    known = "396245"
    plain, linked = Synthetic(300), Synthetic(300, links=True)
    assert plain.fingerprint() != linked.fingerprint()
    assert plain.fingerprint()[:6] == known


# --- the real corpora ---

CORPORA = Path(__file__).parents[2] / "../shared/corpora"


@pytest.mark.corpora
@pytest.mark.slow
@pytest.mark.skipif(not CORPORA.is_dir(), reason="the folder of shared corpora is absent")
def test_real_histories_give_questions_of_two_hops_and_of_cases() -> None:
    counts: Counter[Family] = Counter()
    for work in open_source(str(CORPORA / "ee-riigiteataja-git")).works(fail):
        for question in make_questions([work], seed=1, families=HARDER_FAMILIES):
            counts[question.family] += question.split == "train"
    assert counts[Family.TWO_HOP] > 20
    assert counts[Family.CASE_FACTS] > 100
