"""The Law page: an act as it stood on a day, and a provision with its timeline and redlines."""

from __future__ import annotations

from datetime import date

import streamlit as st

from corpus.errors import BadInputError, InForceError
from corpus.model import Work
from ui import markup as render
from ui.languages.catalogue import word
from ui.law.acts import Corpus, corpus_of
from ui.law.address import HASH, Place, read_place
from ui.law.read_act import show_act
from ui.law.read_provision import show_provision
from ui.law.steps import go
from ui.library import open_or_say, show_footer
from ui.pages.date_control import date_bar
from ui.words import literal, place_title


def page() -> None:
    """Show what the URL names, on the day that it names."""
    st.html(render.masthead())
    library = open_or_say()
    if library is None:
        return
    place, problems = read_place(st.query_params.to_dict())
    day = date_bar("law")
    for problem in problems:
        st.error(literal(problem), icon=":material/link_off:")
    if problems:
        return
    try:
        corpus = corpus_of(library, place.corpus)
        _say_pinned(corpus, place)
        _choice(corpus, place)
        if day is not None and place.work_id is not None:
            _read(corpus, place, day)
    except InForceError as error:
        st.error(literal(str(error)), icon=":material/link_off:")
        _offer_present(place)
        return
    show_footer(library)


def _read(corpus: Corpus, place: Place, day: date) -> None:
    if place.provision is not None:
        show_provision(corpus, place, day)
        return
    act = corpus.act(place.act or "", day, place.extent)
    if act is None:
        raise BadInputError(word("law.no_act", name=(place.act or "")[:80]))
    show_act(corpus, place, act)


def _choice(corpus: Corpus, place: Place) -> None:
    """Show the field in which an act is chosen by its title."""
    works = {work.id: work for work in sorted(corpus.works, key=_by_place)}
    chosen = place.work_id if place.work_id in works else None
    if st.session_state.get("law-shown") != chosen or "law-act" not in st.session_state:
        st.session_state["law-shown"] = st.session_state["law-act"] = chosen
    st.selectbox(
        word("filter.works"),
        list(works),
        index=None,
        key="law-act",
        format_func=lambda work_id: _title(works[work_id]) if work_id in works else work_id,
        placeholder=word("law.choose_act"),
        on_change=_open_chosen,
        args=(place,),
    )


def _open_chosen(place: Place) -> None:
    go(Place(act=st.session_state["law-act"], corpus=place.corpus))


def _title(work: Work) -> str:
    return f"{place_title(work.jurisdiction)}: {work.title}"


def _by_place(work: Work) -> tuple[str, str]:
    return place_title(work.jurisdiction), work.title


def _say_pinned(corpus: Corpus, place: Place) -> None:
    """Say where a link pins an earlier state of the corpus, and offer the present one."""
    if corpus.recorded is None:
        return
    day = corpus.recorded.date()
    st.info(
        word("law.pinned", corpus=corpus.hash[:HASH], day=day),
        icon=":material/push_pin:",
    )
    _offer_present(place)


def _offer_present(place: Place) -> None:
    if place.corpus is not None:
        present = place.model_copy(update={"corpus": None})
        st.button(word("law.present_corpus"), on_click=go, args=(present,))
