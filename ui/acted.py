"""What a press of a button changes, and the sentence that the page then shows."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from corpus.errors import InForceError
from ui.languages.choice import in_chosen_language
from ui.words import literal

_PROBLEM = "acted-problem"
_DONE = "acted-done"


def attempt(change: Callable[[], str | None]) -> None:
    """Change something before the page is shown again, which then says how it went.

    Args:
        change: makes the change; it may return a sentence to be shown.
    """
    try:
        with in_chosen_language():
            done = change()
    except InForceError as problem:
        st.session_state[_PROBLEM] = str(problem)
        return
    if done:
        st.session_state[_DONE] = done


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
