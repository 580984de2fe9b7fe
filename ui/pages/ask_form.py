"""The form of the Ask page: question, governing date, filters and facts of the case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import streamlit as st

from agent.governing_date.choose import special_topics
from agent.library import Library
from agent.request import AskRequest, MissingDate, Reply
from corpus.applicability import Issue, Role
from ui.pages.address import EARLIEST, latest

_USUAL = (
    Role.ACT,
    Role.CONTRACT,
    Role.DAMAGE,
    Role.DUE,
    Role.STEP,
    Role.DECISION,
    Role.PERIOD_START,
    Role.PERIOD_END,
)
"""Facts for which the form always has a field."""


def fill_form(asked: AskRequest) -> None:
    """Set the widgets to a request."""
    values = asked.model_dump(exclude={"facts", "candidates", "confirmed"})
    for name, value in values.items():
        st.session_state[name] = list(value) if isinstance(value, tuple) else value
    for role in Role:
        st.session_state[_key(role)] = asked.facts.get(role)


def form(library: Library, facts: dict[Role, date], on_ask: Callable[[], None]) -> None:
    """Show the form, with a field for each role in ``facts`` besides the usual ones."""
    with st.form("ask", border=False):
        st.text_area(
            "Question",
            key="question",
            height=92,
            placeholder="Ask in the language of the law, or cite a provision",
        )
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        with left:
            _day("Law as at", "as_at", "The day the case turns on. Never assumed to be today.")
        with right:
            st.form_submit_button("Ask", type="primary", width="stretch", on_click=on_ask)
        with st.expander("Let the facts choose the day", expanded=bool(facts)):
            _matter(library)
            _facts([*_USUAL, *(role for role in facts if role not in _USUAL)])
        with st.expander("Narrow the question"):
            _narrow(library)


def asked_in_form() -> AskRequest:
    """Return the request in the form."""
    names = ("question", "as_at", "known_at", "extent", "jurisdictions", "issue", "topic")
    days = {role: st.session_state.get(_key(role)) for role in Role}
    facts = {role: day for role, day in days.items() if day is not None}
    return AskRequest(**{name: st.session_state[name] for name in names}, facts=facts)


def missing_form(missing: MissingDate, on_reply: Callable[[], None]) -> None:
    """Show a field for each missing date."""
    with st.form("missing"):
        if not missing.roles:
            _day("Law as at", "missing-day", "The day the case turns on.")
        for number, roles in enumerate(missing.roles):
            _one_of(roles, number)
        st.form_submit_button("Answer", type="primary", on_click=on_reply)


def reply_in_form(missing: MissingDate) -> Reply:
    """Return the reply in the form; empty if nothing was filled in."""
    facts = {}
    for number, roles in enumerate(missing.roles):
        day = st.session_state.get(f"missing-{number}")
        if day is not None:
            facts[st.session_state.get(f"missing-role-{number}", roles[-1])] = day
    as_at = None if missing.roles else st.session_state.get("missing-day")
    return Reply(as_at=as_at, facts=facts)


def _one_of(roles: tuple[Role, ...], number: int) -> None:
    if len(roles) == 1:
        _day(_said(roles[0]), f"missing-{number}", None)
        return
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        last = len(roles) - 1
        st.selectbox(
            "Which day", roles, index=last, format_func=_said, key=f"missing-role-{number}"
        )
    with right:
        _day("Day", f"missing-{number}", None)


def _matter(library: Library) -> None:
    left, right = st.columns(2)
    left.selectbox(
        "Kind of issue",
        list(Issue),
        index=None,
        key="issue",
        format_func=str.capitalize,
        placeholder="Not said",
        help="The rules for this kind of issue choose the day, where none is given above.",
    )
    right.selectbox(
        "Special subject",
        special_topics(sorted({work.jurisdiction for work in library.works})),
        index=None,
        key="topic",
        format_func=lambda topic: topic.replace("-", " "),
        placeholder="None",
        help="A subject that has rules of its own.",
        accept_new_options=True,
    )


def _facts(roles: list[Role]) -> None:
    columns = st.columns(2)
    for number, role in enumerate(roles):
        with columns[number % 2]:
            _day(_said(role), _key(role), None)


def _narrow(library: Library) -> None:
    _day("As published by", "known_at", "Answer only from what had been published by that day.")
    st.multiselect(
        "Jurisdictions",
        sorted({work.jurisdiction for work in library.works}),
        key="jurisdictions",
        format_func=str.upper,
        placeholder="All",
    )
    st.text_input("Territory", key="extent", placeholder="where texts differ by it, such as S")


def _day(label: str, key: str, words: str | None) -> None:
    st.date_input(
        label,
        value=None,
        key=key,
        min_value=EARLIEST,
        max_value=latest(),
        format="YYYY-MM-DD",
        help=words,
    )


def _said(role: Role) -> str:
    return role.words.capitalize()


def _key(role: Role) -> str:
    return f"fact-{role}"
