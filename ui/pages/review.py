"""The Review page: one item a screen, decided by keys.

The address names project and person. Every decision is saved before the next item is shown; what
is typed is kept as a draft.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field, replace
from functools import partial

import streamlit as st

from agent.library import Library
from corpus.errors import InForceError
from rl.annotation.items import Choice
from rl.annotation.queue import assignments
from rl.annotation.queue.assignments import Assignment, Recent
from rl.annotation.queue.label_queue import QueueError
from rl.annotation.queue.labels import Progress, progress
from rl.annotation.queue.transactions import stamp
from rl.annotation.spans import text_reader
from ui import markup
from ui.labelling import controls, decision
from ui.labelling import markup as render
from ui.labelling.controls import Controls, Details
from ui.labelling.desk import Desk, library_of, sit_down
from ui.labelling.show_item import show_item
from ui.languages.catalogue import decimal, word
from ui.words import literal


@dataclass(frozen=True)
class Screen:
    """What is before a person: an item, or nothing because all is done or they paused."""

    desk: tuple[str, str]
    assignment: Assignment | None
    paused: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    opened: float = field(default_factory=time.monotonic)


def page() -> None:
    """Show the page for the project and person in the address."""
    st.html(markup.masthead())
    desk = sit_down()
    library = None if desk is None else library_of(desk.project)
    if desk is None or library is None:
        return
    try:
        screen = _screen(desk)
        lately = _last(desk)
        far = progress(desk.queue, desk.project.name, desk.person)
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/database_off:")
        return
    st.html(_far(far))
    if said := st.session_state.pop("review-problem", None):
        st.error(literal(said), icon=":material/report:")
    _moves(desk, screen, lately)
    _item(desk, screen, library)
    _lately(desk, screen, lately)
    _guidelines(desk)


# -- what is shown -----------------------------------------------------------------------------


def _far(far: Progress) -> str:
    counts = {"mine": far.mine, "labelled": far.labelled, "total": far.total}
    if far.seconds is None:
        words = markup.told("labelling.far", **counts)
    else:
        words = markup.told("labelling.far_median", **counts, seconds=decimal(far.seconds, 0))
    return f'<p class="progress" role="status">{words}</p>'


def _last(desk: Desk) -> list[Recent]:
    """Return the last decision, and those before it where an adjudicator has settled that one."""
    name = (desk.project.name, desk.person)
    found = assignments.recent(desk.queue, *name, limit=1)
    return assignments.recent(desk.queue, *name) if found and found[0].settled else found


def _moves(desk: Desk, screen: Screen, lately: list[Recent]) -> None:
    last = next((one for one in lately if not one.settled), None)
    with st.container(horizontal=True):
        st.button(
            word("labelling.undo"),
            key=f"undo-{screen.id}",
            shortcut="Z",
            disabled=last is None,
            on_click=_undo,
            args=(desk, screen, last),
        )
        if screen.assignment is None:
            st.button(
                word("labelling.on"),
                key=f"on-{screen.id}",
                shortcut="N",
                type="primary",
                on_click=_forget,
            )
        else:
            st.button(
                word("labelling.pause"),
                key=f"pause-{screen.id}",
                shortcut="P",
                on_click=_pause,
                args=(desk, screen),
            )


def _item(desk: Desk, screen: Screen, library: Library) -> None:
    held = screen.assignment
    if held is None:
        st.info(word("labelling.paused" if screen.paused else "labelling.no_item"))
        return
    if held.decided is not None:
        decided = render.decision_words(held.decided)
        st.info(literal(word("labelling.decided", decision=decided)))
    show_item(held.shown, library, screen.id)
    decision.show(
        Controls(
            screen=screen.id,
            shown=held.shown,
            library=library,
            decide=partial(_decide, desk, screen, library),
            keep=partial(_keep, desk, screen),
        )
    )


def _lately(desk: Desk, screen: Screen, lately: list[Recent]) -> None:
    """Show the last decision, and on demand those before it."""
    if not lately:
        return
    st.caption(word("labelling.last"))
    _recent(desk, screen, lately[0])
    panel = st.expander(word("labelling.earlier"), key="lately", on_change="rerun")
    if panel.open:
        found = assignments.recent(desk.queue, desk.project.name, desk.person)
        with panel:
            for one in found[1:]:
                _recent(desk, screen, one)


def _recent(desk: Desk, screen: Screen, one: Recent) -> None:
    st.html(
        f'<p class="lately"><strong>{markup.escaped(one.shown.question)}</strong><br>'
        f"{markup.escaped(render.decision_words(one.decision))}</p>{render.why(one.origin)}"
    )
    st.button(
        word("labelling.settled" if one.settled else "labelling.change"),
        key=f"change-{one.item}-{screen.id}",
        disabled=one.settled,
        on_click=_reopen,
        args=(desk, screen, one),
    )


def _guidelines(desk: Desk) -> None:
    found = desk.queue.guidelines(desk.project.name)
    words = found.text or word("labelling.no_guidelines")
    text = f'<p class="guidelines">{markup.escaped(words)}</p>'
    st.html(render.folded(word("labelling.guidelines", version=found.version), text))


# -- what is done ------------------------------------------------------------------------------


def _screen(desk: Desk) -> Screen:
    """Return what this session has open, else the next item.

    Raises:
        QueueError: the person does not work on the project.
        StoreError: the database refuses it.
    """
    name = (desk.project.name, desk.person)
    kept: Screen | None = st.session_state.get("review-screen")
    if kept is not None and kept.desk != name:
        kept = None
    if kept is not None and (kept.paused or _held(desk, kept)):
        return kept
    found = assignments.next_item(desk.queue, *name)
    if kept is not None and kept.assignment is not None:
        if found is not None and found.item == kept.assignment.item:
            return _remember(replace(kept, assignment=found))
        _say(QueueError(word("labelling.ran_out")))
        _keep(desk, kept)
    return _show(Screen(name, found), controls.read_draft(found.draft if found else None))


def _held(desk: Desk, kept: Screen) -> bool:
    """Tell whether the lease of an item that is shown has not run out; extend it in its half."""
    held = kept.assignment
    if held is None:
        return False
    if held.expires - stamp() > desk.project.lease_seconds / 2:
        return True
    try:
        until = assignments.renew(desk.queue, held, desk.person)
    except QueueError:
        return False
    _remember(replace(kept, assignment=held.model_copy(update={"expires": until})))
    return True


def _remember(screen: Screen) -> Screen:
    st.session_state["review-screen"] = screen
    return screen


def _show(screen: Screen, given: Details) -> Screen:
    controls.fill(screen.id, given)
    return _remember(screen)


def _decide(desk: Desk, screen: Screen, library: Library, choice: Choice) -> None:
    """Save a decision; the next item is shown only once it is saved."""
    if screen.assignment is None:
        return
    made = controls.decision(screen.id, choice, time.monotonic() - screen.opened)
    try:
        assignments.submit(
            desk.queue,
            screen.assignment,
            desk.person,
            made,
            screen.id,
            text_reader(library.store),
        )
    except InForceError as problem:
        _say(problem)
    else:
        _forget()


def _keep(desk: Desk, screen: Screen) -> None:
    """Keep what is typed as a draft."""
    if screen.assignment is None:
        return
    content = controls.draft(screen.id).model_dump_json()
    try:
        assignments.save_draft(desk.queue, screen.assignment, desk.person, content)
    except InForceError as problem:
        _say(problem)


def _pause(desk: Desk, screen: Screen) -> None:
    try:
        _put_back(desk, screen)
    except InForceError as problem:
        _say(problem)
    else:
        _remember(Screen(screen.desk, None, paused=True))


def _undo(desk: Desk, screen: Screen, last: Recent) -> None:
    try:
        _put_back(desk, screen)
        again = assignments.undo(
            desk.queue, desk.project.name, desk.person, last.item, f"undo-{screen.id}"
        )
    except InForceError as problem:
        _say(problem)
    else:
        _show(Screen(screen.desk, again), _details(last))


def _reopen(desk: Desk, screen: Screen, one: Recent) -> None:
    try:
        _put_back(desk, screen)
        again = assignments.reopen(desk.queue, desk.project.name, desk.person, one.item)
    except InForceError as problem:
        _say(problem)
    else:
        _show(Screen(screen.desk, again), _details(one))


def _details(one: Recent) -> Details:
    made = one.decision
    return Details(confidence=made.confidence, note=made.note, flagged=made.flagged)


def _put_back(desk: Desk, screen: Screen) -> None:
    if screen.assignment is not None:
        _keep(desk, screen)
        assignments.give_back(desk.queue, screen.assignment, desk.person)


def _forget() -> None:
    st.session_state.pop("review-screen", None)


def _say(problem: Exception) -> None:
    st.session_state["review-problem"] = str(problem)
