"""Intervals are half-open and sound; a version says either when it starts or what it waits for."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from corpus.model import Commencement, Interval
from tests.corpus.build import version

DAYS = st.dates(date(1200, 1, 1), date(2400, 1, 1))
ENDS = st.none() | DAYS


def test_commencement_day_belongs_to_new_version() -> None:
    old, new = version("1999-01-01", "2016-10-01"), version("2016-10-01")
    eve, commencement = date(2016, 9, 30), date(2016, 10, 1)
    assert (old.in_force(eve), new.in_force(eve)) == (True, False)
    assert (old.in_force(commencement), new.in_force(commencement)) == (False, True)


def test_open_end_stays_open() -> None:
    assert version("1297-01-01").in_force(date(2300, 12, 31))


@pytest.mark.parametrize("day", [date(1297, 1, 1), date(2300, 1, 1)])
def test_far_days_are_valid_dates(day: date) -> None:
    assert version(day.isoformat()).in_force(day)
    assert not version(day.isoformat()).in_force(day - timedelta(days=1))


@pytest.mark.parametrize("end", ["2000-01-01", "1999-12-31"])
def test_interval_that_ends_before_it_starts_is_refused(end: str) -> None:
    with pytest.raises(ValidationError, match="but starts 2000-01-01"):
        version("2000-01-01", end)


def test_undated_version_needs_a_condition_and_is_never_in_force() -> None:
    with pytest.raises(ValidationError, match="condition is required"):
        version(None, commencement="to_be_fixed")
    waiting = version(None, commencement="to_be_fixed", condition="an order is made")
    assert waiting.commencement is Commencement.TO_BE_FIXED
    assert not waiting.in_force(date(2300, 1, 1))


def test_end_needs_a_reason() -> None:
    with pytest.raises(ValidationError, match="go together"):
        version("2000-01-01", ended="repealed")


def test_words_name_the_last_day_not_the_day_after() -> None:
    assert Interval(start=date(2000, 1, 1), end=date(2001, 1, 1)).words() == (
        "from 2000-01-01 to 2000-12-31"
    )
    assert Interval(start=date(2000, 1, 1)).words() == "since 2000-01-01"


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    start, end = draw(ENDS), draw(ENDS)
    if start and end and end <= start:
        start, end = (end, start) if end < start else (start, None)
    return Interval(start=start, end=end)


@given(intervals(), intervals(), DAYS)
def test_intersection_contains_exactly_the_common_days(
    one: Interval, other: Interval, day: date
) -> None:
    both = one.intersect(other)
    assert (both is not None and day in both) == (day in one and day in other)
    assert one.overlaps(other) == (both is not None)


@given(intervals(), DAYS)
def test_a_day_is_before_inside_or_after(interval: Interval, day: date) -> None:
    assert [interval.before(day), day in interval, interval.after(day)].count(True) == 1
