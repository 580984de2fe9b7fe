"""The pages that a person's roles open."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from agent.people import Person
from ui.languages.catalogue import word
from ui.pages import (
    adjudicate,
    ask,
    coverage,
    ingest_report,
    law,
    matters,
    people,
    review,
    search,
    training,
)


def pages_of(person: Person) -> list[StreamlitPage]:
    """Return the pages of a person, the first of which is shown at the app's own address."""
    pages: list[StreamlitPage] = []
    if person.reads:
        pages += [
            st.Page(ask.page, title=word("page.ask"), default=True),
            st.Page(search.page, title=word("page.search"), url_path="search"),
            st.Page(law.page, title=word("page.law"), url_path="law"),
            st.Page(matters.page, title=word("page.matters"), url_path="matters"),
            st.Page(coverage.page, title=word("page.coverage"), url_path="coverage"),
            st.Page(ingest_report.page, title=word("page.ingest_report"), url_path="ingest-report"),
        ]
    if person.labels:
        pages.append(st.Page(review.page, title=word("page.review"), url_path="review"))
    if person.adjudicates:
        pages.append(st.Page(adjudicate.page, title=word("page.adjudicate"), url_path="adjudicate"))
    if person.administers:
        pages.append(st.Page(training.page, title=word("page.training"), url_path="training"))
        pages.append(st.Page(people.page, title=word("page.people"), url_path="people"))
    return pages
