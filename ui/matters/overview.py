"""All matters of a person: new alerts, the list, and a new matter."""

from __future__ import annotations

from datetime import date

import streamlit as st

from agent.matters.alerts import Alert, acknowledge, alerts_of, check_alerts
from agent.matters.channels import AlertSettings
from agent.matters.delivery import sent_by
from agent.matters.records import MatterRecord
from corpus.clock import today
from corpus.store import Store
from ui.acted import typed
from ui.languages.catalogue import word
from ui.markup import told
from ui.matters import markup
from ui.matters.desk import CHOSEN, Desk, do, places
from ui.matters.frame_form import frame_fields, frame_typed
from ui.words import literal


def overview(desk: Desk) -> None:
    """Show the alerts and the matters of a person."""
    st.html(f'<p class="looked">{told("matters.note")}</p>')
    check_now(desk)
    show_alerts(desk, alerts_of(desk.matters, desk.person))
    which = st.radio(
        word("matters.which"),
        (False, True),
        format_func=lambda archived: word("matters.archived" if archived else "matters.open"),
        horizontal=True,
        key="matters-which",
        label_visibility="collapsed",
    )
    find = st.text_input(word("matters.find"), key="matter-find")
    found = desk.matters.all(desk.person, archived=bool(which), find=find)
    for matter in found:
        _line(matter)
    if not found:
        st.caption(word("matters.none_found" if find.strip() else "matters.none"))
    with st.expander(word("matters.new"), expanded=not (found or which or find)):
        st.text_input(word("matters.name"), key="matter-name")
        st.text_input(
            word("matters.reference"),
            key="matter-reference",
            placeholder=word("matters.reference_hint"),
        )
        frame_fields("new", places(desk))
        st.button(word("matters.create"), type="primary", on_click=_create)


def check_now(desk: Desk) -> None:
    """Check all matters once for each state of the store and each day."""
    with Store.open(desk.settings.store_url) as store:
        key = (store.corpus_hash(), today(), str(desk.matters.engine.url))
        if key not in (done := _checked()):
            check_alerts(desk.matters, store, today(), AlertSettings.load().days)
            done.clear()
            done.add(key)


@st.cache_resource(show_spinner=False)
def _checked() -> set[tuple[str, date, str]]:
    return set()


def show_alerts(desk: Desk, alerts: list[Alert], *, matter: str | None = None) -> None:
    """Show new alerts, each with a button that acknowledges it, and below those of the past."""
    sent = sent_by(desk.matters, alerts)
    if alerts:
        st.html(f'<h2 class="eyebrow">{told("alert.heading", count=len(alerts))}</h2>')
    for one in alerts:
        st.html(markup.alert(one, today(), sent.get(one.id, ())))
        with st.container(horizontal=True):
            st.button(
                word("alert.acknowledge"),
                key=f"acknowledge-{one.id}",
                on_click=do,
                args=(lambda here, alert=one.id: _acknowledge(here, alert),),
            )
            if matter is None:
                name = desk.matters.get(desk.person, one.matter).name
                st.button(literal(name), key=f"of-{one.id}", on_click=go_to, args=(one.matter,))
    if matter is None:
        return
    everything = alerts_of(desk.matters, desk.person, matter, acknowledged=True)
    past = [one for one in everything if one.acknowledged is not None]
    if past:
        with st.expander(word("alert.history")):
            st.html("".join(markup.alert(one, today(), ()) for one in past))


def go_to(matter: str) -> None:
    """Show a matter."""
    st.query_params.from_dict({CHOSEN: matter})


def _line(matter: MatterRecord) -> None:
    st.button(
        literal(f"{matter.name} ({matter.reference})" if matter.reference else matter.name),
        key=f"matter-{matter.id}",
        width="stretch",
        icon=":material/folder:",
        on_click=go_to,
        args=(matter.id,),
    )


def _create() -> None:
    def change(desk: Desk) -> None:
        made = desk.matters.create(
            desk.person, typed("matter-name"), frame_typed("new"), typed("matter-reference")
        )
        go_to(made.id)

    do(change)


def _acknowledge(desk: Desk, alert: str) -> None:
    acknowledge(desk.matters, desk.person, alert)
