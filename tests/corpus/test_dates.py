from datetime import date

import pytest

from corpus.languages.dates import find_dates

FIRST_OF_OCTOBER = date(2016, 10, 1)


@pytest.mark.parametrize(
    "written",
    [
        "2016-10-01",
        "1 October 2016",
        "1st October 2016",
        "1st of October 2016",
        "the 1st day of October, 2016",
        "October 1, 2016",
        "Oct. 1st, 2016",
        "1er octobre 2016",
        "1. Oktober 2016",
        "2016年10月1日",
        "2016 年 10 月 1 日",
        "1 de octubre de 2016",
        "1º de octubre del 2016",
        "1. oktoober 2016",
        "1. oktoobril 2016",
        "1. oktoobrist 2016",
    ],
)
def test_a_date_is_read_however_it_is_written(written: str) -> None:
    found = find_dates(f"What was the law on {written}, exactly?")
    assert [f.day for f in found] == [FIRST_OF_OCTOBER]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("3 août 2011", date(2011, 8, 3)),
        ("7. März 1999", date(1999, 3, 7)),
        ("28 de febrero de 2020", date(2020, 2, 28)),
        ("15. mail 2004", date(2004, 5, 15)),
        ("15. mai 2004", date(2004, 5, 15)),
        ("29 February 2024", date(2024, 2, 29)),
        ("1er janvier 1297", date(1297, 1, 1)),
        ("31. detsembrini 2005", date(2005, 12, 31)),
    ],
)
def test_months_of_every_language(written: str, day: date) -> None:
    assert [f.day for f in find_dates(written)] == [day]


@pytest.mark.parametrize(
    "text",
    [
        "in 2016",
        "October 2016",
        "10/01/2016",
        "31 February 2016",
        "2016-13-01",
        "Loi n° 2016-131",
        "2016-10-011",
        "section 1 Marches 2016",
        "12016-10-01",
    ],
)
def test_what_does_not_name_one_day_is_no_date(text: str) -> None:
    assert find_dates(text) == ()


def test_dates_keep_their_order_and_place() -> None:
    text = "from 2 May 1997 until 2001-01-01"
    found = find_dates(text)
    assert [f.day for f in found] == [date(1997, 5, 2), date(2001, 1, 1)]
    assert [text[f.start : f.end] for f in found] == ["2 May 1997", "2001-01-01"]
