"""The versions that the candidates of an item cite, in context, read from the library's store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from agent.library import Library
from corpus.languages.quotation import quoted_span
from corpus.model import Frozen, Provision, Version
from corpus.reading.spans import siblings
from corpus.store import Store
from retrieval.find import find
from retrieval.query import StatuteQuery
from rl.annotation.items import Candidate, Cited, Shown
from rl.annotation.queue.label_queue import QueueError
from ui.cards import TimelineSpan, timeline_spans
from ui.languages.catalogue import word
from ui.words import interval_words, source_words

FOUND = 5  # provisions that a search for the right version lists


class Choosable(Frozen):
    """A version that may be chosen as the answer, and the words that name it."""

    version: Version
    words: str


class Evidence(Frozen):
    """A cited version in context.

    Attributes:
        cited: what the candidate cites.
        version: the version, or ``None`` where the corpus has none of that id.
        title: title of the work. label: number of the provision.
        span: characters ``[start, end)`` of the quotation, or ``None`` where it does not stand in
            the text.
        spans: timeline of the provision.
        before, after: neighbouring versions.
        source_read: words that say when the source of the work was last read.
    """

    cited: Cited
    version: Version | None = None
    title: str = ""
    label: str = ""
    span: tuple[int, int] | None = None
    spans: tuple[TimelineSpan, ...] = ()
    before: Version | None = None
    after: Version | None = None
    source_read: str = ""


def evidence(candidate: Candidate, store: Store, today: date) -> tuple[Evidence, ...]:
    """Return each citation of a candidate in context, in order.

    Raises:
        StoreError: the store cannot be read.
    """
    return tuple(_evidence(cited, store, today) for cited in candidate.citations)


def choosable(shown: Shown, store: Store) -> tuple[Choosable, ...]:
    """Return every version of the provisions that an item's candidates cite, by date.

    Raises:
        StoreError: the store cannot be read.
    """
    cited = (cited.version_id for candidate in shown.candidates for cited in candidate.citations)
    return _choosable(cited, store)


def searched(words: str, shown: Shown, library: Library) -> tuple[Choosable, ...]:
    """Return every version of the provisions that a citation or words find on the item's date.

    Raises:
        QueueError: the item has no governing date to search at.
        InForceError: the search is refused.
    """
    if shown.as_at is None:
        raise QueueError(word("labelling.no_search"))
    asked = StatuteQuery(text=words, as_at=shown.as_at, limit=FOUND)
    hits = find(library.store, library.index, asked, library.works)
    return _choosable((hit.version_id for hit in hits), library.store)


def _choosable(version_ids: Iterable[str], store: Store) -> tuple[Choosable, ...]:
    found: dict[str, Choosable] = {}
    for version_id in dict.fromkeys(version_ids):
        version = store.version(version_id)
        history = None if version is None else store.history(version.provision_id)
        if version is not None and history is not None:
            for row in siblings(history, version):
                found.setdefault(row.id, _named(history.provision, row, store))
    return tuple(found.values())


def _named(provision: Provision, row: Version, store: Store) -> Choosable:
    """Name a version by its number, its work and its interval."""
    work = store.work(provision.work_id)
    of_work = "" if work is None else f" {work.title}"
    words = f"{_label(provision, row)}{of_work}, {interval_words(row.valid)}"
    return Choosable(version=row, words=words)


def _evidence(cited: Cited, store: Store, today: date) -> Evidence:
    version = store.version(cited.version_id)
    history = None if version is None else store.history(version.provision_id)
    if version is None or history is None:
        return Evidence(cited=cited)
    rows = siblings(history, version)
    place = next((n for n, row in enumerate(rows) if row.id == version.id), None)
    work = store.work(history.provision.work_id)
    read = store.source_read(history.provision.work_id)
    return Evidence(
        cited=cited,
        version=version,
        title="" if work is None else work.title,
        label=_label(history.provision, version),
        span=quoted_span(cited.quote, version.text) if cited.quote.strip() else None,
        spans=timeline_spans(rows, version.id, today),
        before=rows[place - 1] if place else None,
        after=rows[place + 1] if place is not None and place + 1 < len(rows) else None,
        source_read=source_words(read) if read else "",
    )


def _label(provision: Provision, version: Version) -> str:
    on = None if version.valid_from is None else provision.label_on(version.valid_from)
    return on or provision.labels[-1].text
