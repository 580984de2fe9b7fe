"""What the Matters page works with: the open database, the person here, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from agent.matters.store import Matters, matters_url
from agent.people import Person
from corpus.errors import InForceError
from corpus.settings import Settings
from ui.languages.choice import in_chosen_language
from ui.people.present import person_here, present_person
from ui.words import literal

_PROBLEM = "matters-problem"
_DONE = "matters-done"
CHOSEN = "matter"
"""The parameter of an address that names a matter."""


class Desk(NamedTuple):
    """The matters of this installation, and the person who looks at them."""

    matters: Matters
    person: Person
    settings: Settings


def desk_here() -> Desk:
    """Return the desk of whom the app let in at this run, for what a page shows.

    Raises:
        InForceError: the database cannot be opened, or nobody may look at it.
    """
    settings = Settings.load()
    return Desk(_opened(matters_url(settings)), person_here(), settings)


def do(change: Callable[[Desk], str | None]) -> None:
    """Change something as the person who is here now; what fails is said when the page is shown.

    Args:
        change: makes the change; it may return a sentence to be shown.
    """
    settings = Settings.load()
    try:
        desk = Desk(_opened(matters_url(settings)), present_person(), settings)
        with in_chosen_language():
            done = change(desk)
        if done:
            st.session_state[_DONE] = done
    except InForceError as problem:
        st.session_state[_PROBLEM] = str(problem)


def say_what_happened() -> None:
    """Show the outcome of the last change."""
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(literal(problem), icon=":material/error:")
    if done := st.session_state.pop(_DONE, None):
        st.success(literal(done), icon=":material/check:")


def typed(key: str) -> str:
    """Return what stands in a field."""
    found: str = st.session_state.get(key) or ""
    return found


@st.cache_resource(show_spinner=False)
def _opened(url: str) -> Matters:
    return Matters.open(url)
