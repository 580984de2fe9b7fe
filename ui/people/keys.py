"""The keys of a person, as they themself and an administrator see them: make one, revoke one."""

from __future__ import annotations

from functools import partial

import streamlit as st

from agent.people import Person
from agent.people_changes import make_key, revoke_key
from agent.people_keys import PersonKey
from corpus.clock import today
from corpus.errors import InForceError
from corpus.settings import Settings
from ui.acted import attempt, say_what_happened, typed
from ui.languages.catalogue import word
from ui.languages.choice import in_chosen_language
from ui.markup import told
from ui.pages.date_control import chosen_day, date_control, set_day
from ui.people import markup
from ui.people.present import person_keys, present_person
from ui.words import literal

_MADE = "key-made"


def own_keys() -> None:
    """Show the keys of the person here, in a window over the page."""
    with in_chosen_language():
        say_what_happened()
        try:
            person = present_person()
            keys_of(person.id, person_keys().of(person, person.id))
        except InForceError as problem:
            st.error(literal(str(problem)))


def keys_of(person_id: str, keys: list[PersonKey]) -> None:
    """Show the keys of a person, a button that revokes each valid one, and a form for a new one."""
    _just_made(person_id)
    if keys:
        st.html(markup.keys_table(keys, today()))
    else:
        st.caption(word("people.no_keys"))
    for key in (key for key in keys if key.is_valid(today())):
        st.button(
            literal(word("people.revoke", key=key.name)),
            key=f"revoke-{key.id}",
            icon=":material/key_off:",
            on_click=attempt,
            args=(partial(_revoke, key.id),),
        )
    name, expires = f"key-name-{person_id}", f"key-expires-{person_id}"
    left, right = st.columns(2)
    left.text_input(word("people.key_for"), key=name, placeholder=word("people.key_hint"))
    with right:
        date_control(word("people.expires_on"), expires)
    st.button(
        word("people.make_key"),
        key=f"make-key-{person_id}",
        icon=":material/key:",
        on_click=attempt,
        args=(partial(_make, person_id, name, expires),),
    )


def _just_made(person_id: str) -> None:
    """Show a key that was just made; with the next press it is gone."""
    made = st.session_state.pop(_MADE, None)
    if made is not None and made[0] == person_id:
        st.html(f'<p role="status"><strong>{told("people.made_once")}</strong></p>')
        st.code(made[1], language=None, wrap_lines=True)


def _make(person_id: str, name: str, expires: str) -> None:
    settings, by = Settings.load(), present_person()
    made, secret = make_key(settings, by, person_id, typed(name), chosen_day(expires))
    st.session_state[_MADE] = (made.person, secret)
    st.session_state[name] = ""
    set_day(expires, None)


def _revoke(key_id: str) -> str:
    key = revoke_key(Settings.load(), present_person(), key_id)
    return word("people.revoked", key=key.name)


def offer_own_keys(person: Person) -> None:
    """Show the button that opens :func:`own_keys`, to a person whose keys open anything."""
    if person.reads and st.button(word("people.own_keys"), key="own-keys"):
        st.dialog(word("people.own_keys"), width="large")(own_keys)()
