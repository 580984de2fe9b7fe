"""The Adjudicate page: disputes side by side, settled for good, and how the project stands."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st

from agent.library import Library
from corpus.errors import InForceError
from rl.annotation.items import Choice, Project
from rl.annotation.queue.adjudication import Dispute, disputes, settle
from rl.annotation.queue.agreement import agreement
from rl.annotation.queue.label_queue import LabelQueue
from rl.annotation.queue.labels import log, newest, progress
from rl.annotation.run_of_project import missing_run
from rl.annotation.spans import text_reader
from ui import markup
from ui.labelling import controls, decision
from ui.labelling import markup as render
from ui.labelling.controls import Controls, Details
from ui.labelling.desk import Desk, library_of, sit_down
from ui.labelling.overview import overview, throughput
from ui.labelling.show_item import show_item
from ui.languages.catalogue import language, word
from ui.words import literal

_BY_NAME: dict[str | type[Any], Callable[[Any], object]] = {
    LabelQueue: lambda queue: str(queue.engine.url),
    Project: lambda project: project.model_dump_json(),
}
"""How the cache tells queues and projects apart."""


@dataclass(frozen=True)
class Screen:
    """A dispute as it is shown; another decision of an annotator makes another screen."""

    project: str
    dispute: Dispute
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


def page() -> None:
    """Show the page for the project and person in the address."""
    st.html(markup.masthead())
    desk = sit_down(adjudicating=True)
    if desk is None:
        return
    try:
        _disputes(desk)
        _overview(desk)
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/database_off:")


def _disputes(desk: Desk) -> None:
    library = library_of(desk.project)
    if library is None:
        return
    if problem := st.session_state.pop("adjudicate-problem", None):
        st.error(literal(problem), icon=":material/report:")
    found = disputes(desk.queue, desk.project.name)
    if not found:
        st.info(word("labelling.nothing_open"))
        return
    screen = _screen(desk, found[_chosen(found)])
    show_item(screen.dispute.item.shown, library, screen.id)
    _side_by_side(screen.dispute)
    decision.show(
        Controls(
            screen=screen.id,
            shown=screen.dispute.item.shown,
            library=library,
            decide=partial(_settle, desk, screen, library),
            keep=_nothing,
            skippable=False,
        )
    )


def _chosen(found: list[Dispute]) -> int:
    """Show where the adjudicator is among the disputes, and the ways to those beside it."""
    at = st.session_state.get("adjudicate-item")
    place = next((n for n, one in enumerate(found) if one.item.id == at), 0)
    where = markup.told("labelling.place", place=place + 1, total=len(found))
    st.html(f'<p class="progress" role="status">{where}</p>')
    with st.container(horizontal=True):
        for name, key, step in (("previous", "P", -1), ("next", "N", 1)):
            beside = found[(place + step) % len(found)].item.id
            st.button(
                word(f"labelling.{name}"),
                key=f"go-{name}",
                shortcut=key,
                disabled=len(found) == 1,
                on_click=controls.keep,
                args=("adjudicate-item", beside),
            )
    return place


def _side_by_side(dispute: Dispute) -> None:
    made = "".join(render.made(one) for one in dispute.made)
    st.html(f'<div class="beside">{made}</div>')


def _screen(desk: Desk, dispute: Dispute) -> Screen:
    """Return the screen of a dispute; what was typed for the same item stays."""
    kept: Screen | None = st.session_state.get("adjudicate-screen")
    same = kept is not None and kept.project == desk.project.name
    if kept is not None and same and kept.dispute == dispute:
        return kept
    screen = Screen(desk.project.name, dispute)
    again = kept is not None and same and kept.dispute.item.id == dispute.item.id
    controls.fill(screen.id, controls.details(kept.id) if kept and again else Details())
    st.session_state["adjudicate-screen"] = screen
    return screen


def _settle(desk: Desk, screen: Screen, library: Library, choice: Choice) -> None:
    made = controls.decision(screen.id, choice, 0.0)
    try:
        settle(
            desk.queue,
            desk.project.name,
            screen.dispute,
            desk.person,
            made,
            screen.id,
            text_reader(library.store),
        )
    except InForceError as problem:
        st.session_state["adjudicate-problem"] = str(problem)


def _overview(desk: Desk) -> None:
    if gone := missing_run(desk.project):
        st.warning(literal(gone), icon=":material/folder_off:")
    with st.expander(word("labelling.figures"), expanded=True):
        st.html(
            _figures(desk.queue, desk.project, newest(desk.queue, desk.project.name), language())
        )


@st.cache_data(show_spinner=False, max_entries=64, hash_funcs=_BY_NAME)
def _figures(queue: LabelQueue, project: Project, newest_row: int, language: str) -> str:  # noqa: ARG001
    """Return the figures of a project, computed once for each language and newest row."""
    name = project.name
    return overview(
        project,
        progress(queue, name),
        agreement(queue, name),
        throughput(log(queue, name)),
        {item.id: item.shown.question for item in queue.items(name)},
    )


def _nothing() -> None:
    """A note that is typed goes with the settlement; the adjudicator has no lease and no draft."""
