"""The second step of "none is right": pick the version that answers and mark the words in it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from corpus.errors import InForceError
from rl.annotation.items import ChosenVersion
from rl.annotation.spans import marked
from ui.labelling import markup as render
from ui.labelling.controls import Controls, back, keep, keyed, more_keys, say
from ui.labelling.evidence import Choosable, choosable, searched
from ui.languages.catalogue import word
from ui.words import literal


def versions(controls: Controls) -> None:
    """Pick a version by its key, then mark the words in it."""
    offered = _offered(controls)
    key = f"version-{controls.screen}"
    picked = next((o for o in offered if o.version.id == st.session_state.get(key)), None)
    if picked is None:
        _list(controls, offered, key)
    else:
        _mark(controls, picked, key)


def _list(controls: Controls, offered: Sequence[Choosable], key: str) -> None:
    st.caption(word("labelling.right_version" if offered else "labelling.none_cited"))
    with st.container(horizontal=True):
        for one, digit in keyed(controls, "version", offered):
            st.button(
                literal(one.words),
                key=f"{key}-{one.version.id}",
                shortcut=digit,
                on_click=_pick,
                args=(controls, key, one.version.id),
            )
        more_keys(controls, "version", len(offered))
        back(controls)
    field = f"field-{_find(controls)}"
    st.text_input(
        word("labelling.find"),
        value=st.session_state.get(_find(controls), ""),
        key=field,
        on_change=_keep_words,
        args=(controls, field),
    )


def _mark(controls: Controls, picked: Choosable, key: str) -> None:
    st.caption(literal(picked.words))
    st.html(render.version_text(picked.version))
    words = f"words-{controls.screen}"
    st.text_area(
        word("labelling.words"),
        key=words,
        height=80,
        placeholder=word("labelling.words_hint"),
        on_change=controls.keep,
    )
    with st.container(horizontal=True):
        st.button(
            word("labelling.save_version"),
            key=f"save-{controls.screen}",
            type="primary",
            shortcut="Enter",
            on_click=_save_version,
            args=(controls, picked, words),
        )
        st.button(
            word("labelling.another"),
            key=f"another-{controls.screen}",
            shortcut="B",
            on_click=_pick,
            args=(controls, key, None),
        )


def _pick(controls: Controls, key: str, version: str | None) -> None:
    """Keep what was picked, in the draft too."""
    keep(key, version)
    controls.keep()


def _find(controls: Controls) -> str:
    """Return where the words searched for are kept; a field that is not shown forgets its own."""
    return f"find-{controls.screen}"


def _keep_words(controls: Controls, field: str) -> None:
    keep(_find(controls), st.session_state[field])


def _offered(controls: Controls) -> tuple[Choosable, ...]:
    """Return the versions of the provisions cited, then of those that were searched for."""
    cited = choosable(controls.shown, controls.library.store)
    words = st.session_state.get(_find(controls), "").strip()
    if not words:
        return cited
    try:
        found = searched(words, controls.shown, controls.library)
    except InForceError as problem:
        st.warning(literal(str(problem)))
        return cited
    if not found:
        st.warning(word("labelling.nothing_found"))
    return tuple({one.version.id: one for one in (*found, *cited)}.values())


def _save_version(controls: Controls, picked: Choosable, key: str) -> None:
    text = picked.version.text
    try:
        start, end = marked(st.session_state[key], text)
    except InForceError as problem:
        say(controls, str(problem))
        return
    choice = ChosenVersion(
        version_id=picked.version.id, quote=text[start:end], start=start, end=end
    )
    controls.decide(choice)
