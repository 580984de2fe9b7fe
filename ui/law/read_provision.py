"""A provision on the Law page: its text on the day, its timeline, redlines and source."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from urllib.parse import urljoin

import streamlit as st

from corpus.clock import today
from corpus.errors import BadInputError
from corpus.history.placing import divisions_near
from corpus.model import ProvisionHistory, Version
from corpus.number_words import number_on, other_numbers
from corpus.reading.act import Act, Entry, label_near
from corpus.reading.between import between
from corpus.reading.contents import contents, page_of, pages
from corpus.reading.spans import Span, siblings, spans
from corpus.resolve import Ambiguous, explained, resolve
from ui.cards import span_words
from ui.languages.catalogue import word
from ui.law import markup
from ui.law.acts import Corpus
from ui.law.address import Place, permalink
from ui.law.read_act import show_contents
from ui.law.steps import go
from ui.markup import escaped, told
from ui.pages.date_control import chosen_day, date_control, set_day
from ui.words import extent_title, literal, number_words


def show_provision(corpus: Corpus, place: Place, day: date) -> None:
    """Show a provision on a day, in its act.

    Raises:
        BadInputError: the corpus holds no such provision.
    """
    history = corpus.provision(place.provision or "")
    act = corpus.act(place.work_id or "", day)
    if history is None or act is None:
        named = (place.provision or "")[:80]
        raise BadInputError(word("law.no_provision", name=named))
    _in_context(place, act, history)
    versions = _texts(history, place, day)
    heading = versions[0].heading if versions else None
    st.html(markup.provision_head(_number(history, day), heading, act.work.language))
    _territory(history, place)
    if not versions:
        st.html(markup.absence(explained(resolve(history, day, extent=place.extent))))
    _timeline(history, versions, place, day)
    for version in versions:
        st.html(markup.provision_text(version, act.work, day, corpus.hash, place.paragraph))
    if place.other is not None:
        _redline(history, place, day, place.other)
    _compare_with(place)
    _link(history, corpus, day)
    read = corpus.store.source_read(act.work.id)
    for version in versions:
        with st.expander(word("law.facts"), expanded=len(versions) == 1):
            st.html(markup.facts(version, history, act.work, read))


def _texts(history: ProvisionHistory, place: Place, day: date) -> tuple[Version, ...]:
    """Return the texts in force: one, or one for each territory or language."""
    found = resolve(history, day, extent=place.extent)
    if isinstance(found, Version):
        return (found,)
    return found.candidates if isinstance(found, Ambiguous) else ()


def _number(history: ProvisionHistory, day: date) -> str:
    """Return the number on the day with the provision's other numbers."""
    borne = number_on(history.provision, day)
    if borne is None:
        return label_near(history.provision, day)
    others = other_numbers(history.provision, day)
    return number_words(borne.text, borne.valid_from, others)


def _in_context(place: Place, act: Act, history: ProvisionHistory) -> None:
    """Show the act, its contents, and the provisions before and after."""
    parts = contents(act.live)
    page = page_of(pages(parts), history.provision.id)
    show_contents(place, act, parts, page)
    back = Place(act=act.work.id, page=page.number if page else None, corpus=place.corpus)
    st.button(
        literal(act.work.title),
        icon=":material/menu_book:",
        type="tertiary",
        help=word("law.read_around"),
        on_click=go,
        args=(back,),
    )
    if divisions := divisions_near(history.provision, act.as_at):
        st.html(markup.around(divisions, act.work.language))
    with st.container(horizontal=True, key="neighbours"):
        for way, entry in zip(("previous", "next"), act.around(history.provision.id), strict=True):
            _neighbour(way, entry, place)


def _neighbour(way: str, entry: Entry | None, place: Place) -> None:
    there = Place(provision=entry.provision if entry else None, corpus=place.corpus)
    st.button(
        literal(word(f"beside.{way}", label=entry.label) if entry else word(f"beside.no_{way}")),
        key=f"go-{way}",
        disabled=entry is None,
        on_click=go,
        args=(there,),
    )


def _territory(history: ProvisionHistory, place: Place) -> None:
    """Show the choice of a territory where texts differ by it."""
    extents = sorted({row.extent for row in history.versions if row.extent})
    if len(extents) < 2 and place.extent is None:
        return
    parts = sorted({part for extent in extents for part in extent.split("+")})
    if st.session_state.get("law-extent") != place.extent:
        st.session_state["law-extent"] = place.extent if place.extent in parts else None
    st.selectbox(
        word("filter.territory"),
        parts,
        index=None,
        key="law-extent",
        format_func=_territory_title,
        placeholder=word("filter.all"),
        on_change=_to_territory,
        args=(place,),
    )


