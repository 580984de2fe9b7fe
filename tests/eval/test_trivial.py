"""What a policy gets right without reading the law must be known, or a score says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from agent.library import Library
from corpus.questions import Decline, Family, Question, make_questions
from eval.trivial import trivial_scores
from tests.agent.conftest import opened
from tests.rl.statutes import DAY, FAIRS, NEW, OLD, question


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    yield from opened(tmp_path_factory.mktemp("fairs"), FAIRS)


def _found(library: Library, *asked: Question) -> dict[str, tuple[float | None, ...]]:
    return {
        name: tuple(
            score.mean if score else None
            for score in (one.right, one.right_when_answerable, one.reason_guessed)
        )
        for name, one in trivial_scores(library, asked).items()
    }


def test_always_abstaining_is_never_right_however_often_the_reason_is_guessed(
    library: Library,
) -> None:
    value, gone = question(Family.VALUE_AT_DATE, OLD, DAY), question(Family.REPEALED)
    assert _found(library, value, gone)["always repealed"] == (0.0, 0.0, 1.0)


def test_the_newest_text_is_right_only_where_the_date_does_not_matter(library: Library) -> None:
    old, new = (question(Family.VALUE_AT_DATE, version, day) for version, day in (
        (OLD, DAY), (NEW, date(2005, 5, 5))))  # fmt: skip
    assert _found(library, old)["newest text"] == (0.0, 0.0, None)
    assert _found(library, new)["newest text"] == (1.0, 1.0, None)


def test_the_first_hit_is_searched_on_the_date_of_the_question(library: Library) -> None:
    asked = [q for q in make_questions([FAIRS], families=[Family.PAIRED_DATES]) if q.gold_span]
    right = _found(library, *asked)["first hit"]
    assert right == (1.0, 1.0, None)


def test_only_reasons_that_are_asked_about_have_a_policy(library: Library) -> None:
    names = _found(library, question(Family.REPEALED)).keys()
    assert set(names) == {f"always {Decline.REPEALED}", "newest text", "first hit"}
