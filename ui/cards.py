"""Cards: the data shown for a citation, read from the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal

from agent.trace import Trace
from corpus.errors import StoreError
from corpus.gate.ruling import Ruling
from corpus.model import (
    Citation,
    EndReason,
    Frozen,
    Interval,
    Provision,
    SourceRead,
    SourceRef,
    Version,
)
from corpus.reading.spans import Span, siblings, spans
from corpus.store import Store
from ui.citing import CitationForm, citation_forms
from ui.languages.catalogue import word
from ui.words import force_words, interval_words, number_words, source_words, territory_title


class TimelineSpan(Frozen):
    """An interval of a provision's timeline. A ``gap`` has no text in force."""

    kind: Literal["text", "cited", "gap"]
    words: str
    days: int


class Card(Frozen):
    """A citation with its context. ``text`` is the whole provision, which contains the quote.

    ``label`` is the number with the provision's others, ``in_force`` the days on which the text is
    the law, ``source_read`` when its source was last read. ``territory`` says where the text holds;
    ``ruling`` whether it applies to the case, ``None`` in a trace kept before that was recorded.
    ``forms`` are the citation in the forms of guides and as identifiers.
    """

    number: int
    citation: Citation
    heading: str | None
    text: str
    language: str
    label: str
    in_force: str
    since: str
    source_read: str
    spans: tuple[TimelineSpan, ...]
    source: SourceRef
    note: str | None
    licence: str | None
    official: str
    territory: str = ""
    ruling: Ruling | None = None
    forms: tuple[CitationForm, ...] = ()


def build_cards(
    citations: tuple[Citation, ...],
    store: Store,
    today: date,
    rulings: tuple[Ruling | None, ...] = (),
) -> tuple[Card, ...]:
    """Return a card for each citation, in order, with the ruling on it where there is one.

    Raises:
        StoreError: the store does not hold a cited version.
    """
    cards = (_card(n, c, store, today) for n, c in enumerate(citations, start=1))
    pairs = zip(cards, rulings or (None,) * len(citations), strict=True)
    return tuple(card.model_copy(update={"ruling": ruling}) for card, ruling in pairs)


def trace_cards(trace: Trace, store: Store, today: date) -> tuple[Card, ...]:
    """Return the cards of an answer's citations, or of the provisions that come closest.

    Raises:
        StoreError: the store does not hold a cited version.
    """
    if trace.answer is not None:
        return build_cards(trace.answer.citations, store, today, trace.answer.rulings)
    citations = tuple(found.citation for found in trace.closest)
    return build_cards(citations, store, today, tuple(found.ruling for found in trace.closest))


def _card(number: int, citation: Citation, store: Store, today: date) -> Card:
    version = store.version(citation.version_id, citation.known_at)
    history, work = store.history(citation.provision_id), store.work(citation.work_id)
    read = citation.source_read or store.source_read(citation.work_id)
    if version is None or history is None or work is None or read is None:
        raise StoreError(f"{citation.version_id} is not in the store that is read")
    rows = siblings(history, version)
    notes = [note for note in (version.note, work.note) if note]
    return Card(
        number=number,
        citation=citation,
        heading=version.heading,
        text=version.text,
        language=version.language,
        label=number_words(citation.label, citation.label_from, citation.other_numbers),
        in_force=force_words(citation.valid, citation.ended, citation.label_from),
        since=since_words(citation, rows, history.provision, read, today),
        source_read=source_words(read),
        spans=timeline_spans(rows, version.id, today),
        source=version.source,
        note=" ".join(notes) or None,
        licence=work.licence,
        official=work.citation,
        territory=territory_title(work.jurisdiction, version.extent),
        forms=citation_forms(citation, work, version.source),
    )


def since_words(
    citation: Citation,
    rows: tuple[Version, ...],
    provision: Provision,
    read: SourceRead,
    today: date,
) -> str:
    """Return whether a cited text has been amended since, or is still in force, as known now."""
    now = next((row for row in rows if row.id == citation.version_id), None)
    if now is None:
        return word("since.never")
    said = _fate(now, rows, read, today)
    number = provision.label_on(today)
    if number is not None and number != citation.label:
        said += f" {word('since.number', number=number)}"
    return said


def _fate(row: Version, rows: tuple[Version, ...], read: SourceRead, today: date) -> str:
    if row.valid_to is None:
        return word("since.not_amended", day=read.day)
    if row.ended is EndReason.UNKNOWN:
        return word("since.record_stops", last=row.valid_to - timedelta(days=1))
    done = row.valid_to <= today
    how = f"{(row.ended or EndReason.SUPERSEDED).value}_{'on' if done else 'later'}"
    said = word(f"ended.{how}", day=row.valid_to)
    said += f" {word('ended.by', act=row.ended_by)}" if row.ended_by else ""
    said += "."
    later = [v for v in rows if v.valid_from is not None and row.valid_to < v.valid_from <= today]
    if later:
        said += f" {word('since.more', count=len(later))}"
    return said if done else f"{word('since.still')} {said}"


def timeline_spans(rows: Sequence[Version], cited: str, today: date) -> tuple[TimelineSpan, ...]:
    """Return the timeline of a provision from its first text to today or its last change."""
    return tuple(
        TimelineSpan(
            kind="gap" if span.kind != "text" else "cited" if span.version == cited else "text",
            words=span_words(span),
            days=span.days(today),
        )
        for span in spans(rows, today)
    )


def span_words(span: Span) -> str:
    """Return an interval of a timeline in words: the days of a text, or of a gap."""
    days = Interval(start=span.start, end=span.end)
    if span.kind == "text":
        return word("card.in_force", days=force_words(days, span.ended))
    return word(f"span.{span.kind}", days=interval_words(days))
