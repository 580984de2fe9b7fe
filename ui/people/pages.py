"""The pages that a person's roles open."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from agent.people import Person
from ui.pages import adjudicate, ask, coverage, ingest_report, law, review, search


def pages_of(person: Person) -> list[StreamlitPage]:
    """Return the pages of a person, the first of which is shown at the app's own address."""
    pages: list[StreamlitPage] = []
    if person.reads:
        pages += [
            st.Page(ask.page, title="Ask", default=True),
            st.Page(search.page, title="Search", url_path="search"),
            st.Page(law.page, title="Law as at", url_path="law"),
            st.Page(coverage.page, title="Coverage", url_path="coverage"),
            st.Page(ingest_report.page, title="Ingest report", url_path="ingest-report"),
        ]
    if person.labels:
        pages.append(st.Page(review.page, title="Review", url_path="review"))
    if person.adjudicates:
        pages.append(st.Page(adjudicate.page, title="Adjudicate", url_path="adjudicate"))
    return pages