def _territory_title(extent: str) -> str:
    title = extent_title(extent)
    return title if title == extent else f"{title} ({extent})"


def _to_territory(place: Place) -> None:
    go(place.model_copy(update={"extent": st.session_state["law-extent"]}))


# -- timeline and redline ----------------------------------------------------------------------


def _timeline(
    history: ProvisionHistory, versions: tuple[Version, ...], place: Place, day: date
) -> None:
    """Show the timeline as buttons: a click reads a text, or compares it with this one."""
    dated = [row for row in history.versions if row.is_known() and row.valid_from is not None]
    waiting = [row for row in history.versions if row.is_known() and row.valid_from is None]
    if waiting:
        st.html(markup.undated(waiting))
    if not dated:
        return
    rows = siblings(history, versions[0] if versions else dated[-1])
    found = spans(rows, today())
    texts = sum(span.kind == "text" for span in found)
    st.html(f'<h4 class="eyebrow">{told("law.timeline", count=texts)}</h4>')
    comparing = texts > 1 and st.toggle(
        word("law.compare"),
        key="law-comparing",
        value=place.other is not None,
    )
    st.html(markup.widths(found, today()))
    with st.container(horizontal=True, key="timeline"):
        for number, span in enumerate(found):
            _segment(number, span, place, day, comparing=comparing)


def _segment(number: int, span: Span, place: Place, day: date, *, comparing: bool) -> None:
    here = span.start <= day and (span.end is None or day < span.end)
    shown = place.other is not None and span.start <= place.other
    shown = shown and (span.end is None or (place.other or day) < span.end)
    instrument = f", {word('ended.by', act=span.instrument)}" if span.instrument else ""
    there = place.model_copy(update={"other": span.start if comparing else None})
    st.button(
        literal(markup.segment_words(span)),
        key=f"span-{number}",
        type="primary" if here else "secondary",
        icon=":material/compare_arrows:" if shown and not here else None,
        help=literal(f"{span_words(span)}{instrument}"),
        disabled=span.kind != "text" or (comparing and here),
        on_click=go,
        args=(there,) if comparing else (there, span.start),
    )


def _redline(history: ProvisionHistory, place: Place, day: date, other: date) -> None:
    """Show what differs between the text on the day and that on another one."""
    found = between(history, day, other, extent=place.extent)
    both = word("redline.days", first=min(day, other), second=max(day, other))
    st.html(f'<h4 class="eyebrow">{escaped(both)}</h4>')
    st.html(markup.between(found))
    if found.redline is not None and found.redline.changed:
        beside = st.segmented_control(
            word("redline.show"),
            _WAYS,
            default=_WAYS[0],
            key="law-way",
            required=True,
            format_func=lambda way: word(f"redline_way.{way}"),
        )
        draw = markup.redline_beside if beside == _WAYS[1] else markup.redline_inline
        st.html(draw(found.redline))
    with st.container(horizontal=True):
        alone = place.model_copy(update={"other": None})
        st.button(word("redline.read_other", day=other), on_click=go, args=(alone, other))
        st.button(word("redline.stop"), on_click=_stop, args=(alone,))


_WAYS = ("inline", "beside")


def _stop(alone: Place) -> None:
    st.session_state["law-comparing"] = False
    go(alone)


def _compare_with(place: Place) -> None:
    """Show the field of any other day to compare with."""
    if (
        st.session_state.get("law-other-shown") != place.other
        or "law-other" not in st.session_state
    ):
        st.session_state["law-other-shown"] = place.other
        set_day("law-other", place.other)
    label, words = word("redline.compare_with"), word("redline.compare_help")
    date_control(label, "law-other", words, on_change=lambda: _take(place))


def _take(place: Place) -> None:
    """Compare with the day that was typed; one that cannot be read is named by its field."""
    with suppress(BadInputError):
        go(place.model_copy(update={"other": chosen_day("law-other")}))


def _link(history: ProvisionHistory, corpus: Corpus, day: date) -> None:
    """Show the permalink with a button that copies it."""
    link = permalink(history.provision.id, day, corpus.hash)
    st.caption(word("law.permalink"))
    st.code(urljoin(st.context.url or "", link), language=None, wrap_lines=True)
