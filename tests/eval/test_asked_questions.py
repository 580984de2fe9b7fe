from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from pydantic import ValidationError

from corpus.demo import QUESTION_FILES, golden_questions
from corpus.errors import BadInputError
from corpus.sources.registry import open_source
from corpus.store import Store
from eval.questions.asked import AskedQuestion, divide, problems, read_asked, text_digest
from eval.suites.demo import demo_library

CORPORA = Path(__file__).parents[2] / "../shared/corpora"
FOLDERS = {
    "cn-lawrefbook": "cn/",
    "de-ldml-akn": "de/",
    "ee-riigiteataja-git": "ee/",
    "fr-codes-git": "fr/",
    "tw-moj-json": "tw/",
    "uk-clml-samples": "uk/",
    "us-cfpb-regml": "us/",
}
DEMO, REAL = read_asked("demo"), read_asked("real")
LATER = ("held_out_2", "held_out_3", "held_out_4", "held_out_5", "held_out_6", "held_out_7")
SECOND, THIRD, FOURTH, FIFTH = (read_asked("demo", half) for half in LATER[:4])
SECOND_REAL, THIRD_REAL, FOURTH_REAL = (read_asked("real", half) for half in LATER[:3])
SIXTH, FIFTH_REAL = read_asked("demo", "held_out_6"), read_asked("real", "held_out_5")
SEVENTH, SIXTH_REAL = read_asked("demo", "held_out_7"), read_asked("real", "held_out_6")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with demo_library() as library:
        yield library.store


def stated(one: AskedQuestion, **changed: object) -> AskedQuestion:
    return AskedQuestion.model_validate(one.model_dump() | changed)


def answerable() -> AskedQuestion:
    return next(one for one in DEMO if one.gold and one.filled.as_at)


def test_each_gold_answer_is_the_one_text_in_force_on_its_day(store: Store) -> None:
    assert list(problems(DEMO, store)) == []


def test_what_stands_in_the_demonstration_corpus_is_what_gold_says(store: Store) -> None:
    for one in DEMO:
        for gold, question in zip(one.gold, one.questions(store), strict=False):
            assert question.gold_span is not None
            assert question.gold_span.text == gold.says


def test_gold_of_another_day_text_or_place_is_found_out(store: Store) -> None:
    one = answerable()
    gold = one.gold[0]
    early = stated(one, as_at="1700-01-01")
    other = stated(one, gold=[gold.model_copy(update={"text_digest": text_digest("other")})])
    empty = stated(one, gold=[gold.model_copy(update={"start": 10_000, "end": 10_005})])
    found = list(problems([early, other, empty], store))
    assert [said.partition(": ")[0] for said in found] == [one.id] * 3
    with pytest.raises(BadInputError, match="does not hold"):
        other.questions(store)


def test_a_reason_to_decline_that_the_corpus_does_not_give_is_found_out(store: Store) -> None:
    one = answerable()
    wrong = stated(one, gold=(), decline="repealed", about=one.provision_id)
    assert "is in force on" in "".join(problems([wrong], store))


@pytest.mark.corpora
@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_gold_over_real_legislation_holds(folder: str, tmp_path: Path) -> None:
    if not (CORPORA / folder).is_dir():
        pytest.skip(f"needs the shared corpora: {folder} is not beside the repository")
    asked = [one for one in REAL if (one.work_id or "").startswith(FOLDERS[folder])]
    works = {gold.work_id for one in asked for gold in one.gold} | {one.work_id for one in asked}
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with closing(Store.open(url, create=True)) as store:
        with store.writing():
            for history in open_source(str(CORPORA / folder)).works(lambda _: None):
                if history.work.id in works:
                    store.write(history)
        assert asked
        assert list(problems(asked, store)) == []


def test_no_work_or_provision_is_in_both_halves() -> None:
    for every in (DEMO, REAL):
        asked = [one for one in every if one.half not in LATER]
        assert {one.id: one.half for one in asked} == divide(asked)
        halves = {(one.provision_id, one.half) for one in asked if one.provision_id}
        assert len(halves) == len({provision for provision, _ in halves})


def test_the_set_is_as_large_and_as_mixed_as_its_readme_says() -> None:
    both = DEMO + REAL
    assert (len(DEMO), len(REAL)) == (1166, 595)
    assert Counter(one.style for one in both) == {"lay": 1350, "statute": 411}
    assert sum(one.decline is not None for one in both) == 206
    languages = Counter((one.language, one.half) for one in DEMO)
    assert len(languages) == 56
    assert min(languages.values()) >= 9


@pytest.mark.parametrize("later", [SECOND, THIRD, FOURTH, FIFTH], ids=LATER[:4])
def test_a_later_held_out_part_has_lay_questions_in_each_language(
    later: list[AskedQuestion],
) -> None:
    lay = Counter(one.language for one in later if one.style == "lay")
    assert len(lay) == 7
    assert min(lay.values()) >= 15
    assert sum(one.decline is not None for one in later) >= 0.12 * len(later)


def test_the_parts_of_an_independent_author_are_in_lay_words_and_spread_over_provisions() -> None:
    for part, declined in ((SIXTH, 10), (FIFTH_REAL, 9), (SEVENTH, 15), (SIXTH_REAL, 7)):
        assert {one.style for one in part} == {"lay"}
        assert sum(one.decline is not None for one in part) == declined
        asked = Counter(one.provision_id for one in part if one.provision_id)
        assert max(asked.values()) <= 2
    assert set(Counter(one.language for one in SIXTH).values()) == {10}
    assert set(Counter(one.language for one in SEVENTH).values()) == {15}
    assert len({one.language for one in FIFTH_REAL}) == 5
    assert len({one.language for one in SIXTH_REAL}) == 6


def test_the_later_held_out_parts_over_real_law_have_lay_and_statute_words() -> None:
    assert Counter(one.style for one in SECOND_REAL) == {"lay": 81, "statute": 42}
    assert Counter(one.style for one in THIRD_REAL) == {"lay": 67, "statute": 18}
    assert Counter(one.style for one in FOURTH_REAL) == {"lay": 80, "statute": 22}
    for later in (SECOND_REAL, THIRD_REAL, FOURTH_REAL):
        assert len({one.language for one in later}) == 5


def test_no_question_of_a_later_held_out_part_is_one_of_the_others_reworded() -> None:
    every = DEMO + REAL
    for place, one in enumerate(every):
        if one.half not in LATER:
            continue
        for other in every[:place]:
            if (one.corpus, one.language, one.style) != (
                other.corpus,
                other.language,
                other.style,
            ) or one.half == other.half:
                continue
            alike = SequenceMatcher(None, one.text, other.text)
            assert alike.real_quick_ratio() < 0.8 or alike.ratio() < 0.8, (one.id, other.id)


def test_no_question_is_asked_twice_or_stands_in_another_set() -> None:
    texts = [one.text for one in DEMO + REAL]
    known = {question.text for name in QUESTION_FILES for question in golden_questions(name)}
    assert len(set(texts)) == len(texts)
    assert not known & set(texts)


def test_no_text_of_real_legislation_is_in_the_file() -> None:
    keys = {key for one in REAL for gold in one.gold for key in gold.model_dump()}
    assert "text" not in keys
    assert max(len(gold.says) for one in REAL for gold in one.gold) < 60


def test_an_item_with_both_an_answer_and_a_reason_to_decline_is_refused() -> None:
    both = json.loads(answerable().model_dump_json()) | {"decline": "repealed", "about": "x/y#z"}
    with pytest.raises(ValidationError, match="exactly one of gold and decline"):
        AskedQuestion.model_validate(both)
