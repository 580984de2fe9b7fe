"""The Matters page: all matters of a person, or the one that the address names by its id."""

from __future__ import annotations

import streamlit as st

from corpus.errors import InForceError
from ui import markup as render
from ui.acted import say_what_happened
from ui.matters.desk import CHOSEN, desk_here
from ui.matters.one import one_matter
from ui.matters.overview import overview
from ui.words import literal


def page() -> None:
    """Show the page for the matter in the address."""
    st.html(render.masthead())
    say_what_happened()
    try:
        desk = desk_here()
        chosen = st.query_params.get(CHOSEN)
        if chosen:
            one_matter(desk, chosen)
        else:
            overview(desk)
    except InForceError as problem:
        st.error(literal(str(problem)), icon=":material/database_off:")
