"""Intervals as words: a day finds the intervals that hold on it, and no other."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.engines.day_blocks import day_words, interval_words

DAYS = st.dates()
INNER = st.dates(date(2, 1, 1), date(9900, 1, 1))


def holds(start: date, end: date | None, day: date) -> bool:
    return bool(set(interval_words(start, end).split()) & set(day_words(day)))


@given(DAYS, DAYS, DAYS)
def test_a_day_shares_a_block_with_the_intervals_that_hold_and_no_other(
    a: date, b: date, day: date
) -> None:
    start, end = min(a, b), max(a, b)
    assert holds(start, end, day) == (start <= day < end)
    assert holds(start, None, day) == (start <= day)


@given(INNER, st.integers(0, 5000))
def test_the_edges_are_half_open(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    assert not holds(start, end, end)
    assert not holds(start, end, start - timedelta(days=1))
    assert holds(start, end, start) == (length > 0)


@pytest.mark.parametrize("start", [date.min, date(1297, 10, 12), date(2020, 2, 29), date.max])
def test_an_open_end_reaches_the_last_day_in_few_words(start: date) -> None:
    assert holds(start, None, date.max)
    assert len(interval_words(start, None).split()) <= 8 * 7


@given(DAYS, DAYS)
def test_no_interval_takes_more_than_seven_blocks_of_a_level_at_each_end(a: date, b: date) -> None:
    words = interval_words(min(a, b), max(a, b)).split()
    assert len(words) == len(set(words))
    assert len(words) <= 8 * 14
