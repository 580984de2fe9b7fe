"""The library of this process, opened once and reopened when its index was rebuilt."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from agent.audit import Action, Kind
from agent.library import Library
from agent.policies.registry import EXTRACTIVE, PolicyChoice, open_policy
from agent.policy import Policy
from agent.trace import Trace
from agent.trace_store import TraceError, TraceStore, traces_url
from corpus.errors import InForceError, StoreError
from corpus.settings import Settings
from ui.languages.catalogue import word
from ui.markup import footer
from ui.people.present import note, person_here
from ui.words import literal, sources_words


def open_library() -> Library:
    """Return the library of the settings in the environment.

    Raises:
        StoreError: there is no store, or it has another schema.
        IndexMissingError: there is no index, or it belongs to another corpus.
    """
    settings = Settings.load()
    with st.spinner(word("library.opening")):
        return _opened(settings.store_url, settings.index_url)


def open_or_say() -> Library | None:
    """Return the library; where there is none, say why on the page and return ``None``."""
    try:
        return open_library()
    except InForceError as error:
        st.error(literal(word("library.none", why=str(error))), icon=":material/database_off:")
        st.markdown(word("library.load", demo="`inforce demo`", own="`inforce ingest`"))
        return None


def show_footer(library: Library) -> None:
    """Show the page's footer: what the library holds, and when its sources were read."""
    places = sorted({work.jurisdiction for work in library.works})
    read = sources_words(library.sources_read)
    st.html(footer(library.corpus_hash, len(library.works), places, read))


def open_chosen_policy(library: Library) -> Policy:
    """Return the policy that ``INFORCE_POLICY`` names; a model is loaded once per process.

    Raises:
        ModelError: the model is unknown, unprepared or damaged, or its packages are missing.
        PolicyError: the endpoint's address is invalid.
        BadInputError: a setting is invalid.
    """
    choice = PolicyChoice.load()
    if choice.policy == EXTRACTIVE:
        return open_policy(choice, library.works)
    with st.spinner(word("library.loading_model")):
        return _model(choice)


def keep_traces(traces: Iterable[Trace]) -> str | None:
    """Store traces as those of the person here; return the error message if that fails."""
    try:
        person = person_here()
        with TraceStore.open(traces_url(Settings.load())) as store:
            for trace in traces:
                store.save(trace, person.id)
                note(Action.ASKED, Kind.TRACE, trace.id)
    except (StoreError, TraceError) as problem:
        return str(problem)
    return None


@st.cache_resource(
    show_spinner=False,
    hash_funcs={PolicyChoice: lambda choice: (choice.policy, str(choice.controller))},
)
def _model(choice: PolicyChoice) -> Policy:
    return open_policy(choice, ())


def _current(library: Library) -> bool:
    return not library.outdated


@st.cache_resource(show_spinner=False, validate=_current)
def _opened(store_url: str, index_url: str) -> Library:
    return Library.open(Settings(store_url=store_url, index_url=index_url))
