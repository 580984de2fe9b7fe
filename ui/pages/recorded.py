"""Answers found again by the id in the address, as they were given."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from agent.audit import Action, Kind
from agent.library import Library
from agent.matters.reading import readable_traces
from agent.trace import Trace
from corpus.clock import today
from corpus.errors import InForceError
from corpus.settings import Settings
from ui.cards import Card, trace_cards
from ui.export.recorded import recorded
from ui.languages.catalogue import word
from ui.people.present import note, person_here
from ui.people.private_address import ID, is_of_this_session, request_id

_SEEN = "seen-answers"


class Found(NamedTuple):
    """The answers of an id, or why there are none; neither where no answer is asked for."""

    traces: tuple[Trace, ...] = ()
    problems: tuple[str, ...] = ()


def recorded_answers() -> Found:
    """Return the answers of the id in the address, unless a request of this session has it."""
    name = request_id()
    if ID not in st.query_params or is_of_this_session():
        return Found()
    try:
        traces = readable_traces(Settings.load(), name or st.query_params[ID], person_here())
        if st.session_state.get(_SEEN) != name:
            note(Action.SAW, Kind.TRACE, *(trace.id for trace in traces))
            st.session_state[_SEEN] = name
    except InForceError as problem:
        return Found(problems=(str(problem),))
    return Found(traces)


def cards_of(trace: Trace, library: Library) -> tuple[Card, ...]:
    """Return the cards of an answer, from the corpus from which it was given.

    Raises:
        StoreError: the store does not hold a cited version.
    """
    if trace.corpus_hash == library.corpus_hash:
        return trace_cards(trace, library.store, today())
    return recorded(trace, Settings.load()).cards


def given_words(trace: Trace, library: Library) -> str:
    """Return when an answer was given, and whether the library has changed since."""
    same = trace.corpus_hash == library.corpus_hash
    return word("recorded.given" if same else "recorded.given_before", day=trace.started.date())


def logged(trace: Trace, make: Callable[[], bytes]) -> Callable[[], bytes]:
    """Return a function that logs the export of an answer, then makes its file."""
    person = person_here()

    def made() -> bytes:
        note(Action.EXPORTED, Kind.TRACE, trace.id, person=person)
        return make()

    return made
