"""What the controls of a decision share: what they need, what was typed, keys and small widgets.

``screen`` is an id drawn for each item shown. It stands in the key of every widget, so that a press
meant for an item that is gone does nothing, and it is the id of the submission, so that pressing
twice is one decision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st

from agent.library import Library
from corpus.model import Frozen
from rl.annotation.items import Choice, Confidence, Decision, Shown
from ui.languages.catalogue import word

_KEYS = "123456789"
_Thing = TypeVar("_Thing")


class Details(Frozen):
    """What goes with a choice: confidence, note and flag."""

    confidence: Confidence = Confidence.MEDIUM
    note: str = ""
    flagged: bool = False


class Draft(Details):
    """What is typed and marked so far.

    ``version`` is the version picked in the second step, ``words`` what was pasted of it, and
    ``find`` the words by which it was searched for.
    """

    version: str | None = None
    words: str = ""
    find: str = ""


@dataclass(frozen=True)
class Controls:
    """What the controls of one item need. ``decide`` takes the choice; ``keep`` a changed draft."""

    screen: str
    shown: Shown
    library: Library
    decide: Callable[[Choice], None]
    keep: Callable[[], None]
    skippable: bool = True


def details(screen: str) -> Details:
    """Return what was typed and set on a screen."""
    kept = st.session_state
    return Details(
        confidence=kept.get(f"confidence-{screen}", Confidence.MEDIUM),
        note=kept.get(f"note-{screen}", ""),
        flagged=kept.get(f"flagged-{screen}", False),
    )


def draft(screen: str) -> Draft:
    """Return all that was typed, set and marked on a screen."""
    kept = st.session_state
    return Draft(
        **details(screen).model_dump(),
        version=kept.get(f"version-{screen}"),
        words=kept.get(f"words-{screen}", ""),
        find=kept.get(f"find-{screen}", ""),
    )


def fill(screen: str, given: Details) -> None:
    """Set the fields of a screen that is not shown yet; a marked version opens its step."""
    for name, value in given.model_dump().items():
        st.session_state[f"{name}-{screen}"] = value
    if isinstance(given, Draft) and given.version is not None:
        st.session_state[f"step-{screen}"] = "version"


def decision(screen: str, choice: Choice, seconds: float) -> Decision:
    """Return the decision for a choice, with what was typed on its screen."""
    return Decision(choice=choice, seconds=seconds, **details(screen).model_dump())


def read_draft(content: str | None) -> Draft:
    """Return what a draft holds, whether typed here or of a decision that was refused."""
    try:
        found = json.loads(content or "{}")
        return Draft.model_validate({n: found[n] for n in Draft.model_fields if n in found})
    except (ValueError, TypeError):
        return Draft(note=content or "")


def keyed(
    controls: Controls, name: str, things: Sequence[_Thing]
) -> Iterator[tuple[_Thing, str | None]]:
    """Yield each thing with its key, 1 to 9 in turn; ``None`` beyond the nine that have keys.

    Where there are more, :func:`more_keys` hands the keys on to the next nine.
    """
    first = _first(controls, name, len(things))
    for place, one in enumerate(things):
        yield one, _KEYS[place - first] if first <= place < first + len(_KEYS) else None


def more_keys(controls: Controls, name: str, count: int) -> None:
    """Show the button, key 0, that hands the keys on to the next nine of ``count`` things."""
    if count <= len(_KEYS):
        return
    after = _first(controls, name, count) + len(_KEYS)
    st.button(
        word("labelling.more_next" if after < count else "labelling.more_first"),
        key=f"more-{name}-{controls.screen}",
        shortcut="0",
        on_click=keep,
        args=(f"first-{name}-{controls.screen}", after if after < count else 0),
    )


def _first(controls: Controls, name: str, count: int) -> int:
    """Return the place of the first thing that has a key; a search may leave fewer than before."""
    first = int(st.session_state.get(f"first-{name}-{controls.screen}", 0))
    return first if first < count else 0


def back(controls: Controls) -> None:
    """Show the button that leads from a second step to the choices."""
    st.button(
        word("labelling.back"),
        key=f"back-{controls.screen}",
        shortcut="B",
        on_click=keep,
        args=(f"step-{controls.screen}", ""),
    )


def keep(key: str, value: object) -> None:
    """Keep a value in the session; for callbacks."""
    st.session_state[key] = value


def say(controls: Controls, words: str) -> None:
    """Show a sentence beside the controls when the page is drawn again."""
    st.session_state[f"problem-{controls.screen}"] = words
