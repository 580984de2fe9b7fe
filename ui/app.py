"""Entry point of the Streamlit app: navigation and style of all pages."""

from __future__ import annotations

import gc
from pathlib import Path

import streamlit as st

from corpus.clock import in_time_zone
from ui.pages import adjudicate, ask, coverage, ingest_report, law, review, search

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
with in_time_zone(st.context.timezone):
    st.navigation(
        [
            st.Page(ask.page, title="Ask", default=True),
            st.Page(search.page, title="Search", url_path="search"),
            st.Page(law.page, title="Law as at", url_path="law"),
            st.Page(coverage.page, title="Coverage", url_path="coverage"),
            st.Page(ingest_report.page, title="Ingest report", url_path="ingest-report"),
            st.Page(review.page, title="Review", url_path="review"),
            st.Page(adjudicate.page, title="Adjudicate", url_path="adjudicate"),
        ],
        position="top",
    ).run()
