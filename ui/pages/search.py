"""The Search page: citations first, then words and vectors, on the day in the address.

Once somebody is signed in, the address holds an id instead of the words.
"""

from __future__ import annotations

from datetime import date

import streamlit as st

from agent.library import Library
from corpus.errors import InForceError
from retrieval.search import Searched, SearchRequest
from retrieval.search import search as find
from ui import markup as render
from ui.languages.catalogue import word
from ui.library import open_or_say, show_footer
from ui.pages.date_control import date_bar, remembered_day
from ui.people.private_address import address_here, go_to, stale_request
from ui.search import markup
from ui.search.address import read_search, write_search
from ui.search.filters import chosen_filters, fill_filters, filters
from ui.search.saved import saved_searches
from ui.words import literal


def page() -> None:
    """Show the results of the search in the URL."""
    st.html(render.masthead())
    library = open_or_say()
    if library is None:
        return
    request, problems = read_search(address_here("as_at"))
    day = date_bar("search")
    _follow_address(request)
    _form()
    for problem in (*problems, *stale_request()):
        st.error(literal(problem), icon=":material/search_off:")
    saved_searches(request, _go)
    found = None
    if day is not None and request.text and not problems:
        found = _found(library, request, day)
    filters(library, None if found is None else found.counts, _submit)
    if found is not None:
        _results(found)
    show_footer(library)


def _follow_address(request: SearchRequest) -> None:
    """Fill the form whenever the URL changed, or the page was left and opened again."""
    kept = st.session_state
    if kept.get("search-shown") != request or "search-text" not in kept:
        kept["search-shown"] = request
        kept["search-text"] = request.text
        fill_filters(request)


def _form() -> None:
    with st.form("search", border=False):
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        left.text_input(
            word("search.text"),
            key="search-text",
            placeholder=word("search.text_hint"),
        )
        right.form_submit_button(
            word("search.search"), type="primary", width="stretch", on_click=_submit
        )


def _submit() -> None:
    _go(chosen_filters((st.session_state.get("search-text") or "").strip()[:20_000]))


def _go(request: SearchRequest) -> None:
    go_to(write_search(request, remembered_day()), "as_at")


def _found(library: Library, request: SearchRequest, day: date) -> Searched | None:
    try:
        with st.spinner(word("search.searching")):
            return find(library.store, library.index, request, day, library.works)
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/search_off:")
        return None


def _results(found: Searched) -> None:
    if found.words_only:
        st.caption(literal(found.words_only))
    if found.citations:
        st.html(markup.citations(found))
    if not found.found:
        st.html(markup.nothing(found))
        return
    st.html(markup.heading(found))
    st.html("".join(markup.line(each, found.as_at) for each in found.found))
