"""The Training page: curves, rollouts and comparison of runs, while they go on and after.

It reads the run directories under ``INFORCE_HOME/runs`` and needs no torch. ``?run=`` in the
address names the runs, ``?step=`` the round whose rollouts are shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from corpus.errors import InForceError
from rl.run.run_directory import Run, all_runs, differences, runs_home
from ui import markup as render
from ui.languages.catalogue import word
from ui.training import markup
from ui.training.curves import GROUPS, Rows, Standing, metrics_of, standing
from ui.training.saved_rollouts import Listed, SavedRollouts
from ui.words import literal

EVERY = 5.0
"""Seconds between two readings of a run that goes on."""


def page() -> None:
    """Show the runs in the address, or the newest."""
    st.html(render.masthead())
    try:
        runs = {run.name: run for run in all_runs(runs_home())}
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/folder_off:")
        return
    if not runs:
        told = word("training.no_runs", folder=str(runs_home()), command="inforce train")
        st.info(literal(told))
        return
    chosen = _chosen(runs)
    if not chosen:
        st.info(word("training.choose"))
        return
    names = [word(f"training.{name}") for name in ("curves", "rollouts", "comparison")]
    curves, rollouts, compared = st.tabs(names)
    with curves:
        _live(chosen)
    with rollouts:
        _rollouts(chosen[0])
    with compared:
        _compared(chosen)


def _chosen(runs: dict[str, Run]) -> list[Run]:
    """Show the choice of runs, kept in the address; rollouts are those of the first."""
    named = [name for name in st.query_params.get("run", "").split(",") if name in runs]
    st.session_state.setdefault("training-runs", named or [list(runs)[-1]])
    names = st.multiselect(
        word("training.runs"), list(runs)[::-1], key="training-runs", on_change=_to_address
    )
    return [runs[name] for name in names]


def _to_address() -> None:
    names = st.session_state["training-runs"]
    if names:
        st.query_params["run"] = ",".join(names)
    else:
        st.query_params.pop("run", None)


def _live(chosen: list[Run]) -> None:
    """Draw the curves, again every few seconds while a run goes on."""
    found = _read(chosen)
    if found is None:
        return
    going_on = any(one.going_on for one in found[0])

    @st.fragment(run_every=EVERY if going_on else None)
    def drawn() -> None:
        again = _read(chosen)
        if again is not None:
            _curves(*again)

    drawn()


def _read(chosen: list[Run]) -> tuple[list[Standing], dict[str, Rows]] | None:
    try:
        rows: dict[str, Rows] = {run.name: list(run.metrics.rows()) for run in chosen}
        return [standing(run, rows[run.name]) for run in chosen], rows
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/folder_off:")
        return None


def _curves(found: list[Standing], rows: dict[str, Rows]) -> None:
    st.html(markup.standings(found))
    if len(rows) > 1:
        st.html(markup.legend(list(rows)))
    for group in GROUPS:
        names = metrics_of(group, rows)
        if names:
            st.subheader(word(f"training.group_{group}"))
            st.html(markup.charts(names, rows))


def _compared(chosen: list[Run]) -> None:
    if len(chosen) < 2:
        st.info(word("training.choose_two"))
        return
    try:
        settings = differences([run.recipe() for run in chosen])
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/folder_off:")
        return
    st.html(markup.differing([run.name for run in chosen], settings))


@st.cache_resource(max_entries=8, show_spinner=False)
def _saved(path: Path) -> SavedRollouts:
    return SavedRollouts(path)


def _rollouts(run: Run) -> None:
    """Show the rollouts of one step: a question of it, one of its rollouts, and all it said."""
    try:
        saved = _saved(run.traces.path)
        saved.update()
        steps = saved.steps()
        if not steps:
            st.info(literal(word("training.none_yet", run=run.name)))
            return
        step = _step(steps)
        one = _one(list(saved.of_step(step)))
        record = saved.whole(one)
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/folder_off:")
        return
    st.html(markup.earned(record))
    st.html(markup.conversation(record))


def _step(steps: list[int]) -> int:
    wanted = st.query_params.get("step", "")
    start = int(wanted) if wanted.isdecimal() and int(wanted) in steps else steps[-1]

    def kept() -> None:
        st.query_params["step"] = str(st.session_state["training-step"])

    if len(steps) == 1:
        return steps[0]
    st.session_state.setdefault("training-step", start)
    if st.session_state["training-step"] not in steps:
        st.session_state["training-step"] = start
    return int(st.select_slider(word("training.step"), steps, key="training-step", on_change=kept))


def _one(listed: list[Listed]) -> Listed:
    """Show the questions of a step and the rollouts of the chosen one, best and worst apart."""
    groups: dict[str, list[Listed]] = {}
    for one in listed:
        groups.setdefault(one.question_id, []).append(one)
    question: Any = st.selectbox(
        word("training.question"),
        list(groups),
        format_func=lambda name: groups[name][0].question,
    )
    group = groups[question]
    place: int = st.radio(
        word("training.of_question"),
        range(len(group)),
        format_func=lambda number: literal(markup.rollout_label(group[number])),
    )
    return group[place]
