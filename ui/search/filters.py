"""The filters of a search, with the number of provisions behind each choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import streamlit as st

from agent.library import Library
from retrieval.query import Status
from retrieval.search import Counts, SearchRequest
from ui.languages.catalogue import word
from ui.markup import told
from ui.search.markup import counted_words
from ui.words import place_title

_FIELDS = ("jurisdictions", "works", "kinds", "languages")


def fill_filters(request: SearchRequest) -> None:
    """Set the widgets to a search."""
    for name in _FIELDS:
        st.session_state[_key(name)] = list(getattr(request, name))
    st.session_state[_key("status")] = request.status
    st.session_state[_key("extent")] = request.extent or ""


def filters(library: Library, counts: Counts | None, on_change: Callable[[], None]) -> None:
    """Show the filters in the sidebar; ``counts`` are those of the present search."""
    titles = {work.id: work.title for work in library.works}
    said: dict[str, Callable[[str], str]] = {
        "jurisdictions": place_title,
        "works": lambda work_id: titles.get(work_id, work_id),
    }
    with st.sidebar:
        st.html(f'<h2 class="contents">{told("search.narrow")}</h2>')
        _status(counts, on_change)
        for name in _FIELDS:
            counted = {} if counts is None else getattr(counts, name)
            chosen = st.session_state.get(_key(name)) or []
            _choices(name, counted, chosen, said.get(name, str), on_change)
        st.text_input(
            word("filter.territory"),
            key=_key("extent"),
            placeholder=word("filter.territory_hint"),
            on_change=on_change,
        )


def _status(counts: Counts | None, on_change: Callable[[], None]) -> None:
    counted = counts.statuses if counts is not None else {}

    def said(status: str) -> str:
        words = word(f"search.{status}")
        return counted_words(words, counted[status]) if status in counted else words

    st.radio(
        word("filter.status"),
        get_args(Status),
        key=_key("status"),
        format_func=said,
        on_change=on_change,
    )


def _choices(
    name: str,
    counted: dict[str, int],
    chosen: list[str],
    said: Callable[[str], str],
    on_change: Callable[[], None],
) -> None:
    """Show one filter; the choices with most provisions first, and what is chosen always."""
    best = sorted((key for key, count in counted.items() if count), key=lambda key: -counted[key])
    options = [*best, *(key for key in chosen if key not in best)]
    st.multiselect(
        word(f"filter.{name}"),
        options,
        key=_key(name),
        format_func=lambda key: counted_words(said(key), counted.get(key, 0)),
        placeholder=word("filter.all"),
        on_change=on_change,
    )


def chosen_filters(text: str) -> SearchRequest:
    """Return the search that the widgets say."""
    lists = {name: tuple(st.session_state.get(_key(name)) or ()) for name in _FIELDS}
    return SearchRequest(
        text=text,
        status=st.session_state.get(_key("status")) or "in_force",
        extent=(st.session_state.get(_key("extent")) or "").strip() or None,
        **lists,
    )


def _key(name: str) -> str:
    return f"search-{name}"
