"""The acts that the Law page reads: of the library, or of the state that a link pins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import streamlit as st

from agent.library import Library
from corpus.errors import BadInputError
from corpus.model import ProvisionHistory, Work, WorkHistory
from corpus.reading.act import Act, act_as_at
from corpus.reading.changes import ChangeDay, change_days
from corpus.store import Store
from ui.languages.catalogue import word
from ui.law.address import HASH


@dataclass(frozen=True)
class Corpus:
    """A state of the corpus to read from; ``recorded`` is set where it is not the library's."""

    store: Store
    hash: str
    works: Sequence[Work]
    recorded: datetime | None = None

    def history(self, work_id: str) -> WorkHistory | None:
        """Return an act with all its texts, or ``None``."""
        return _history(self, work_id)

    def act(self, work_id: str, day: date, extent: str | None = None) -> Act | None:
        """Return an act on a day, or ``None``."""
        with st.spinner(word("law.reading")):
            return _act(self, work_id, day, extent)

    def changes(self, work_id: str) -> tuple[ChangeDay, ...]:
        """Return the days on which an act changed."""
        return _changes(self, work_id)

    def provision(self, provision_id: str) -> ProvisionHistory | None:
        """Return a provision with all its texts, or ``None``."""
        return self.store.history(provision_id)


def corpus_of(library: Library, pinned: str | None) -> Corpus:
    """Return the corpus that a link pins, else the library's.

    Raises:
        BadInputError: the library neither is nor was in that state; one sentence.
    """
    if pinned is None or (library.corpus_hash.startswith(pinned) and len(pinned) >= HASH):
        return Corpus(library.store, library.corpus_hash, library.works)
    state = library.store.state_with(pinned) if len(pinned) >= HASH else None
    if state is None:
        held = library.corpus_hash[:HASH]
        raise BadInputError(word("law.other_corpus", pinned=pinned[:HASH], held=held))
    store = library.store.as_recorded(state.recorded_at)
    return Corpus(store, state.corpus_hash, tuple(store.works()), state.recorded_at)


_BY_HASH: dict[str | type, Callable[[Any], Any]] = {Corpus: lambda corpus: corpus.hash}


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_BY_HASH)
def _history(corpus: Corpus, work_id: str) -> WorkHistory | None:
    return corpus.store.work_history(work_id)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=_BY_HASH)
def _act(corpus: Corpus, work_id: str, day: date, extent: str | None) -> Act | None:
    history = _history(corpus, work_id)
    return None if history is None else act_as_at(history, day, extent=extent)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=_BY_HASH)
def _changes(corpus: Corpus, work_id: str) -> tuple[ChangeDay, ...]:
    history = _history(corpus, work_id)
    return () if history is None else change_days(history)
