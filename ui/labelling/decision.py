"""The controls of a decision, each with its key, and what was typed with it.

``screen`` is an id drawn for each item shown. It stands in the key of every widget, so that a press
meant for an item that is gone does nothing, and it is the id of the submission, so that pressing
twice is one decision.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from agent.library import Library
from corpus.errors import InForceError
from corpus.model import Frozen
from corpus.questions import Decline
from rl.annotation.items import (
    Choice,
    ChosenCandidate,
    ChosenDecline,
    ChosenVersion,
    Confidence,
    Decision,
    Faulty,
    Shown,
    Skipped,
    Unsure,
)
from ui.labelling import markup as render
from ui.labelling.evidence import Choosable, choosable, marked, searched
from ui.words import literal

SKIPS = ("Not my field", "Takes too long", "I know the case")
"""Reasons to skip that need no typing."""
_DIGITS = "123456789"
_CONFIDENCE = {Confidence.LOW: "L", Confidence.MEDIUM: "M", Confidence.HIGH: "H"}


class Details(Frozen):
    """What goes with a choice: confidence, note and flag."""

    confidence: Confidence = Confidence.MEDIUM
    note: str = ""
    flagged: bool = False


@dataclass(frozen=True)
class Controls:
    """What the controls of one item need. ``decide`` takes the choice; ``keep`` a changed note."""

    screen: str
    shown: Shown
    library: Library
    decide: Callable[[Choice], None]
    keep: Callable[[], None]
    skippable: bool = True


def show(controls: Controls) -> None:
    """Show the controls: the choices, or the second step of one of them, and the details."""
    steps = {"version": _versions, "decline": _declines, "skip": _skips}
    steps.get(st.session_state.get(f"step-{controls.screen}", ""), _choices)(controls)
    _details(controls)


def details(screen: str) -> Details:
    """Return what was typed and set on a screen."""
    kept = st.session_state
    return Details(
        confidence=kept.get(f"confidence-{screen}", Confidence.MEDIUM),
        note=kept.get(f"note-{screen}", ""),
        flagged=kept.get(f"flagged-{screen}", False),
    )


def fill(screen: str, given: Details) -> None:
    """Set the fields of a screen that is not shown yet."""
    for name, value in given.model_dump().items():
        st.session_state[f"{name}-{screen}"] = value


def decision(screen: str, choice: Choice, seconds: float) -> Decision:
    """Return the decision for a choice, with what was typed on its screen."""
    return Decision(choice=choice, seconds=seconds, **details(screen).model_dump())


def read_draft(content: str | None) -> Details:
    """Return the details kept in a draft, whether typed here or of a decision that was refused."""
    try:
        found = json.loads(content or "{}")
        return Details.model_validate({n: found[n] for n in Details.model_fields if n in found})
    except (ValueError, TypeError):
        return Details(note=content or "")


def _choices(controls: Controls) -> None:
    with st.container(horizontal=True):
        for digit, candidate in zip(_DIGITS, controls.shown.candidates, strict=False):
            choice = ChosenCandidate(letter=candidate.letter)
            _button(controls, f"{candidate.letter} is right", digit, choice, kind="primary")
    with st.container(horizontal=True):
        _step(controls, "None: another version", "V", "version")
        _step(controls, "Abstain", "A", "decline")
        _button(controls, "Unsure", "U", Unsure())
        _button(controls, "Faulty question", "F", Faulty())
        if controls.skippable:
            _step(controls, "Skip", "S", "skip")


def _declines(controls: Controls) -> None:
    st.caption("Abstaining is right, because")
    with st.container(horizontal=True):
        for digit, reason in zip(_DIGITS, Decline, strict=False):
            words = render.reason_words(reason).capitalize()
            _button(controls, words, digit, ChosenDecline(reason=reason))
        _back(controls)


def _skips(controls: Controls) -> None:
    st.caption("Skip, because")
    key = f"reason-{controls.screen}"
    with st.container(horizontal=True):
        for digit, reason in zip(_DIGITS, SKIPS, strict=False):
            _button(controls, reason, digit, Skipped(reason=reason))
        _back(controls)
    st.text_input("Another reason", key=key, max_chars=500)
    st.button(
        "Skip for this reason",
        key=f"skip-{controls.screen}",
        shortcut="Enter",
        on_click=_skip_typed,
        args=(controls, key),
    )


def _skip_typed(controls: Controls, key: str) -> None:
    if reason := st.session_state[key].strip():
        controls.decide(Skipped(reason=reason))
    else:
        _say(controls, "Type a reason, or press one of the keys above.")


def _versions(controls: Controls) -> None:
    """Pick a version by its key, then mark the words in it."""
    offered = _offered(controls)
    key = f"version-{controls.screen}"
    st.caption("The right version")
    with st.container(horizontal=True):
        for place, one in enumerate(offered):
            st.button(
                literal(one.words),
                key=f"{key}-{one.version.id}",
                shortcut=_DIGITS[place] if place < len(_DIGITS) else None,
                type="primary" if st.session_state.get(key) == one.version.id else "secondary",
                on_click=_set,
                args=(key, one.version.id),
            )
        _back(controls)
    st.text_input("Find another provision", key=f"find-{controls.screen}")
    picked = next((o for o in offered if o.version.id == st.session_state.get(key)), None)
    if picked is None:
        return
    st.html(render.version_text(picked.version))
    words = f"words-{controls.screen}"
    st.text_area("The words that answer", key=words, height=80, placeholder="Empty: the whole text")
    st.button(
        "Save this version",
        key=f"save-{controls.screen}",
        type="primary",
        shortcut="Enter",
        on_click=_save_version,
        args=(controls, picked, words),
    )


def _offered(controls: Controls) -> tuple[Choosable, ...]:
    """Return the versions of the provisions cited, then of those that were searched for."""
    cited = choosable(controls.shown, controls.library.store)
    words = st.session_state.get(f"find-{controls.screen}", "").strip()
    if not words:
        return cited
    try:
        found = searched(words, controls.shown, controls.library)
    except InForceError as problem:
        st.warning(literal(str(problem)))
        return cited
    if not found:
        st.warning("Nothing is found on the governing date.")
    return tuple({one.version.id: one for one in (*found, *cited)}.values())


def _save_version(controls: Controls, picked: Choosable, key: str) -> None:
    text = picked.version.text
    try:
        start, end = marked(st.session_state[key], text)
    except InForceError as problem:
        _say(controls, str(problem))
        return
    choice = ChosenVersion(
        version_id=picked.version.id, quote=text[start:end], start=start, end=end
    )
    controls.decide(choice)


def _details(controls: Controls) -> None:
    screen = controls.screen
    if problem := st.session_state.pop(f"problem-{screen}", None):
        st.error(literal(problem))
    given = details(screen)
    st.caption("Confidence and note, saved with the decision")
    with st.container(horizontal=True):
        for level, key in _CONFIDENCE.items():
            st.button(
                level.value.capitalize(),
                key=f"level-{level.value}-{screen}",
                shortcut=key,
                type="primary" if given.confidence is level else "secondary",
                on_click=_set,
                args=(f"confidence-{screen}", level),
            )
        st.button(
            "Flagged for the adjudicator" if given.flagged else "Flag",
            key=f"flag-{screen}",
            shortcut="G",
            type="primary" if given.flagged else "secondary",
            on_click=_set,
            args=(f"flagged-{screen}", not given.flagged),
        )
    st.text_area("Note", key=f"note-{screen}", height=80, max_chars=4000, on_change=controls.keep)


def _button(
    controls: Controls, words: str, key: str, choice: Choice, kind: str = "secondary"
) -> None:
    st.button(
        words,
        key=f"choose-{key}-{controls.screen}",
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
        on_click=_set,
        args=(f"step-{controls.screen}", step),
    )


def _back(controls: Controls) -> None:
    st.button(
        "Back",
        key=f"back-{controls.screen}",
        shortcut="B",
        on_click=_set,
        args=(f"step-{controls.screen}", ""),
    )


def _set(key: str, value: object) -> None:
    st.session_state[key] = value


def _say(controls: Controls, words: str) -> None:
    st.session_state[f"problem-{controls.screen}"] = words
