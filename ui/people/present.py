"""Who uses this session of the app, found anew at every run of a page.

Sign-in is by OpenID Connect through Streamlit, set up by the section ``[auth]`` of its secrets
file. Without that section the app is used by one local person who has every role.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from agent.audit import Action, AuditLog, Kind, audit_url
from agent.people import People, Person, folded, local_person, people_are_kept, people_url
from agent.people_keys import PersonKeys
from corpus.clock import now
from corpus.errors import BadInputError, InForceError
from corpus.settings import Settings
from ui.languages.catalogue import word

CLAIM = "email"
"""The claim of the provider that is a person's id, unless ``INFORCE_SIGN_IN_CLAIM`` names another.
"""

HOURS = 12
"""How long a sign-in lasts, unless ``INFORCE_SIGN_IN_HOURS`` says otherwise."""


HERE = "person-here"
"""The key of the session under which the app keeps whom it let in."""


class NotSignedInError(InForceError):
    """Nobody is signed in, or the sign-in has expired. The message may be empty."""


class RefusedError(InForceError):
    """Who is signed in may not use the app, or sign-in is not set up as it must be."""


def sign_in_is_set_up() -> bool:
    """Return whether people sign in; otherwise the app is used by the local person.

    Raises:
        RefusedError: the secrets file cannot be read, or there are people and no sign-in: the app
            then opens to nobody.
    """
    if st.secrets.load_if_toml_exists():
        if "auth" in st.secrets:
            return True
    elif unread := [file for file in st.get_option("secrets.files") if Path(file).exists()]:
        raise RefusedError(word("door.unread", file=unread[0]))
    if _somebody():
        raise RefusedError(word("door.no_section"))
    return False


def present_person() -> Person:
    """Return the person who uses this session.

    Raises:
        NotSignedInError: nobody is signed in.
        RefusedError: who is signed in may not use the app.
        StoreError: the people cannot be read.
    """
    if not sign_in_is_set_up():
        return local_person()
    claims: Mapping[str, Any] = st.user.to_dict()
    if not claims.get("is_logged_in"):
        raise NotSignedInError(_why_signed_out())
    person_id = signed_in_id(claims)
    if _expired(claims):
        raise NotSignedInError(word("door.expired"))
    person = people().find(person_id)
    if person is None:
        _log_once(person_id, Action.REFUSED)
        raise RefusedError(word("door.stranger", id=person_id))
    _log_once(person.id, Action.SIGNED_IN)
    return person


def person_here() -> Person:
    """Return the person whom the app let in at this run, for what a page shows.

    A function that changes or reads what is kept of people asks :func:`present_person` instead:
    Streamlit calls it before the app has looked who is there.

    Raises:
        InForceError: as :func:`present_person`, where a page is shown without the app around it.
    """
    found: Person | None = st.session_state.get(HERE)
    return found or present_person()


def note(action: Action, kind: Kind, *objects: str, person: Person | None = None) -> None:
    """Log what the person here does; of the local person nothing is logged.

    Raises:
        StoreError: the log cannot be written; what was to be logged must then not be done.
    """
    by = person or person_here()
    if not by.local:
        audit_log().add(by.id, action, kind, *objects)


def signed_in_id(claims: Mapping[str, Any]) -> str:
    """Return the id in the claims of a provider.

    Raises:
        RefusedError: there is none, or the provider has not verified it.
    """
    name = os.environ.get("INFORCE_SIGN_IN_CLAIM") or CLAIM
    found = claims.get(name)
    if not isinstance(found, str) or not found.strip():
        raise RefusedError(word("door.no_claim", claim=name))
    if name == CLAIM and claims.get("email_verified", True) not in {True, "true"}:
        raise RefusedError(word("door.unverified", id=found))
    return folded(found)


def people() -> People:
    """Return the people of this installation, opened once."""
    return _people(people_url(Settings.load()))


def person_keys() -> PersonKeys:
    """Return the keys of people of this installation, opened once."""
    return _keys(people_url(Settings.load()))


def audit_log() -> AuditLog:
    """Return the audit log of this installation, opened once."""
    return _audit(audit_url(Settings.load()))


def _somebody() -> bool:
    settings = Settings.load()
    return people_are_kept(settings) and bool(_people(people_url(settings)).all())


def _why_signed_out() -> str:
    """Return a sentence if the browser has a sign-in that this server did not make."""
    if "_streamlit_user" not in st.context.cookies:
        return ""
    return word("door.invalid")


def _expired(claims: Mapping[str, Any]) -> bool:
    """Return whether a sign-in is too old; one that does not say when it was made is."""
    made = claims.get("iat")
    if not isinstance(made, int | float):
        return True
    return now().timestamp() - made > 3600 * sign_in_hours()


def sign_in_hours() -> float:
    """Return how many hours a sign-in lasts.

    Raises:
        BadInputError: the setting is not a positive number.
    """
    text = os.environ.get("INFORCE_SIGN_IN_HOURS") or str(HOURS)
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours < 10_000:
        raise BadInputError(f"INFORCE_SIGN_IN_HOURS: '{text}' is no number of hours.")
    return hours


def _log_once(person_id: str, action: Action) -> None:
    """Log the first run of this session."""
    if st.session_state.get("signed-in-logged") != (person_id, action):
        audit_log().add(person_id, action, Kind.APP, "app")
        st.session_state["signed-in-logged"] = (person_id, action)


@st.cache_resource(show_spinner=False)
def _people(url: str) -> People:
    return People.open(url)


@st.cache_resource(show_spinner=False)
def _keys(url: str) -> PersonKeys:
    return PersonKeys.open(url)


@st.cache_resource(show_spinner=False)
def _audit(url: str) -> AuditLog:
    return AuditLog.open(url)
