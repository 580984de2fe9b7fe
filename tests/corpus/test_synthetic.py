from collections import Counter, defaultdict
from itertools import combinations, islice, pairwise
from random import Random
from typing import Any

import pytest

from corpus.errors import BadInputError
from corpus.invariants import violations
from corpus.model import EndReason, Version, WorkHistory
from corpus.questions import MADE_FAMILIES, Family, FigureKind, figures, make_questions
from corpus.synthetic import Synthetic
from corpus.synthetic.grammar import chinese, grammar, languages


def works(versions: int, **settings: object) -> list[WorkHistory]:
    return list(Synthetic(versions, **settings).works(pytest.fail))


@pytest.fixture(scope="module")
def book() -> list[WorkHistory]:
    return works(12_000, seed=11)


def rows(book: list[WorkHistory]) -> list[Version]:
    return [version for work in book for version in work.versions]


@pytest.mark.parametrize("versions", [1, 2, 7, 100, 1_999])
@pytest.mark.parametrize("seed", [0, 5])
def test_a_book_has_exactly_as_many_rows_as_asked(versions: int, seed: int) -> None:
    source = Synthetic(versions, seed)
    book = list(source.works(pytest.fail))
    assert len(rows(book)) == versions
    assert len(book) == source.count()


def test_every_act_keeps_the_invariants_of_the_corpus(book: list[WorkHistory]) -> None:
    assert [v for work in book for v in violations(work)] == []


@pytest.mark.parametrize("seed", range(12))
def test_small_books_with_cut_off_acts_keep_the_invariants(seed: int) -> None:
    assert [v for work in works(150 + seed, seed=seed) for v in violations(work)] == []


def test_a_seed_names_one_book_and_a_longer_book_begins_with_the_shorter() -> None:
    short, again, other = works(900), works(900), works(900, seed=1)
    assert short == again
    assert short[0] != other[0]
    assert works(1_500)[: len(short) - 1] == short[:-1]


def test_a_book_of_small_acts_has_many_of_them_and_as_many_rows() -> None:
    small = works(600, largest=20)
    assert max(len(work.versions) for work in small) <= 20
    assert len(rows(small)) == 600
    assert len(small) > 2 * len(works(600))
    assert [v for work in small for v in violations(work)] == []


def test_the_fingerprint_follows_every_setting() -> None:
    prints = {
        Synthetic(*settings).fingerprint()
        for settings in [
            (100,),
            (101,),
            (100, 1),
            (100, 0, ("en",)),
            (100, 0, ("en", "fr")),
            (100, 0, (), 20),
        ]
    }
    assert len(prints) == 6
    assert Synthetic(100).fingerprint() == Synthetic(100).fingerprint()


def test_five_million_rows_begin_at_once() -> None:
    source = Synthetic(5_000_000)
    first = list(islice(source.works(pytest.fail), 3))
    assert len(first) == 3
    assert 20_000 < source.count() < 100_000
    assert "5,000,000" in source.name


def test_every_event_of_a_statute_happens(book: list[WorkHistory]) -> None:
    ends = Counter(version.ended for version in rows(book))
    assert set(ends) == {*EndReason, None}
    assert any(v.known_to is not None for v in rows(book))
    assert any(v.known_from and v.valid_from < v.known_from for v in rows(book))
    assert any(v.known_from and v.valid_from > v.known_from for v in rows(book))
    assert max(v.valid_from for v in rows(book)).year > 2026
    assert any(len(work.coverage) == 2 for work in book)


def test_suspended_law_is_revived_with_its_words(book: list[WorkHistory]) -> None:
    revived = 0
    for work in book:
        for provision in work.provisions:
            own = [v for v in work.of(provision).versions if v.is_known()]
            for before, after in pairwise(own):
                if before.ended is EndReason.SUSPENDED:
                    assert after.valid_from > before.valid_to
                    assert after.text == before.text
                    revived += 1
    assert revived > 20


def test_a_correction_changes_what_is_known_of_a_day_not_the_day(book: list[WorkHistory]) -> None:
    texts = defaultdict(set)
    for version in rows(book):
        texts[version.provision_id, version.valid_from].add(
            (version.known_to is None, version.text)
        )
    assert any(len({text for _, text in found}) > 1 for found in texts.values())


def test_most_provisions_change_little_and_a_few_very_often(book: list[WorkHistory]) -> None:
    counts = Counter(
        len({v.id for v in work.of(provision).versions})
        for work in book
        for provision in work.provisions
    )
    total = counts.total()
    assert 0.3 < counts[1] / total < 0.7
    assert sum(n for changes, n in counts.items() if changes > 10) > 10
    mean = sum(changes * n for changes, n in counts.items()) / total
    assert 1.5 < mean < 4


def test_numbers_move_and_are_used_again(book: list[WorkHistory]) -> None:
    moved = [p for work in book for p in work.provisions if len(p.labels) == 2]
    assert moved
    again = 0
    for work in book:
        old = {
            p.labels[0].text: p.labels[0].valid_to for p in work.provisions if p.labels[0].valid_to
        }
        later = {label.text for p in work.provisions for label in p.labels[-1:]}
        again += len(old.keys() & later)
    assert again > 0


def test_no_two_provisions_bear_one_number_on_one_day(book: list[WorkHistory]) -> None:
    for work in book:
        borne = defaultdict(list)
        for provision in work.provisions:
            for label in provision.labels:
                borne[label.text].append(label.valid)
        for spans in borne.values():
            assert not any(a.overlaps(b) for a, b in combinations(spans, 2))


def test_titles_name_the_acts_apart(book: list[WorkHistory]) -> None:
    titles = [work.work.title for work in book]
    assert len(set(titles)) > 0.97 * len(titles)
    assert all("not law" in work.work.note for work in book)


def test_words_follow_a_long_tail() -> None:
    text = " ".join(v.text for v in rows(works(3_000, languages=["en"])))
    counts = Counter(text.lower().split()).most_common()
    assert len(counts) > 800
    rare = sum(1 for _, n in counts if n <= 50)
    assert rare > len(counts) / 3


@pytest.mark.parametrize("language", languages())
def test_figures_of_every_kind_are_written_so_that_questions_find_them(language: str) -> None:
    words, chance = grammar(language), Random(3)
    seen = set()
    for _ in range(300):
        clause = words.clause(chance)
        slot = words.slots[clause.pattern]
        found = [figure.kind for figure in figures(words.text((clause,)), language)]
        assert found == ([slot] if slot else []), words.text((clause,))
        seen.add(slot)
    assert seen == {None, *FigureKind}


@pytest.mark.parametrize("language", languages())
def test_a_synthetic_book_asks_questions_in_every_language(language: str) -> None:
    book = works(1_500, seed=2, languages=[language])
    asked = Counter(question.family for question in make_questions(book))
    for family in set(MADE_FAMILIES) - {Family.MISSING}:
        assert asked[family] > 10, family


@pytest.mark.parametrize(
    ("number", "numeral"),
    [
        (3, "三"),
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (500, "五百"),
    ],
)
def test_chinese_numerals(number: int, numeral: str) -> None:
    assert chinese(number) == numeral


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((0, 0, ()), "at least 1 version, not 0"),
        ((5, 0, ("xx",)), "no synthetic grammar for 'xx': choose from"),
        ((5, 0, (), 0), "between 1 and 5,000 rows, not 0"),
    ],
)
def test_bad_settings_are_one_sentence(settings: tuple[Any, ...], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        Synthetic(*settings)
