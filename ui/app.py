"""Entry point of the Streamlit app: who uses it, their pages, and the style of all pages."""

from __future__ import annotations

import gc
from pathlib import Path

import streamlit as st

from corpus.clock import in_time_zone
from ui.languages.catalogue import in_language
from ui.languages.choice import chosen_language, language_choice
from ui.operations import timed
from ui.people.door import person_or_door, who_is_here
from ui.people.pages import pages_of

HERE = Path(__file__).parent


@st.cache_resource(show_spinner=False)
def _leave_modules_uncollected() -> None:
    """Take what is imported by now out of garbage collection, which Streamlit runs after a script.

    Nothing of it is ever freed, and looking through it takes a tenth of a second each time.
    """
    gc.collect()
    gc.freeze()


_leave_modules_uncollected()
st.set_page_config(page_title="InForce", page_icon=HERE / "favicon.svg", layout="centered")
st.html(HERE / "style.css")
with in_time_zone(st.context.timezone), in_language(chosen_language()):
    person = person_or_door()
    if person is not None:
        page = st.navigation(pages_of(person), position="top")
        with timed(page.url_path or "ask"):
            page.run()
        who_is_here(person)
    language_choice()
