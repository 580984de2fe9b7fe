"""The fields of the date and facts of a case."""

from __future__ import annotations

import streamlit as st

from agent.matters.records import CaseFrame
from corpus.applicability import Issue, Role
from ui.languages.catalogue import word
from ui.pages.date_control import chosen_day, date_control, set_day


def fill_frame(key: str, frame: CaseFrame) -> None:
    """Set the fields to a frame."""
    set_day(f"{key}-as-at", frame.as_at)
    st.session_state[f"{key}-issue"] = frame.issue
    st.session_state[f"{key}-extent"] = frame.extent or ""
    for role in Role:
        set_day(f"{key}-{role}", frame.facts.get(role))


def frame_fields(key: str) -> None:
    """Show the fields; ``key`` tells several forms apart."""
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
    columns = st.columns(2)
    for number, role in enumerate(Role):
        with columns[number % 2]:
            date_control(word(f"role.{role}"), f"{key}-{role}")
    st.text_input(word("filter.territory"), key=f"{key}-extent")


def frame_typed(key: str, before: CaseFrame = CaseFrame()) -> CaseFrame:  # noqa: B008 - frozen
    """Return the frame that the fields say; what has no field is that of ``before``.

    Raises:
        BadInputError: a date field does not hold a day.
    """
    days = {role: chosen_day(f"{key}-{role}") for role in Role}
    update = {
        "as_at": chosen_day(f"{key}-as-at"),
        "issue": st.session_state.get(f"{key}-issue"),
        "extent": (st.session_state.get(f"{key}-extent") or "").strip() or None,
        "facts": {role: day for role, day in days.items() if day is not None},
    }
    return before.model_copy(update=update)
