"""The controls of a decision, each with its key."""

from __future__ import annotations

import streamlit as st

from corpus.questions import Decline
from rl.annotation.items import (
    Choice,
    ChosenCandidate,
    ChosenDecline,
    Confidence,
    Faulty,
    Skipped,
    Unsure,
)
from ui.labelling import markup as render
from ui.labelling.controls import Controls, back, details, keep, keyed, more_keys, say
from ui.labelling.version_step import versions
from ui.languages.catalogue import word
from ui.languages.choice import in_chosen_language
from ui.words import literal

_CONFIDENCE = {Confidence.LOW: "L", Confidence.MEDIUM: "M", Confidence.HIGH: "H"}


def show(controls: Controls) -> None:
    """Show the controls: the choices, or the second step of one of them, and the details."""
    steps = {"version": versions, "decline": _declines, "skip": _skips}
    steps.get(st.session_state.get(f"step-{controls.screen}", ""), _choices)(controls)
    _details(controls)


def _choices(controls: Controls) -> None:
    with st.container(horizontal=True):
        candidates = controls.shown.candidates
        for candidate, digit in keyed(controls, "candidate", candidates):
            choice = ChosenCandidate(letter=candidate.letter)
            _button(
                controls,
                word("labelling.right", letter=candidate.letter),
                digit,
                choice,
                kind="primary",
            )
        more_keys(controls, "candidate", len(candidates))
    with st.container(horizontal=True):
        _step(controls, word("labelling.none_right"), "V", "version")
        _step(controls, word("labelling.abstain"), "A", "decline")
        _button(controls, word("labelling.unsure"), "U", Unsure())
        _button(controls, word("labelling.faulty"), "F", Faulty())
        if controls.skippable:
            _step(controls, word("labelling.skip"), "S", "skip")


def _declines(controls: Controls) -> None:
    st.caption(word("labelling.abstain_because"))
    with st.container(horizontal=True):
        for reason, digit in keyed(controls, "decline", tuple(Decline)):
            _button(
                controls, _capital(render.reason_words(reason)), digit, ChosenDecline(reason=reason)
            )
        back(controls)


def _skips(controls: Controls) -> None:
    st.caption(word("labelling.skip_because"))
    key = f"reason-{controls.screen}"
    with st.container(horizontal=True):
        reasons = tuple(render.skip_reasons().items())
        for (words, reason), digit in keyed(controls, "skip", reasons):
            _button(controls, word(words), digit, Skipped(reason=reason))
        back(controls)
    st.text_input(word("labelling.other_reason"), key=key, max_chars=500)
    st.button(
        word("labelling.skip_for"),
        key=f"skip-{controls.screen}",
        shortcut="Enter",
        on_click=_skip_typed,
        args=(controls, key),
    )


def _skip_typed(controls: Controls, key: str) -> None:
    if reason := st.session_state[key].strip():
        controls.decide(Skipped(reason=reason))
        return
    with in_chosen_language():
        say(controls, word("labelling.type_reason"))


def _details(controls: Controls) -> None:
    screen = controls.screen
    if problem := st.session_state.pop(f"problem-{screen}", None):
        st.error(literal(problem))
    given = details(screen)
    st.caption(word("labelling.with_decision"))
    with st.container(horizontal=True):
        for level, key in _CONFIDENCE.items():
            st.button(
                _capital(word(f"confidence.{level}")),
                key=f"level-{level.value}-{screen}",
                shortcut=key,
                type="primary" if given.confidence is level else "secondary",
                on_click=keep,
                args=(f"confidence-{screen}", level),
            )
        st.button(
            word("labelling.flagged" if given.flagged else "labelling.flag"),
            key=f"flag-{screen}",
            shortcut="G",
            type="primary" if given.flagged else "secondary",
            on_click=keep,
            args=(f"flagged-{screen}", not given.flagged),
        )
    st.text_area(
        word("labelling.note"),
        key=f"note-{screen}",
        height=80,
        max_chars=4000,
        on_change=controls.keep,
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _button(
    controls: Controls, words: str, key: str | None, choice: Choice, kind: str = "secondary"
) -> None:
    st.button(
        words,
        key=f"choose-{choice.kind}-{words}-{controls.screen}",
        shortcut=key,
        type="primary" if kind == "primary" else "secondary",
        on_click=controls.decide,
        args=(choice,),
    )


def _step(controls: Controls, words: str, key: str, step: str) -> None:
    st.button(
        words,
        key=f"step-{step}-button-{controls.screen}",
        shortcut=key,
        on_click=keep,
        args=(f"step-{controls.screen}", step),
    )
