"""The form of the Ask page: question, governing date, filters and facts of the case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import streamlit as st

from agent.governing_date.choose import special_topics
from agent.library import Library
from agent.request import AskRequest, ClarifyingQuestion, Reply
from corpus.applicability import Issue, Role
from ui.languages.catalogue import word
from ui.pages.date_control import can_be_read, chosen_day, date_control, set_day
from ui.words import place_title

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
    values = asked.model_dump(include={"question", "extent", "jurisdictions", "issue", "topic"})
    for name, value in values.items():
        st.session_state[name] = list(value) if isinstance(value, tuple) else value
    set_day("as_at", asked.as_at)
    set_day("known_at", asked.known_at)
    for role in Role:
        set_day(_key(role), asked.facts.get(role))


def form(library: Library, facts: dict[Role, date], on_ask: Callable[[], None]) -> None:
    """Show the form, with a field for each role in ``facts`` besides the usual ones."""
    with st.form("ask", border=False):
        st.text_area(
            word("ask.question"),
            key="question",
            height=92,
            placeholder=word("ask.question_hint"),
        )
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        note = st.container()
        with left:
            words = f"{word('ask.day_help')} {word('ask.never_today')}"
            date_control(word("day.label"), "as_at", words, note)
        with right:
            st.form_submit_button(word("ask.ask"), type="primary", width="stretch", on_click=on_ask)
        unread = any(not can_be_read(_key(role)) for role in Role)
        with st.expander(word("ask.facts"), expanded=bool(facts) or unread):
            _matter(library)
            _facts([*_USUAL, *(role for role in facts if role not in _USUAL)])
        with st.expander(word("ask.narrow"), expanded=not can_be_read("known_at")):
            _narrow(library)


def days_can_be_read() -> bool:
    """Return whether every date field of the form is empty or holds a day."""
    return all(map(can_be_read, ("as_at", "known_at", *map(_key, Role))))


def asked_in_form() -> AskRequest:
    """Return the request in the form.

    Raises:
        BadInputError: a date field does not hold a day.
    """
    names = ("question", "extent", "jurisdictions", "issue", "topic")
    days = {role: chosen_day(_key(role)) for role in Role}
    return AskRequest(
        **{name: st.session_state[name] for name in names},
        as_at=chosen_day("as_at"),
        known_at=chosen_day("known_at"),
        facts={role: day for role, day in days.items() if day is not None},
    )


def missing_form(missing: ClarifyingQuestion, on_reply: Callable[[], None]) -> None:
    """Show a field for each missing date."""
    with st.form("missing"):
        if not missing.roles:
            date_control(word("day.label"), "missing-day", word("ask.day_help"))
        for number, roles in enumerate(missing.roles):
            _one_of(roles, number)
        st.form_submit_button(word("ask.answer"), type="primary", on_click=on_reply)


def reply_in_form(missing: ClarifyingQuestion) -> Reply:
    """Return the reply in the form; empty if nothing was filled in.

    Raises:
        BadInputError: a date field does not hold a day.
    """
    facts = {}
    for number, roles in enumerate(missing.roles):
        day = chosen_day(_missing_key(roles))
        if day is not None:
            facts[st.session_state.get(f"missing-role-{number}", roles[-1])] = day
    as_at = None if missing.roles else chosen_day("missing-day")
    return Reply(as_at=as_at, facts=facts)


def _one_of(roles: tuple[Role, ...], number: int) -> None:
    if len(roles) == 1:
        date_control(_said(roles[0]), _missing_key(roles))
        return
    left, right = st.columns(2, vertical_alignment="bottom")
    note = st.container()
    with left:
        last = len(roles) - 1
        st.selectbox(
            word("ask.which_day"),
            roles,
            index=last,
            format_func=_said,
            key=f"missing-role-{number}",
        )
    with right:
        date_control(word("ask.day"), _missing_key(roles), note=note)


def _missing_key(roles: tuple[Role, ...]) -> str:
    """Return the key of the field; it names the roles, so no day of another role stays in it."""
    return f"missing-{'-'.join(roles)}"


def _matter(library: Library) -> None:
    left, right = st.columns(2)
    left.selectbox(
        word("ask.issue"),
        list(Issue),
        index=None,
        key="issue",
        format_func=lambda issue: word(f"issue.{issue}"),
        placeholder=word("ask.issue_none"),
        help=word("ask.issue_help"),
    )
    right.selectbox(
        word("ask.topic"),
        special_topics(sorted({work.jurisdiction for work in library.works})),
        index=None,
        key="topic",
        format_func=lambda topic: topic.replace("-", " "),
        placeholder=word("ask.topic_none"),
        help=word("ask.topic_help"),
        accept_new_options=True,
    )


def _facts(roles: list[Role]) -> None:
    columns = st.columns(2)
    for number, role in enumerate(roles):
        with columns[number % 2]:
            date_control(_said(role), _key(role))


def _narrow(library: Library) -> None:
    date_control(word("ask.known_at"), "known_at", word("ask.known_at_help"))
    st.multiselect(
        word("filter.jurisdictions"),
        sorted({work.jurisdiction for work in library.works}),
        key="jurisdictions",
        format_func=place_title,
        placeholder=word("filter.all"),
    )
    st.text_input(word("filter.territory"), key="extent", placeholder=word("filter.territory_hint"))


def _said(role: Role) -> str:
    return word(f"role.{role}")


def _key(role: Role) -> str:
    return f"fact-{role}"
