"""The address of a page once somebody is signed in: an id, and no word of a question.

What would stand in the address is kept in the session under the id. Without sign-in the address
holds it, so that it can be bookmarked and sent.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

import streamlit as st

from ui.languages.catalogue import word
from ui.people.present import person_here

ID = "id"
"""The parameter that holds an id: of a request of this session, or of an answer that is kept."""

_KEPT = "private-addresses"
_MOST = 500

Parameters = dict[str, str]


def address_here(*open_: str) -> Parameters:
    """Return the parameters of the page, whether the address or the session holds them.

    Once somebody is signed in, parameters that an old link or bookmark has are taken out of the
    address; those named by ``open_`` may stay.
    """
    found = st.query_params.to_dict()
    if person_here().local:
        return found
    hidden = {name: value for name, value in found.items() if name not in {ID, *open_}}
    if hidden:
        go_to(found, *open_)
        return found
    kept = _kept().get(found.get(ID, ""), {})
    return {**kept, **found}


def go_to(parameters: Mapping[str, str], *open_: str, same: bool = False) -> None:
    """Put parameters into the address, or into the session under an id.

    Args:
        parameters: the parameters.
        open_: names of parameters that the address may show.
        same: keep the present id, as where a request goes on.
    """
    if person_here().local:
        st.query_params.from_dict(dict(parameters))
        return
    own = request_id() if same else None
    name = own or uuid.uuid4().hex
    kept = _kept()
    kept[name] = {key: value for key, value in parameters.items() if key not in {ID, *open_}}
    while len(kept) > _MOST:
        del kept[next(iter(kept))]
    shown = {key: value for key, value in parameters.items() if key in open_}
    st.query_params.from_dict({**shown, ID: name} if kept[name] else shown)


def request_id() -> str | None:
    """Return the id in the address, if it can be one."""
    found = st.query_params.get(ID, "")
    return found if re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", found, re.ASCII) else None


def stale_request() -> tuple[str, ...]:
    """Return a sentence if the address has the id of a request that this session does not hold."""
    if ID not in st.query_params or is_of_this_session():
        return ()
    return (word("recorded.stale"),)


def is_of_this_session() -> bool:
    """Return whether the id in the address is that of a request of this session."""
    return request_id() in _kept()


def _kept() -> dict[str, Parameters]:
    found: dict[str, Parameters] = st.session_state.setdefault(_KEPT, {})
    return found
