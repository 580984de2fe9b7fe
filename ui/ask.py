"""The Ask page: a question, the day whose law is wanted, an answer with its authorities.

The address holds the question, so every answer can be linked to; the form is filled from it.
"""

from __future__ import annotations

import streamlit as st

from agent.graph import Done, stream
from agent.library import Library
from agent.nodes import Asked, Called, Step
from agent.trace import Trace
from corpus.clock import today
from corpus.errors import InForceError
from ui import render
from ui.address import EARLIEST, latest, read_address, write_address
from ui.advice import suggestions
from ui.cards import Card, build_cards
from ui.examples import Example, examples
from ui.export import as_json, as_markdown
from ui.library import open_chosen_policy, open_library
from ui.words import day_words

_DOING = {
    "frame": "Fixing the date",
    "decide": "Thinking",
    "act": "Reading",
    "verify": "Verifying every citation",
    "respond": "Writing",
}


def page() -> None:
    """Show the page for what the address asks."""
    asked, problems = read_address(st.query_params.to_dict())
    _fill_form(asked)
    st.html(render.masthead())
    try:
        library = open_library()
    except InForceError as error:
        st.error(f"There is no library to ask yet: {error}", icon=":material/database_off:")
        st.markdown("`inforce demo` loads the demonstration corpus, `inforce ingest` your own.")
        return
    _form(library)
    for problem in problems:
        st.error(problem, icon=":material/event_busy:")
    if asked.question and not problems:
        _outcome(library, asked)
    elif not problems:
        _welcome(library)
    places = sorted({work.jurisdiction for work in library.works})
    st.html(render.footer(library.corpus_hash, len(library.works), places))


# -- the form ----------------------------------------------------------------------------------


def _fill_form(asked: Asked) -> None:
    """Set the widgets from the address whenever it changed (link, button, back and forward)."""
    address = write_address(asked)
    if st.session_state.get("address") != address:
        st.session_state["address"] = address
        for name, value in asked:
            st.session_state[name] = list(value) if isinstance(value, tuple) else value


def _form(library: Library) -> None:
    with st.form("ask", border=False):
        st.text_area(
            "Question",
            key="question",
            height=92,
            placeholder="Ask in the language of the law, or cite a provision",
        )
        left, right = st.columns([3, 1], vertical_alignment="bottom")
        with left:
            _day("Law as at", "as_at", "The day the case turns on. Never assumed to be today.")
        with right:
            st.form_submit_button("Ask", type="primary", width="stretch", on_click=_submit)
        with st.expander("Narrow the question"):
            _narrow(library)


def _narrow(library: Library) -> None:
    _day("As published by", "known_at", "Answer only from what had been published by that day.")
    st.multiselect(
        "Jurisdictions",
        sorted({work.jurisdiction for work in library.works}),
        key="jurisdictions",
        format_func=str.upper,
        placeholder="All",
    )
    st.text_input("Territory", key="extent", placeholder="where texts differ by it, such as S")


def _day(label: str, key: str, words: str) -> None:
    st.date_input(
        label,
        value=None,
        key=key,
        min_value=EARLIEST,
        max_value=latest(),
        format="YYYY-MM-DD",
        help=words,
    )


def _submit() -> None:
    names = ("question", "as_at", "known_at", "extent", "jurisdictions")
    _go(Asked(**{name: st.session_state[name] for name in names}))


def _go(asked: Asked) -> None:
    st.query_params.from_dict(write_address(asked))


# -- what is shown -----------------------------------------------------------------------------


def _welcome(library: Library) -> None:
    shown = examples({work.id for work in library.works})
    if shown:
        st.html('<p class="eyebrow">Try one</p>')
        _examples(shown)
    with st.expander("What this library holds", icon=":material/library_books:"):
        st.html(render.holdings(library.works))


def _examples(shown: tuple[Example, ...]) -> None:
    columns = st.columns(2)
    for n, example in enumerate(shown):
        day = day_words(example.asked.as_at) if example.asked.as_at else "no date"
        columns[n % 2].button(
            f"{example.asked.question}  \n:gray[:small[as at {day}]]",
            key=f"example-{example.id}",
            width="stretch",
            on_click=_go,
            args=(example.asked,),
        )


def _outcome(library: Library, asked: Asked) -> None:
    try:
        trace = _trace(library, asked)
        cards = build_cards(trace.answer.citations if trace.answer else (), library.store, today())
    except InForceError as error:
        st.error(str(error), icon=":material/error:")
        return
    if trace.governing is not None:
        st.html(render.banner(trace.governing, today()))
    if trace.answer is not None:
        st.html(render.answer(trace.answer))
        for card in cards:
            st.html(render.card(card))
    if trace.abstention is not None:
        st.html(render.abstention(trace.abstention))
        _suggest(trace, asked)
    if trace.turns:
        with st.expander("How this was found", icon=":material/route:"):
            st.html(render.steps(trace))
    _keep(trace, asked, cards)


def _trace(library: Library, asked: Asked) -> Trace:
    """Return the answer to what the address asks; asked once, however often the page is drawn."""
    request = (write_address(asked), library.corpus_hash)
    if st.session_state.get("request") != request:
        st.session_state["trace"] = _run(library, asked)
        st.session_state["request"] = request
    trace: Trace = st.session_state["trace"]
    return trace


def _run(library: Library, asked: Asked) -> Trace:
    progress = st.empty()
    for event in stream(library, asked, policy=open_chosen_policy(library)):
        if isinstance(event, Done):
            progress.empty()
            return event.trace
        if isinstance(event, Step):
            progress.caption(f"{_DOING[event.name]} …")
        elif isinstance(event, Called):
            progress.html(f'<p class="doing">{render.call_words(event.call)}</p>')
    raise AssertionError("the stream ended without a trace")


def _suggest(trace: Trace, asked: Asked) -> None:
    with st.container(horizontal=True):
        for n, suggestion in enumerate(suggestions(trace, asked, today())):
            st.button(suggestion.words, key=f"suggest-{n}", on_click=_go, args=(suggestion.asked,))


def _keep(trace: Trace, asked: Asked, cards: tuple[Card, ...]) -> None:
    name = f"inforce-{trace.governing.as_at if trace.governing else 'undated'}-{trace.id[:8]}"
    with st.container(horizontal=True):
        if trace.answer is not None and asked.as_at != today():
            now = asked.model_copy(update={"as_at": today()})
            st.button("Ask the same of today’s law", on_click=_go, args=(now,))
        st.download_button(
            "Markdown",
            as_markdown(trace, cards),
            f"{name}.md",
            "text/markdown",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "JSON",
            as_json(trace),
            f"{name}.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )
