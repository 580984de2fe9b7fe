"""The People page, for administrators: who may sign in, their roles and their keys."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

import streamlit as st

from agent.people import Person, Role
from agent.people_changes import add_person, remove_person, set_roles
from corpus.clock import today
from corpus.errors import InForceError
from corpus.settings import Settings
from ui import markup as render
from ui.acted import attempt, say_what_happened, typed
from ui.languages.catalogue import word
from ui.markup import told
from ui.people import markup
from ui.people.keys import keys_of
from ui.people.present import (
    audit_log,
    people,
    person_here,
    person_keys,
    present_person,
    sign_in_is_set_up,
)
from ui.words import literal

_REFUSED = 5
"""Greatest number of refused people who are named."""


def page() -> None:
    """Show everybody, one of them to be changed, and a form for another."""
    st.html(render.masthead())
    say_what_happened()
    try:
        _page(person_here())
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/database_off:")


def _page(here: Person) -> None:
    st.html(f'<h2 class="eyebrow">{told("page.people")}</h2>')
    if not sign_in_is_set_up():
        st.info(literal(word("people.no_sign_in")), icon=":material/person:")
        return
    host = urlsplit(str(st.secrets["auth"].get("server_metadata_url", ""))).netloc
    st.caption(literal(word("people.sign_in_at", host=host)))
    everybody, keys = people().all(), person_keys().all(here)
    seen = audit_log().last_seen()
    st.html(markup.people_table(everybody, seen, keys, today()))
    names = {person.id: person for person in everybody}
    chosen = st.selectbox(
        word("people.change"),
        list(names),
        index=None,
        format_func=lambda person_id: f"{names[person_id].name} ({person_id})",
        placeholder=word("people.choose"),
        key="people-chosen",
    )
    if chosen is not None:
        _one(names[chosen])
        st.html(f'<h3 class="eyebrow">{told("people.keys_of", name=names[chosen].name)}</h3>')
        keys_of(chosen, [key for key in keys if key.person == chosen])
    _new()
    unknown = [line for line in audit_log().refused_sign_ins() if line.person not in names]
    if unknown:
        st.html(markup.refused(unknown[:_REFUSED]))


def _one(person: Person) -> None:
    key = f"roles-{person.id}"
    if key not in st.session_state:
        st.session_state[key] = sorted(person.roles)
    _role_field(key)
    st.button(
        word("people.set_roles"),
        on_click=attempt,
        args=(partial(_set_roles, person.id, key),),
    )
    sure = st.checkbox(word("people.sure", name=literal(person.name)), key=f"sure-{person.id}")
    st.button(
        word("people.remove"),
        disabled=not sure,
        on_click=attempt,
        args=(partial(_remove, person.id),),
    )


def _new() -> None:
    with st.expander(word("people.add"), icon=":material/person_add:"):
        st.text_input(word("people.id"), key="new-id", placeholder=word("people.id_hint"))
        st.text_input(word("people.name"), key="new-name")
        _role_field("new-roles")
        st.button(word("people.do_add"), key="add-person", on_click=attempt, args=(_add,))


def _role_field(key: str) -> None:
    st.multiselect(
        word("people.roles"),
        sorted(Role),
        key=key,
        format_func=lambda role: word(f"people_role.{role}"),
        placeholder=word("people.choose_roles"),
    )


def _set_roles(person_id: str, key: str) -> str:
    changed = set_roles(Settings.load(), present_person(), person_id, st.session_state[key])
    return word("people.changed", name=changed.name, roles=markup.role_words(changed))


def _remove(person_id: str) -> str:
    removed = remove_person(Settings.load(), present_person(), person_id)
    st.session_state["people-chosen"] = None
    return word("people.removed", name=removed.name)


def _add() -> str:
    roles = st.session_state.get("new-roles") or []
    added = add_person(Settings.load(), present_person(), typed("new-id"), typed("new-name"), roles)
    for field in ("new-id", "new-name"):
        st.session_state[field] = ""
    st.session_state["new-roles"] = []
    return word("people.added", name=added.name)
