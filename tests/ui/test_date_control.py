"""A day is typed as text: it is read or refused in one sentence, and never changed."""

from __future__ import annotations

from datetime import date

import pytest

from corpus.clock import pinned
from corpus.errors import BadInputError
from tests.ui.test_ask_page import MARRIAGE, address, labels, opened, shown
from ui.pages.date_control import read_day
from ui.words import literal

QUESTION = "What does s 108 ERA 1996 say?"
NO_DAY = [
    "2022-02-30",
    "2023-02-29",
    "31 April 2021",
    "30 février 2006",
    "2022年2月30日",
    "2016-13-01",
]


pytestmark = pytest.mark.usefixtures("demo_app")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("30 September 2016", date(2016, 9, 30)),
        ("September 30, 2016", date(2016, 9, 30)),
        ("1er octobre 2016", date(2016, 10, 1)),
        ("31. Dezember 2001", date(2001, 12, 31)),
        ("2020年8月19日", date(2020, 8, 19)),
        ("1297-01-01", date(1297, 1, 1)),
    ],
)
def test_a_day_is_read_as_it_is_written_in_any_language(text: str, day: date) -> None:
    assert read_day(text) == day


@pytest.mark.parametrize("text", NO_DAY)
def test_a_day_that_is_none_is_refused_and_never_replaced(text: str) -> None:
    with pytest.raises(BadInputError, match=f"“{text}” is no day of the calendar"):
        read_day(text)


def test_the_refusal_names_the_end_of_the_month() -> None:
    with pytest.raises(BadInputError, match="that month ends on 28 February 2022"):
        read_day("2022-02-30")


@pytest.mark.parametrize(
    "text",
    [
        "10/01/2016",
        "20160930",
        "2016",
        "yesterday",
        "on 5 April 2012",
        "2012-04-05 or 2012-04-06",
        "2012-04-051",
        "<b>2012-04-05</b>",
        "x" * 5_000,
    ],
)
def test_what_is_not_exactly_one_day_is_refused_in_a_short_sentence(text: str) -> None:
    with pytest.raises(BadInputError, match="cannot be read as one day") as refused:
        read_day(text)
    assert len(str(refused.value)) < 150


@pytest.mark.parametrize("text", ["0300-01-01", "2500-01-01"])
def test_a_day_out_of_reach_is_refused(text: str) -> None:
    with pinned(date(2026, 11, 22)), pytest.raises(BadInputError, match="too far away"):
        read_day(text)


@pytest.mark.parametrize("text", NO_DAY)
def test_an_impossible_day_asks_nothing_and_stays_as_typed(text: str) -> None:
    app = opened()
    app.text_area(key="question").input(QUESTION)
    app.text_input(key="as_at").input(text)
    _press(app, "Ask")
    assert address(app) == {}
    assert [error.value for error in app.error] == [_sentence(text)]
    assert app.text_input(key="as_at").value == text
    assert app.text_area(key="question").value == QUESTION


def test_no_answer_of_another_day_stands_below_a_day_that_is_none() -> None:
    app = opened(**MARRIAGE)
    app.text_input(key="as_at").input("2022-02-30")
    _press(app, "Ask")
    assert address(app) == MARRIAGE
    assert 'class="card"' not in shown(app)
    app.text_input(key="as_at").input("2022-02-28")
    _press(app, "Ask")
    assert address(app)["as_at"] == "2022-02-28"
    assert 'class="card"' in shown(app)
    assert not app.error


@pytest.mark.parametrize(("key", "place"), [("fact-act", 0), ("known_at", 1)])
def test_the_part_of_the_form_with_a_day_that_is_none_is_open(key: str, place: int) -> None:
    app = opened()
    assert not app.expander[place].proto.expanded
    app.text_area(key="question").input(QUESTION)
    app.text_input(key=key).input("2022-02-30")
    _press(app, "Ask")
    assert address(app) == {}
    assert app.expander[place].proto.expanded
    assert len(app.error) == 1
    assert literal(app.text_input(key=key).label) in app.error[0].value


def test_a_reply_that_is_no_day_leaves_the_question_open() -> None:
    app = opened(q=QUESTION)
    app.text_input(key="missing-day").input("2022-02-30")
    _press(app, "Answer")
    assert address(app) == {"q": QUESTION}
    assert "no day of the calendar" in app.error[0].value
    assert app.text_input(key="missing-day").value == "2022-02-30"
    assert "Answer for every version" in labels(app)


def test_a_reply_for_a_fact_that_is_no_day_is_named_by_its_fact() -> None:
    facts = {"q": QUESTION, "issue": "criminal", "facts": "act:2010-01-01"}
    app = opened(**facts)
    app.text_input(key="missing-decision").input("31 April 2021")
    _press(app, "Answer")
    assert address(app) == facts
    assert app.error[0].value.startswith("The day of the decision")
    assert app.text_input(key="missing-decision").value == "31 April 2021"


def test_a_day_in_words_is_kept_as_typed_and_asked_as_the_day_it_is() -> None:
    app = opened()
    app.text_area(key="question").input(QUESTION)
    app.text_input(key="as_at").input("6 avril 2012")
    _press(app, "Ask")
    assert address(app)["as_at"] == "2012-04-06"
    assert app.text_input(key="as_at").value == "6 avril 2012"
    assert app.caption[0].value == "6 April 2012"
    assert "two years" in shown(app)


def _sentence(text: str) -> str:
    with pytest.raises(BadInputError) as refused:
        read_day(text)
    return literal(f"Law as at: {refused.value}.")


def _press(app: object, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
