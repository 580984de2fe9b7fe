"""Show an item: question, date, each candidate with its versions and their redlines."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from agent.library import Library
from corpus.clock import today
from corpus.model import Version
from rl.annotation.items import Shown
from ui.labelling import markup as render
from ui.labelling.evidence import Evidence, evidence


def show_item(shown: Shown, library: Library) -> None:
    """Show what an annotator may see of an item before deciding.

    Raises:
        StoreError: the store cannot be read.
    """
    st.html(render.question(shown))
    for candidate in shown.candidates:
        found = evidence(candidate, library.store, today())
        st.html(render.candidate(candidate, found))
        _redlines(candidate.letter, found)


def _redlines(letter: str, found: tuple[Evidence, ...]) -> None:
    pairs = {(before.id, after.id): (before, after) for before, after in _neighbours(found)}
    if not pairs:
        return
    with st.expander(f"{letter}: what changed before and after"):
        for before, after in pairs.values():
            st.html(_redline(before, after))


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
def _redline(before: Version, after: Version) -> str:
    return render.redline(before, after)
