"""The filters of a search, with the number of provisions behind each choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import streamlit as st

from agent.library import Library
from retrieval.query import Status
from retrieval.search import Counts, SearchRequest
from ui.search.markup import STATUS_WORDS
from ui.words import place_title

_FIELDS = ("jurisdictions", "works", "kinds", "languages")
_NAMES = {"jurisdictions": "Jurisdiction", "works": "Act", "kinds": "Kind", "languages": "Language"}


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
        st.html('<h2 class="contents">Narrow the search</h2>')
        _status(counts, on_change)
        for name in _FIELDS:
            counted = {} if counts is None else getattr(counts, name)
            chosen = st.session_state.get(_key(name)) or []
            _choices(name, counted, chosen, said.get(name, str), on_change)
        st.text_input(
            "Territory",
            key=_key("extent"),
            placeholder="such as S, where texts differ by it",
            on_change=on_change,
        )


def _status(counts: Counts | None, on_change: Callable[[], None]) -> None:
    counted = counts.statuses if counts is not None else {}

    def said(status: str) -> str:
        words = STATUS_WORDS.get(status, status)  # type: ignore[call-overload]
        return f"{words} ({counted[status]:,})" if status in counted else str(words)

    st.radio("Status", get_args(Status), key=_key("status"), format_func=said, on_change=on_change)


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
        _NAMES[name],
        options,
        key=_key(name),
        format_func=lambda key: f"{said(key)} ({counted.get(key, 0):,})",
        placeholder="All",
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
