"""The date control of every page: a text field that is read as a day and is never changed.

:func:`date_bar` is the control of a page that reads the law of one day: it stays in view, its day
stands in the page's URL, and a banner says so where that day is not today. A day chosen on one
page is kept for the other pages of the session.

Streamlit's own date field replaces an impossible day by another one in the browser, before the
page sees it. Here a day that cannot be read is refused in a sentence and stays as it was typed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from corpus.clock import today
from corpus.errors import BadInputError
from corpus.languages.dates import find_dates, impossible_dates
from ui import markup
from ui.languages.catalogue import word
from ui.pages.address import EARLIEST, day_named, latest
from ui.words import day_words, literal

_EXAMPLE = date(2016, 9, 30)
_SHOWN = 40


def date_control(
    label: str,
    key: str,
    help_words: str | None = None,
    note: DeltaGenerator | None = None,
    on_change: Callable[[], None] | None = None,
) -> None:
    """Show the field of a day; below it the day in words, or why it cannot be read.

    ``note`` is where the words go instead, for a field that stands in a row with others. A field
    with ``on_change`` writes no day in words: the page that follows the change says it.
    """
    st.text_input(
        label,
        key=key,
        placeholder=_EXAMPLE.isoformat(),
        help=help_words,
        autocomplete="off",
        on_change=on_change,
    )
    below = st.container() if note is None else note
    try:
        day = chosen_day(key)
    except BadInputError as problem:
        below.error(
            literal(word("day.unread", field=label, why=str(problem))), icon=":material/event_busy:"
        )
        return
    if on_change is None and day is not None and day_words(day) != _typed(key):
        below.caption(literal(day_words(day)))


def date_bar(page: str) -> date | None:
    """Show the date control of a page; return the day in its URL.

    ``page`` names the page: its field is its own, and is filled anew when the page is opened.

    ``None`` if there is none yet, or if what is typed or in the URL is no day: it is said on the
    page, and nothing dated may be shown.
    """
    problems: list[str] = []
    day = day_named(st.query_params.to_dict(), "as_at", problems) or _carried(problems)
    key = f"bar-{page}"
    _follow(day, key)
    with st.container(key="date-bar"):
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        note = st.container()
        with left:
            words = word("day.read_help")
            date_control(word("day.label"), key, words, note, on_change=lambda: _take(key))
        right.button(word("day.today"), on_click=go_to_day, args=(today(),), width="stretch")
        for problem in problems:
            note.error(literal(problem), icon=":material/event_busy:")
        if problems or not can_be_read(key):
            return None
        if day is not None and day != today():
            st.html(markup.day_banner(day, today()))
    if day is None:
        st.html(markup.no_day())
    return day


def go_to_day(day: date) -> None:
    """Put a day into the page's URL, and keep it for the other pages."""
    remember_day(day)
    st.query_params["as_at"] = str(day)


def remember_day(day: date) -> None:
    """Keep a day that was chosen, for the other pages of this session."""
    st.session_state[_CARRIED] = day


def remembered_day() -> date | None:
    """Return the day chosen last in this session, or ``None``."""
    found: date | None = st.session_state.get(_CARRIED)
    return found


def _carried(problems: list[str]) -> date | None:
    """Return the day chosen on another page, and put it into the URL."""
    day = None if problems else remembered_day()
    if day is not None:
        st.query_params["as_at"] = str(day)
    return day


def _follow(day: date | None, key: str) -> None:
    """Fill the field where the URL has changed, or the page was left and opened again."""
    if day is not None:
        remember_day(day)
    if st.session_state.get(_SHOWN_DAY) != (key, day) or key not in st.session_state:
        st.session_state[_SHOWN_DAY] = key, day
        set_day(key, day)


def _take(key: str) -> None:
    """Go to the day that was typed; one that cannot be read is named by its field instead."""
    with suppress(BadInputError):
        day = chosen_day(key)
        if day is not None:
            go_to_day(day)


_CARRIED = "chosen-day"
_SHOWN_DAY = "bar-shown"


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
        raise BadInputError(word("day.too_far", text=text, first=EARLIEST, last=latest()))
    return day


def _refusal(text: str) -> str:
    for each in impossible_dates(text):
        if each.days:
            return word("day.impossible_end", text=each.words, last=each.days[0])
        return word("day.impossible", text=each.words)
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return word("day.not_one", text=shown, example=_EXAMPLE.isoformat(), written=_EXAMPLE)


def _typed(key: str) -> str:
    return (st.session_state.get(key) or "").strip()
