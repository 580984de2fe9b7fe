"""Which language a session reads: the one in the URL, the one chosen, else the browser's."""

from __future__ import annotations

from contextlib import AbstractContextManager

import streamlit as st

from ui.languages.catalogue import LOCALES, catalogue, in_language, language, nearest, word

_KEPT = "language"
_FIELD = "language-field"
_PARAMETER = "lang"


def in_chosen_language() -> AbstractContextManager[None]:
    """Use the language of this session inside the context, as what runs before the page does."""
    return in_language(chosen_language())


def chosen_language() -> str:
    """Return the language of this session: of the URL (``lang=fr``), chosen, or the browser's."""
    asked = st.query_params.get(_PARAMETER)
    if asked in LOCALES:
        st.session_state[_KEPT] = asked
    kept: str | None = st.session_state.get(_KEPT)
    return kept or nearest(st.context.locale)


def language_choice() -> None:
    """Show the choice of a language, and name the present one to the browser."""
    present = language()
    st.html(_SAY.replace("CODE", present), unsafe_allow_javascript=True)
    if st.session_state.get(_FIELD) != present:
        st.session_state[_FIELD] = present
    names = {code: str(catalogue(code)["site.name_of_language"]) for code in LOCALES}
    st.selectbox(
        word("site.language"),
        tuple(names),
        key=_FIELD,
        format_func=names.__getitem__,
        on_change=_choose,
        width=180,
    )


_SAY = '<script data-screen="lang-CODE">document.documentElement.lang = "CODE";</script>'


def _choose() -> None:
    st.session_state[_KEPT] = st.session_state[_FIELD]
    st.query_params.pop(_PARAMETER, None)
