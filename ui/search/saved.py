"""Saved searches on the page: run one, remove one, save the present one."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from corpus.errors import InForceError
from corpus.settings import Settings
from retrieval.saved_searches import SavedSearches, searches_url
from retrieval.search import SearchRequest
from ui.languages.catalogue import word
from ui.people.present import person_here, present_person
from ui.words import literal


def saved_searches(present: SearchRequest, run: Callable[[SearchRequest], None]) -> None:
    """Show the saved searches; ``run`` goes to one."""
    with st.popover(word("saved.title"), icon=":material/bookmark:"):
        person = person_here()
        st.caption(word("saved.note" if person.local else "saved.note_own"))
        if said := st.session_state.pop("saved-problem", None):
            st.error(literal(said))
        try:
            kept = _opened(searches_url(Settings.load())).all(person.id)
        except InForceError as problem:
            st.error(literal(str(problem)), icon=":material/database_off:")
            return
        for number, each in enumerate(kept):
            left, right = st.columns([4, 1])
            left.button(
                literal(each.name),
                key=f"saved-run-{number}",
                width="stretch",
                on_click=run,
                args=(each.request,),
            )
            right.button(
                word("saved.remove"),
                key=f"saved-remove-{number}",
                on_click=_forget,
                args=(each.name,),
            )
        st.text_input(word("saved.name"), key="saved-name", placeholder=word("saved.name_hint"))
        st.button(word("saved.save"), on_click=_save, args=(present,), disabled=not present.text)


def _save(present: SearchRequest) -> None:
    name = st.session_state.get("saved-name") or ""
    _do(lambda kept, person: kept.save(name, present, person))


def _forget(name: str) -> None:
    _do(lambda kept, person: kept.forget(name, person))


def _do(change: Callable[[SavedSearches, str], None]) -> None:
    """Change the saved searches of the person here; what fails is said on the page."""
    try:
        change(_opened(searches_url(Settings.load())), present_person().id)
    except InForceError as problem:
        st.session_state["saved-problem"] = str(problem)


@st.cache_resource(show_spinner=False)
def _opened(url: str) -> SavedSearches:
    return SavedSearches.open(url)
