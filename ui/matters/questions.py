"""The questions of a matter: each with its answer on request, and its replay."""

from __future__ import annotations

from functools import partial

import streamlit as st

from agent.graph.replay import Replay, replay_recorded
from agent.matters.filing import take_out
from agent.matters.records import Contents
from agent.trace import Trace
from agent.trace_store import TraceLine, TraceStore, traces_url
from corpus.errors import InForceError
from ui import markup as render
from ui.export.recorded import recorded
from ui.languages.catalogue import word
from ui.library import open_library
from ui.markup import told
from ui.matters import markup
from ui.matters.desk import Desk, do
from ui.words import literal


def questions(desk: Desk, contents: Contents) -> None:
    """Show the questions of a matter, in the order in which they were filed."""
    ids = [question.trace_id for question in contents.questions]
    with TraceStore.open(traces_url(desk.settings)) as traces:
        kept = {line.id: line for line in traces.lines(ids=ids)}
    heading = told("matters.questions", count=len(ids))
    st.html(f'<h3 class="eyebrow">{heading}</h3>')
    if not ids:
        st.caption(word("matters.no_questions"))
    for trace_id in ids:
        _question(desk, contents, trace_id, kept.get(trace_id))


def _question(desk: Desk, contents: Contents, trace_id: str, line: TraceLine | None) -> None:
    st.html(markup.lost() if line is None else markup.question(line))
    with st.container(horizontal=True):
        wanted = line is not None and st.toggle(word("matters.show"), key=f"show-{trace_id}")
        again = line is not None and st.button(word("matters.replay"), key=f"replay-{trace_id}")
        if contents.matter.archived is None:
            out = partial(_take_out, matter=contents.matter.id, trace=trace_id)
            st.button(word("matters.take_out"), key=f"out-{trace_id}", on_click=do, args=(out,))
    if not (wanted or again):
        return
    with TraceStore.open(traces_url(desk.settings)) as traces:
        trace = traces.load(trace_id)
    if wanted:
        _answer(desk, trace)
    if again:
        _again(desk, trace)


def _answer(desk: Desk, trace: Trace) -> None:
    """Show an answer with its cards, read in the state from which it was answered."""
    place = f"{trace.id}-"
    cards, _ = recorded(trace, desk.settings)
    if trace.answer is not None:
        st.html(render.answer(trace.answer, place))
    if trace.abstention is not None:
        st.html(render.abstention(trace.abstention))
    st.html("".join(render.card(card, place) for card in cards))


def _again(desk: Desk, trace: Trace) -> None:
    """Run a question again on the law as it was recorded, and show what differs."""
    try:
        with st.spinner(word("matters.replaying")):
            found = _replayed(desk, trace)
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/error:")
        return
    st.html(markup.drift(found))


def _replayed(desk: Desk, trace: Trace) -> Replay:
    return replay_recorded(trace, open_library(), desk.settings.index_url, lambda *_: None)


def _take_out(desk: Desk, matter: str, trace: str) -> None:
    take_out(desk.matters, desk.person, matter, trace)
