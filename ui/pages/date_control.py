"""The date control of every page: a text field that is read as a day and is never changed.

Streamlit's own date field replaces an impossible day by another one in the browser, before the
page sees it. Here a day that cannot be read is refused in a sentence and stays as it was typed.
"""

from __future__ import annotations

from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from corpus.errors import BadInputError
from corpus.languages.dates import find_dates, impossible_dates
from ui.pages.address import EARLIEST, latest
from ui.words import day_words, literal

_HOW = "write it as 2016-09-30 or 30 September 2016"
_SHOWN = 40


def date_control(
    label: str, key: str, help_words: str | None = None, note: DeltaGenerator | None = None
) -> None:
    """Show the field of a day; below it the day in words, or why it cannot be read.

    ``note`` is where the words go instead, for a field that stands in a row with others.
    """
    st.text_input(label, key=key, placeholder="2016-09-30", help=help_words, autocomplete="off")
    below = st.container() if note is None else note
    try:
        day = chosen_day(key)
    except BadInputError as problem:
        below.error(literal(f"{label}: {problem}."), icon=":material/event_busy:")
        return
    if day is not None and day_words(day) != _typed(key):
        below.caption(literal(day_words(day)))


def chosen_day(key: str) -> date | None:
    """Return the day in a field; ``None`` if the field is empty.

    Raises:
        BadInputError: the text of the field is not one day.
    """
    text = _typed(key)
    return read_day(text) if text else None


def can_be_read(key: str) -> bool:
    """Return whether a field is empty or holds a day."""
    try:
        chosen_day(key)
    except BadInputError:
        return False
    return True


def set_day(key: str, day: date | None) -> None:
    """Set a field to a day; a text that already says this day is kept as it was typed."""
    if day is None or not can_be_read(key) or chosen_day(key) != day:
        st.session_state[key] = "" if day is None else str(day)


def read_day(text: str) -> date:
    """Return the one day that a text consists of, in ISO form or written out in any language.

    Raises:
        BadInputError: the text is not a day, or not one that the pages accept; one sentence.
    """
    found = find_dates(text)
    if len(found) != 1 or found[0].words != text:
        raise BadInputError(_refusal(text))
    day = found[0].day
    if not EARLIEST <= day <= latest():
        limits = f"{day_words(EARLIEST)} to {day_words(latest())}"
        raise BadInputError(f"“{text}” is too far away; choose a day from {limits}")
    return day


def _refusal(text: str) -> str:
    for each in impossible_dates(text):
        ends = f"; that month ends on {day_words(each.days[0])}" if each.days else ""
        return f"“{each.words}” is no day of the calendar{ends}"
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"“{shown}” cannot be read as one day; {_HOW}"


def _typed(key: str) -> str:
    return (st.session_state.get(key) or "").strip()
