"""An act on the Law page: contents in the sidebar, one page of provisions at a time."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date

import streamlit as st

from corpus.errors import BadInputError
from corpus.provision_numbers import label_key
from corpus.reading.act import Act
from corpus.reading.changes import ChangeDay
from corpus.reading.contents import Page, Part, contents, pages
from ui.languages.catalogue import word
from ui.law import markup
from ui.law.acts import Corpus
from ui.law.address import Place
from ui.law.steps import go
from ui.markup import told
from ui.words import day_words, literal


def show_act(corpus: Corpus, place: Place, act: Act) -> None:
    """Show a page of an act, and how to get to the others."""
    st.html(markup.act_head(act, corpus.store.source_read(act.work.id)))
    _days_of_change(corpus, place, act)
    everything = st.toggle(word("law.everything"), key="law-everything")
    entries = act.entries if everything else act.live
    if not entries:
        st.html(markup.absence(word("law.none_in_force")))
        return
    parts = contents(entries)
    shown = _chosen(pages(parts), place)
    show_contents(place, act, parts, shown)
    _turn(place, pages(parts), shown, "above")
    ids = [version for entry in shown.entries for version in entry.versions]
    texts = corpus.store.versions(ids)
    st.html(markup.page_text(shown, texts, act.work, act.as_at, corpus.hash))
    _turn(place, pages(parts), shown, "below")


def show_contents(place: Place, act: Act, parts: tuple[Part, ...], shown: Page | None) -> None:
    """Show the contents in the sidebar: parts, their pages, the provisions of the page shown."""
    with st.sidebar:
        st.html(f'<h2 class="contents">{told("law.contents")}</h2>')
        _go_to_number(place, act)
        for each in parts:
            here = shown is not None and each.holds(shown.number)
            with st.expander(literal(each.title), expanded=here or len(parts) == 1):
                _show_part(place, each, shown)


def _show_part(place: Place, part: Part, shown: Page | None, depth: int = 1) -> None:
    """Show what is inside a part: its divisions, those of the page shown opened, or its pages."""
    if not part.parts:
        for page in part.pages:
            _page_link(place, page, shown, depth)
    for inner in part.parts:
        here = shown is not None and inner.holds(shown.number)
        _page_button(place, inner.pages[0], inner.title, depth, is_shown=here)
        if not here or shown is None:
            continue
        with st.container(key=f"contents-inside-{depth}-{inner.pages[0].number}"):
            if inner.parts or len(inner.pages) > 1:
                _show_part(place, inner, shown, depth + 1)
            else:
                _provision_links(place, shown)


def _page_link(place: Place, page: Page, shown: Page | None, depth: int) -> None:
    here = shown is not None and page.number == shown.number
    _page_button(place, page, page.title, depth, is_shown=here)
    if here:
        _provision_links(place, page)


def _page_button(place: Place, page: Page, title: str, depth: int, *, is_shown: bool) -> None:
    """Show the button that opens a page: by its numbers, or by the division that it begins."""
    st.button(
        literal(title),
        key=f"contents-{depth}-{page.number}",
        type="primary" if is_shown else "tertiary",
        on_click=go,
        args=(Place(act=place.work_id, page=page.number, corpus=place.corpus),),
    )


def _provision_links(place: Place, page: Page) -> None:
    """Show the buttons that open the provisions of the page shown."""
    for entry in page.entries:
        heading = f" {literal(entry.heading)}" if entry.heading else ""
        st.button(
            f"{literal(entry.label)}{heading}",
            key=f"open-{entry.provision}",
            type="tertiary",
            on_click=go,
            args=(Place(provision=entry.provision, corpus=place.corpus),),
        )


def _go_to_number(place: Place, act: Act) -> None:
    """Show a field that opens the provision with a number on the day."""
    number = st.text_input(word("law.go_to"), key="law-number", placeholder=word("law.go_to_hint"))
    key = label_key(number) if number.strip() else ""
    if not key:
        return
    found = [entry for entry in act.entries if label_key(entry.label) == key]
    live = [entry for entry in found if entry.live] or found
    if not live:
        st.caption(literal(word("law.no_number", number=number[:40])))
    for entry in live[:5]:
        st.button(
            literal(word("law.open", label=entry.label)),
            key=f"number-{entry.provision}",
            on_click=go,
            args=(Place(provision=entry.provision, corpus=place.corpus),),
        )


def _chosen(all_pages: tuple[Page, ...], place: Place) -> Page:
    """Return the page that the URL names: by number, or by a provision that it holds."""
    number = place.page or 1
    if number > len(all_pages):
        raise BadInputError(word("law.no_page", count=len(all_pages), number=number))
    return all_pages[number - 1]


def _turn(place: Place, all_pages: tuple[Page, ...], shown: Page, where: str) -> None:
    """Show the buttons to the page before and the page after."""
    if len(all_pages) == 1:
        return
    with st.container(horizontal=True, key=f"turn-{where}"):
        for words, step in ((word("law.previous_page"), -1), (word("law.next_page"), 1)):
            number = shown.number + step
            there = 1 <= number <= len(all_pages)
            title = literal(all_pages[number - 1].title) if there else ""
            st.button(
                f"{words}: {title}" if there else words,
                key=f"turn-{where}-{step}",
                disabled=not there,
                on_click=go,
                args=(Place(act=place.work_id, page=number, corpus=place.corpus),),
            )
        st.caption(word("law.page_of", number=shown.number, count=len(all_pages)))


def _days_of_change(corpus: Corpus, place: Place, act: Act) -> None:
    """Show the days on which the act changed: the last and the next one, and all as a list."""
    changed = corpus.changes(act.work.id)
    days = [each.day for each in changed]
    here = bisect_right(days, act.as_at)
    before = here - 1 if here and days[here - 1] != act.as_at else here - 2
    stay = Place(act=place.work_id, corpus=place.corpus)
    with st.container(horizontal=True):
        if before >= 0:
            _to_day("law.change_before", changed[before], stay)
        if here < len(days):
            _to_day("law.change_after", changed[here], stay)
    if changed:
        with st.expander(word("law.change_days", count=len(changed))):
            st.html(markup.changes(changed))
            st.selectbox(
                word("law.read_on_one"),
                days,
                index=None,
                key="law-change-day",
                format_func=day_words,
                placeholder=word("day.choose_one"),
                on_change=_to_chosen_day,
                args=(stay,),
            )


def _to_day(key: str, change: ChangeDay, stay: Place) -> None:
    st.button(word(key, day=change.day), on_click=go, args=(stay, change.day))


def _to_chosen_day(stay: Place) -> None:
    day: date | None = st.session_state.get("law-change-day")
    if day is not None:
        go(stay, day)
