"""The page before sign-in, the line that says who is signed in, and signing out."""

from __future__ import annotations

import json
import urllib.request
from urllib.parse import urlsplit

import streamlit as st
from streamlit.errors import StreamlitAuthError

from agent.people import Person
from corpus.errors import InForceError
from ui import markup
from ui.languages.catalogue import word
from ui.languages.choice import in_chosen_language
from ui.people.keys import offer_own_keys
from ui.people.present import HERE, NotSignedInError, present_person
from ui.people.sign_in_failures import OUTCOME
from ui.words import literal

_SECONDS = 5.0
_PROBLEM = "sign-in-problem"


def person_or_door() -> Person | None:
    """Return who uses this session; where nobody may, show why and how to sign in."""
    st.session_state.pop(HERE, None)
    outcome = st.query_params.pop(OUTCOME, None)
    try:
        st.session_state[HERE] = person = present_person()
        return person
    except NotSignedInError as said:
        if outcome in {"failed", "refused"}:
            st.session_state[_PROBLEM] = word(f"door.{outcome}")
        _closed(str(said), word("door.sign_in"), sign_in)
    except InForceError as said:
        _closed(str(said), word("door.sign_out"), st.logout, signed_in=_signed_in())
    return None


def who_is_here(person: Person) -> None:
    """Say who uses this session, and offer to sign out."""
    if person.local:
        st.caption(literal(word("door.local", name=person.name)))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        roles = ", ".join(word(f"people_role.{role}") for role in sorted(person.roles))
        st.caption(literal(word("door.signed_in", name=person.name, id=person.id, roles=roles)))
        offer_own_keys(person)
        st.button(word("door.sign_out"), key="sign-out", on_click=st.logout)


def sign_in() -> None:
    """Go to the sign-in provider; say so in one sentence where that is not possible."""
    with in_chosen_language():
        _sign_in()


def _sign_in() -> None:
    try:
        address = str(st.secrets["auth"]["server_metadata_url"])
        if (problem := why_no_provider(address)) is None:
            st.login()
            return
    except KeyError as missing:
        problem = word("door.lacks", key=str(missing))
    except StreamlitAuthError as fault:
        problem = word("door.not_set_up", why=" ".join(str(fault).split()))
    st.session_state[_PROBLEM] = problem


def why_no_provider(address: str) -> str | None:
    """Return a sentence if the sign-in provider does not answer at its address, else ``None``."""
    if urlsplit(address).scheme not in {"http", "https"}:
        return word("door.no_address")
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 - checked
            json.load(answer)["authorization_endpoint"]
    except (OSError, ValueError, LookupError, TypeError):
        host = urlsplit(address).netloc
        return word("door.no_provider", host=host)
    return None


def _signed_in() -> bool:
    return bool(st.user.to_dict().get("is_logged_in"))


def _closed(said: str, words: str, act: object, *, signed_in: bool = True) -> None:
    """Show the app's name, why nobody is let in, and one button."""
    st.html(markup.masthead())
    if said:
        st.error(literal(said), icon=":material/lock:")
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(literal(problem), icon=":material/cloud_off:")
    if signed_in:
        st.button(words, type="primary", on_click=act)  # type: ignore[arg-type]
