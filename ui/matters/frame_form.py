"""The fields of the date, facts and filters of a case."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from agent.governing_date.choose import special_topics
from agent.matters.records import CaseFrame
from corpus.applicability import Issue, Role
from ui.languages.catalogue import word
from ui.pages.date_control import chosen_day, date_control, set_day
from ui.words import place_title


def fill_frame(key: str, frame: CaseFrame) -> None:
    """Set the fields to a frame."""
    set_day(f"{key}-as-at", frame.as_at)
    st.session_state[f"{key}-issue"] = frame.issue
    st.session_state[f"{key}-topic"] = frame.topic
    st.session_state[f"{key}-places"] = list(frame.jurisdictions)
    st.session_state[f"{key}-extent"] = frame.extent or ""
    set_day(f"{key}-known-at", frame.known_at)
    for role in Role:
        set_day(f"{key}-{role}", frame.facts.get(role))


def frame_fields(key: str, places: Collection[str]) -> None:
    """Show the fields.

    Args:
        key: tells several forms apart.
        places: the jurisdictions of the library.
    """
    left, right = st.columns(2)
    with left:
        date_control(word("day.label"), f"{key}-as-at")
    right.selectbox(
        word("ask.issue"),
        list(Issue),
        index=None,
        key=f"{key}-issue",
        format_func=lambda issue: word(f"issue.{issue}"),
        placeholder=word("ask.issue_none"),
    )
    with st.expander(word("matters.more_days"), expanded=_any_more(key)):
        columns = st.columns(2)
        for number, role in enumerate(Role):
            with columns[number % 2]:
                date_control(word(f"role.{role}"), f"{key}-{role}")
        _filters(key, places)


def _any_more(key: str) -> bool:
    """Return whether one of the folded fields is filled in."""
    names = (*Role, "topic", "known-at", "places", "extent")
    return any(st.session_state.get(f"{key}-{name}") for name in names)


def _filters(key: str, places: Collection[str]) -> None:
    """Show the filters; what a case has already can be chosen although the library has it not."""
    topic, chosen = st.session_state.get(f"{key}-topic"), st.session_state.get(f"{key}-places")
    left, right = st.columns(2)
    left.selectbox(
        word("ask.topic"),
        sorted({*special_topics(sorted(places)), *filter(None, [topic])}),
        index=None,
        key=f"{key}-topic",
        format_func=lambda topic: topic.replace("-", " "),
        placeholder=word("ask.topic_none"),
        help=word("ask.topic_help"),
        accept_new_options=True,
    )
    with right:
        date_control(word("ask.known_at"), f"{key}-known-at", word("ask.known_at_help"))
    left, right = st.columns(2)
    left.multiselect(
        word("filter.jurisdictions"),
        sorted({*places, *(chosen or ())}),
        key=f"{key}-places",
        format_func=place_title,
        placeholder=word("filter.all"),
    )
    right.text_input(
        word("filter.territory"), key=f"{key}-extent", placeholder=word("filter.territory_hint")
    )


def frame_typed(key: str) -> CaseFrame:
    """Return the frame that the fields say.

    Raises:
        BadInputError: a date field does not hold a day.
    """
    days = {role: chosen_day(f"{key}-{role}") for role in Role}
    update = {
        "as_at": chosen_day(f"{key}-as-at"),
        "known_at": chosen_day(f"{key}-known-at"),
        "issue": st.session_state.get(f"{key}-issue"),
        "topic": (st.session_state.get(f"{key}-topic") or "").strip() or None,
        "jurisdictions": tuple(st.session_state.get(f"{key}-places") or ()),
        "extent": (st.session_state.get(f"{key}-extent") or "").strip() or None,
        "facts": {role: day for role, day in days.items() if day is not None},
    }
    return CaseFrame.model_validate(update)
