"""The Coverage page: what the library holds of each act, for which days, and what is amiss."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import streamlit as st

from agent.library import Library
from corpus.errors import InForceError
from corpus.reading.holdings import Holding, Holdings, holdings
from ui import markup as render
from ui.languages.catalogue import word
from ui.law import coverage_markup as markup
from ui.library import open_or_say, show_footer
from ui.pages.date_control import date_bar
from ui.words import literal, place_title

_KNOWN: dict[str | type, Callable[[Any], Any]] = {Library: lambda library: library.corpus_hash}


def page() -> None:
    """Show the acts that the filters in the address admit, on the day in the address."""
    st.html(render.masthead())
    library = open_or_say()
    if library is None:
        return
    day = date_bar("coverage")
    if day is None:
        return
    try:
        with st.spinner(word("coverage.counting")):
            held = _holdings(library, day)
    except InForceError as error:
        st.error(literal(str(error)), icon=":material/database_off:")
        return
    _show(held, _chosen(held), day)
    show_footer(library)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_KNOWN)
def _holdings(library: Library, day: date) -> Holdings:
    return holdings(library.store, day)


def _chosen(held: Holdings) -> list[Holding]:
    """Show the filters, kept in the address, and return the acts that they admit."""
    places = sorted({act.jurisdiction for act in held.acts})
    asked = st.query_params.to_dict()
    st.session_state.setdefault("coverage-in", [p for p in asked.get("in", "").split(",") if p])
    st.session_state["coverage-in"] = [p for p in st.session_state["coverage-in"] if p in places]
    st.session_state.setdefault("coverage-only", asked.get("faults", "") == "1")
    left, right = st.columns(2, vertical_alignment="bottom")
    chosen = left.multiselect(
        word("filter.jurisdictions"),
        places,
        key="coverage-in",
        format_func=place_title,
        placeholder=word("filter.all"),
        on_change=_to_address,
    )
    only = right.checkbox(
        word("coverage.only_faulty"),
        key="coverage-only",
        on_change=_to_address,
    )
    words = (
        st.text_input(word("coverage.title_or_citation"), key="coverage-words").casefold().strip()
    )
    return [
        act
        for act in held.acts
        if (not chosen or act.jurisdiction in chosen)
        and (not only or act.gaps or act.faults or not act.covered_on)
        and words in f"{act.title} {act.citation} {act.work}".casefold()
    ]


def _to_address() -> None:
    for name, value in (
        ("in", ",".join(st.session_state["coverage-in"])),
        ("faults", "1" if st.session_state["coverage-only"] else ""),
    ):
        if value:
            st.query_params[name] = value
        else:
            st.query_params.pop(name, None)


def _show(held: Holdings, chosen: list[Holding], day: date) -> None:
    st.html(markup.summary(chosen, day))
    for place in sorted({act.jurisdiction for act in chosen}, key=place_title):
        acts = [act for act in chosen if act.jurisdiction == place]
        st.html(markup.acts(place, acts, day))
    if held.left_out:
        with st.expander(word("coverage.left_out", count=len(held.left_out))):
            st.html(markup.left_out(held.left_out))
