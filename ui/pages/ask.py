"""The Ask page: a question, its governing date, and the answer with citations.

The URL holds the question, so every answer can be linked to; the form is filled from it. Once
somebody is signed in it holds an id instead, by which the answer is found again. A missing date is
asked for, and the paused thread continues with the reply.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from urllib.parse import urljoin

import streamlit as st

from agent.graph.run import Paused, request_of
from agent.library import Library
from agent.matters.records import MatterRecord
from agent.request import AskRequest
from agent.trace import Trace
from corpus.clock import today
from corpus.errors import BadInputError, InForceError
from corpus.force_words import sources_words
from ui import markup as render
from ui.cards import Card
from ui.export.files import MEDIA, NAMES, Format, exported, file_name
from ui.languages.catalogue import SOURCE, in_language, language, word
from ui.law.address import permalink
from ui.library import open_or_say, show_footer
from ui.matters.desk import CHOSEN
from ui.matters.on_ask import file_answer, matter_in_address, say_which
from ui.pages.address import read_address, wants_each, write_address
from ui.pages.advice import Suggestion, choices_meant, days_meant, suggestions
from ui.pages.ask_form import (
    asked_in_form,
    days_can_be_read,
    fill_form,
    form,
    missing_form,
    reply_in_form,
)
from ui.pages.date_control import remember_day
from ui.pages.examples import Example, examples
from ui.pages.recorded import cards_of, given_words, logged, recorded_answers
from ui.pages.session import Stopped, ask_again, followed, outcome, reply
from ui.people.private_address import address_here, go_to
from ui.words import day_words, literal


def page() -> None:
    """Show the page for the request in the URL."""
    recorded = recorded_answers()
    parameters = address_here(CHOSEN)
    asked, problems = read_address(parameters)
    matter, closed = _matter()
    if recorded.traces:
        asked = request_of(recorded.traces[0])
    elif matter is not None and asked == AskRequest(question=""):
        asked = matter.frame.request("")
    _follow_address(asked)
    if asked.as_at is not None:
        remember_day(asked.as_at)
    st.html(render.masthead())
    library = open_or_say()
    if library is None:
        return
    if matter is not None:
        say_which(matter)
    form(library, asked.facts, _submit)
    for problem in (*problems, *recorded.problems, *closed):
        st.error(literal(problem), icon=":material/event_busy:")
    if recorded.traces:
        _recorded(library, recorded.traces)
    elif not (problems or closed) and days_can_be_read():
        if asked.question:
            _outcome(library, asked, matter, each=wants_each(parameters))
        else:
            _welcome(library)
    show_footer(library)


def _follow_address(asked: AskRequest) -> None:
    """Fill the form whenever the URL changed (link, button, back and forward)."""
    address = write_address(asked)
    if st.session_state.get("address") != address:
        st.session_state["address"] = address
        fill_form(asked)


def _submit() -> None:
    """Ask what the form says; a day that cannot be read is named by its field instead."""
    with suppress(BadInputError):
        _go(asked_in_form())


def _go(asked: AskRequest, *, each: bool = False, same: bool = False) -> None:
    """Go to a request; ``same`` goes on with the present one."""
    chosen = {CHOSEN: st.query_params[CHOSEN]} if CHOSEN in st.query_params else {}
    go_to({**write_address(asked, each=each), **chosen}, CHOSEN, same=same)


def _matter() -> tuple[MatterRecord | None, tuple[str, ...]]:
    """Return the matter in which is asked, or a sentence on why none is."""
    try:
        return matter_in_address(), ()
    except InForceError as problem:
        return None, (str(problem),)


# -- what is shown -----------------------------------------------------------------------------


def _welcome(library: Library) -> None:
    shown = examples({work.id for work in library.works})
    if shown:
        st.html(f'<p class="eyebrow">{render.told("ask.try_one")}</p>')
        _examples(shown)
    with st.expander(word("ask.holds"), icon=":material/library_books:"):
        st.html(render.holdings(library.works))


def _examples(shown: tuple[Example, ...]) -> None:
    columns = st.columns(2)
    for n, example in enumerate(shown):
        day = example.asked.as_at
        when = word("ask.as_at", day=day) if day else word("ask.no_date")
        columns[n % 2].button(
            f"{literal(example.asked.question)}  \n:gray[:small[{when}]]",
            key=f"example-{example.id}",
            width="stretch",
            on_click=_go,
            args=(example.asked,),
        )


def _outcome(
    library: Library, asked: AskRequest, matter: MatterRecord | None, *, each: bool
) -> None:
    try:
        found = outcome(library, asked, each=each, matter=matter.id if matter else None)
        if isinstance(found, Stopped):
            _stopped(found)
        elif isinstance(found, Paused):
            _ask_back(found)
        elif len(found) == 1:
            _one(library, found[0], asked)
        else:
            _several(library, found, asked)
    except InForceError as error:
        st.error(literal(str(error)), icon=":material/error:")


def _stopped(run: Stopped) -> None:
    """Say that the asker ended the run, after which steps; nothing of it is an answer."""
    st.html(render.stopped(run.steps))
    st.button(word("matters.ask_again"), on_click=ask_again)


def _ask_back(paused: Paused) -> None:
    """Show the choices that are open, or a field for the missing date and a button for each."""
    st.html(render.waiting(paused.missing))
    if paused.missing.choices or paused.missing.places:
        _offer(choices_meant(paused.missing, paused.asked), "choice-")
        return
    missing_form(paused.missing, lambda: _take_reply(paused))
    with st.container(horizontal=True):
        _offer(days_meant(paused.missing, paused.asked, today()))
        st.button(word("ask.every_version"), on_click=_go, args=(paused.asked,), kwargs=_EACH)


_EACH = {"each": True}


def _take_reply(paused: Paused) -> None:
    """Go on with the reply; a day that cannot be read is named by its field instead."""
    with suppress(BadInputError):
        added = reply_in_form(paused.missing)
        if not added.empty:
            reply(added)
            _go(paused.asked.told(added), same=True)


def _recorded(library: Library, traces: tuple[Trace, ...]) -> None:
    """Show answers as they were given, from the corpus as it then was."""
    st.info(literal(given_words(traces[0], library)), icon=":material/history:")
    try:
        if len(traces) == 1:
            _one(library, traces[0], request_of(traces[0]))
        else:
            _several(library, traces, request_of(traces[0]))
    except InForceError as error:
        st.error(literal(str(error)), icon=":material/error:")


def _several(library: Library, traces: tuple[Trace, ...], asked: AskRequest) -> None:
    days = [trace.governing.as_at for trace in traces if trace.governing is not None]
    for tab, trace, day in zip(st.tabs(list(map(day_words, days))), traces, days, strict=True):
        with tab:
            _one(library, trace, asked.model_copy(update={"as_at": day}), place=f"{day}-")


def _one(library: Library, trace: Trace, asked: AskRequest, place: str = "") -> None:
    """Show one answer; ``place`` distinguishes its anchors from those of other answers."""
    cards = cards_of(trace, library)
    if trace.governing is not None:
        st.html(render.banner(trace.governing, today()))
        if trace.governing.candidates and not place:
            words = word("ask.each_day", count=len(trace.governing.candidates))
            st.button(words, on_click=_go, args=(asked,), kwargs=_EACH)
    if trace.answer is not None:
        st.html(render.answer(trace.answer, place))
        for card in cards:
            _card(card, trace, place)
    if trace.abstention is not None:
        st.html(render.abstention(trace.abstention))
        if trace.looked_at is not None and trace.looked_at.provisions:
            st.html(render.looked_at(trace.looked_at))
        _closest(trace, cards, place)
        with st.container(horizontal=True):
            _offer(suggestions(trace, asked), place)
    if trace.turns:
        with st.expander(word("ask.how_found"), icon=":material/route:"):
            st.html(render.steps(trace))
    _keep(library, trace, asked, cards, place)
    file_answer(trace, place)
    if trace.governing is not None and not place:
        _go_on(trace)


def _go_on(trace: Trace) -> None:
    """Offer a follow-up, which keeps the date and the facts of an answer."""
    with st.form("follow-up", border=False):
        st.text_area(
            word("matters.follow"),
            key="follow-up-text",
            height=68,
            placeholder=word("matters.follow_hint"),
        )
        st.form_submit_button(word("matters.follow_ask"), on_click=_ask_follow_up, args=(trace,))


def _ask_follow_up(trace: Trace) -> None:
    question = (st.session_state.get("follow-up-text") or "").strip()
    if question:
        _go(followed(trace, question))


def _closest(trace: Trace, cards: tuple[Card, ...], place: str) -> None:
    """Show the closest provisions, each a whole card, and that nothing confirms them."""
    if not trace.closest:
        return
    st.html(render.closest_heading(trace.closest))
    for found, card in zip(trace.closest, cards, strict=True):
        _card(card, trace, place, render.likelihood(found))


def _card(card: Card, trace: Trace, place: str, above: str = "") -> None:
    """Show a card and, folded, the citation in every form, each with a button that copies it."""
    cited = card.citation
    st.html(above + render.card(card, place) + render.in_its_act(cited))
    link = permalink(cited.provision_id, cited.as_at, trace.corpus_hash)
    with st.expander(word("ask.copy_citation", number=card.number), icon=":material/content_copy:"):
        for name, text in (
            *((form.name, form.text) for form in card.forms),
            (word("ask.permalink"), urljoin(st.context.url or "", link)),
        ):
            st.caption(name)
            st.code(text, language=None, wrap_lines=True)


def _offer(offered: tuple[Suggestion, ...], place: str = "") -> None:
    for n, suggestion in enumerate(offered):
        key = f"suggest-{place}{n}"
        st.button(literal(suggestion.words), key=key, on_click=_go, args=(suggestion.asked,))


def _keep(
    library: Library, trace: Trace, asked: AskRequest, cards: tuple[Card, ...], place: str
) -> None:
    read = sources_words(library.sources_read)
    cards = _in_english(trace, library, cards)
    with st.container(horizontal=True):
        if trace.answer is not None and asked.as_at != today() and not place:
            now = asked.model_copy(update={"as_at": today()})
            st.button(word("ask.same_today"), on_click=_go, args=(now,))
        for how in Format:
            make = logged(trace, partial(exported, trace, cards, read, how))
            _download(trace, how, make, place)


def _in_english(trace: Trace, library: Library, cards: tuple[Card, ...]) -> tuple[Card, ...]:
    """Return the cards of a memo: its sentences are those of the trace, which are English."""
    if language() == SOURCE:
        return cards
    with in_language(SOURCE):
        return cards_of(trace, library)


def _download(trace: Trace, how: Format, make: Callable[[], bytes], place: str) -> None:
    """Show the button of a file format; the file is made when it is pressed."""
    st.download_button(
        NAMES[how],
        make,
        file_name(trace, how),
        MEDIA[how],
        icon=":material/download:",
        on_click="ignore",
        key=f"{how.value}-{place}",
    )
