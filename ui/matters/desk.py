"""What the Matters page works with: the open database and the person here."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from agent.matters.store import Matters, matters_url
from agent.people import Person
from corpus.settings import Settings
from corpus.store import Store
from ui.acted import attempt
from ui.people.present import person_here, present_person

CHOSEN = "matter"
"""The parameter of an address that names a matter."""


class Desk(NamedTuple):
    """The matters of this installation, and the person who looks at them."""

    matters: Matters
    person: Person
    settings: Settings


def desk_here() -> Desk:
    """Return the desk of whom the app let in at this run, for what a page shows.

    Raises:
        InForceError: the database cannot be opened, or nobody may look at it.
    """
    settings = Settings.load()
    return Desk(_opened(matters_url(settings)), person_here(), settings)


def places(desk: Desk) -> tuple[str, ...]:
    """Return the jurisdictions of the library.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    with Store.open(desk.settings.store_url) as store:
        return tuple(sorted({work.jurisdiction for work in store.works()}))


def do(change: Callable[[Desk], str | None]) -> None:
    """Change something as the person who is here now; what fails is said when the page is shown.

    Args:
        change: makes the change; it may return a sentence to be shown.
    """
    attempt(lambda: change(_desk_now()))


def _desk_now() -> Desk:
    settings = Settings.load()
    return Desk(_opened(matters_url(settings)), present_person(), settings)


@st.cache_resource(show_spinner=False)
def _opened(url: str) -> Matters:
    return Matters.open(url)
