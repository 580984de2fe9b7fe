"""Show an item: question, date, each candidate with its versions and their redlines."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from agent.library import Library
from corpus.clock import today
from corpus.model import Version
from corpus.store import Store
from rl.annotation.items import Candidate, Shown
from ui.labelling import markup as render
from ui.labelling.evidence import Evidence, evidence
from ui.languages.catalogue import language


def show_item(shown: Shown, library: Library, screen: str) -> None:
    """Show what an annotator may see of an item before deciding.

    ``screen`` is an id of this showing; each new one moves the focus to the question, so that the
    keys that scroll work and the next item is read from its top.

    Raises:
        StoreError: the store cannot be read.
    """
    candidates = (_candidate(one, library.store, shown.language) for one in shown.candidates)
    st.html("".join((render.question(shown), *candidates)))
    st.html(render.focus_question(screen), unsafe_allow_javascript=True)


def _candidate(shown: Candidate, store: Store, spoken: str) -> str:
    found = evidence(shown, store, today())
    pairs = {(before.id, after.id): (before, after) for before, after in _neighbours(found)}
    redlines = [_redline(*pair, language()) for pair in pairs.values()]
    return render.candidate(shown, found, redlines, spoken)


def _neighbours(found: tuple[Evidence, ...]) -> Iterator[tuple[Version, Version]]:
    for one in found:
        if one.version is not None and one.before is not None:
            yield one.before, one.version
        if one.version is not None and one.after is not None:
            yield one.version, one.after


@st.cache_data(
    show_spinner=False,
    max_entries=512,
    hash_funcs={Version: lambda version: (version.id, version.text)},
)
def _redline(before: Version, after: Version, language: str) -> str:  # noqa: ARG001
    """Return a redline, computed once for each pair of versions and language."""
    return render.redline(before, after)
