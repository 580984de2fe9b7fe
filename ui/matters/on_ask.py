"""Matters on the Ask page: a question asked in one, and an answer filed in one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from urllib.parse import urlencode

import streamlit as st

from agent.library import Library
from agent.matters.filing import begin_conversation, file_question
from agent.matters.records import MatterRecord
from agent.trace import Trace
from corpus.errors import InForceError
from corpus.store import Store
from ui.acted import say_what_happened
from ui.languages.catalogue import word
from ui.markup import escaped, told
from ui.matters.desk import CHOSEN, Desk, desk_here, do
from ui.words import literal


def matter_in_address() -> MatterRecord | None:
    """Return the matter that the address names, in which questions are asked.

    Raises:
        BadInputError: the person may not see it.
        StoreError: the database cannot be read.
    """
    chosen = st.query_params.get(CHOSEN)
    if not chosen:
        return None
    desk = desk_here()
    return desk.matters.get(desk.person, chosen)


def say_which(matter: MatterRecord) -> None:
    """Say in which matter questions are asked, with the way back to it."""
    link = escaped(f"matters?{urlencode({CHOSEN: matter.id})}")
    words = told("matters.in_matter", name=matter.name)
    st.html(f'<p class="looked"><a href="{link}">{words}</a></p>')


def begin_conversation_here(matter: str, thread: str) -> None:
    """Keep in mind that a thread belongs to a matter.

    Raises:
        BadInputError: the person may not see it, or it is archived.
        StoreError: the database refuses it.
    """
    desk = desk_here()
    begin_conversation(desk.matters, desk.person, matter, thread)


def file_here(matter: str, traces: Iterable[Trace], library: Library) -> str | None:
    """File answers in the matter in which they were asked; return why they were not."""
    try:
        desk = desk_here()
        for trace in traces:
            file_question(desk.matters, desk.person, matter, trace, library.store)
    except InForceError as problem:
        return str(problem)
    return None


def file_answer(trace: Trace, place: str) -> None:
    """Offer to file an answer in one of the matters of the person, folded."""
    with st.expander(word("matters.file"), icon=":material/folder:"):
        say_what_happened()
        try:
            desk = desk_here()
            names = {one.id: one.name for one in desk.matters.all(desk.person)}
        except InForceError as problem:
            st.error(literal(str(problem)), icon=":material/database_off:")
            return
        if not names:
            st.caption(word("matters.none"))
            return
        key = f"file-{place}{trace.id}"
        st.selectbox(word("matters.file_in"), list(names), format_func=names.__getitem__, key=key)
        file = partial(_file, trace=trace, key=key)
        st.button(word("matters.do_file"), key=f"do-{key}", on_click=do, args=(file,))


def _file(desk: Desk, trace: Trace, key: str) -> str:
    matter = desk.matters.get(desk.person, st.session_state[key])
    with Store.open(desk.settings.store_url) as store:
        file_question(desk.matters, desk.person, matter.id, trace, store)
    return word("matters.filed", name=matter.name)
