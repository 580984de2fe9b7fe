"""Days inside a sentence stay days, wherever the sentence is put."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from corpus.model import Interval
from corpus.wording import DayAt, Wording, wording

DAY, NEXT = date(2006, 4, 5), date(2013, 5, 19)


def year(day: date) -> str:
    return f"<{day.year}>"


def test_days_keep_their_place_through_joining() -> None:
    inner = wording("ended ", DAY, " and ", NEXT)
    said = wording("Art. 144 (2006-04-05): ", inner, "; ", Interval(start=DAY, end=NEXT), ".")
    assert said.text == (
        "Art. 144 (2006-04-05): ended 2006-04-05 and 2013-05-19; from 2006-04-05 to 2013-05-18."
    )
    assert said.written(year) == (
        "Art. 144 (2006-04-05): ended <2006> and <2013>; from <2006> to <2013>."
    )
    assert said.written(date.isoformat) == said.text


@pytest.mark.parametrize(
    "interval",
    [
        Interval(),
        Interval(start=DAY),
        Interval(end=NEXT),
        Interval(start=DAY, end=NEXT),
        Interval(start=DAY, end=date(2006, 4, 6)),
    ],
)
def test_an_interval_reads_as_it_always_does(interval: Interval) -> None:
    assert wording(interval).text == interval.words()


def test_a_day_that_does_not_stand_in_the_text_is_refused() -> None:
    with pytest.raises(ValidationError, match="does not stand at 0"):
        Wording(text="2006-04-06", days=(DayAt(start=0, end=10, day=DAY),))
