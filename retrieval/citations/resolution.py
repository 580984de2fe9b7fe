"""Resolve a citation on a date, by the number that a provision had on that date.

``art. 1382 Code civil`` on 2016-09-30 and ``art. 1240 Code civil`` on 2016-10-01 are one provision.
Provisions with the number on the date come first. If there is none, a provision that had or will
have it may explain why (repealed, not yet in force, not covered), but its text under another number
is never returned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from corpus.model import EndReason, Frozen, Provision, ProvisionNumber, Version, Work
from corpus.number_words import under_number_since
from corpus.provision_numbers import label_key
from corpus.resolve import (
    Ambiguous,
    NotYetInForce,
    Repealed,
    Resolution,
    coverage_gap,
    covered,
    explained,
)
from corpus.store import Store
from corpus.territories import extent_words
from corpus.wording import Wording, wording
from retrieval.citations.citation_grammar import ParsedCitation, find_citations, parse_citation
from retrieval.citations.pinpoints import Located, Pinpoint, cited_parts, locate
from retrieval.citations.whole import not_understood, read_whole
from retrieval.filters import check_filters

__all__ = [
    "CitationAnswer",
    "ParsedCitation",
    "Status",
    "find_citations",
    "parse_citation",
    "resolve_citation",
    "resolve_parsed",
]

Status = Literal[
    "in_force",
    "not_yet_in_force",
    "repealed",
    "coverage_gap",
    "ambiguous",
    "other_territory",
    "not_applicable",
    "not_found",
]
"""Status of a citation or a provision on a date. ``not_applicable``: in force, but the gate
(:mod:`corpus.gate`) rules that it does not apply."""


class CitationAnswer(Frozen):
    """The result of resolving a citation on a date.

    ``text`` is set only if ``status`` is ``in_force``. The interval is that of the text in force,
    of the last one for ``repealed``, of the first one for ``not_yet_in_force``. ``label`` is the
    number on the date, else the one cited. ``pinpoint`` is the cited subdivision of the text in
    force; ``None`` if none is cited or its position is unknown. ``missing`` is a subdivision that
    the text in force lacks: ``status`` is then ``not_found``; ``unsure`` holds those for which this
    is unknown. ``number_key`` is the key of the number that was found; if no provision has it on
    the date, ``nearest`` is the one that has it nearest in time. ``unread`` is the part of the
    citation that was not understood. ``resolution`` is ``None`` if no provision was found.
    """

    status: Status
    citation: str
    provision: str | None = None
    label: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    text: str | None = None
    source: str | None = None
    wording: Wording
    pinpoint: Pinpoint | None = None
    missing: str | None = None
    unsure: str = ""
    number_key: str | None = None
    nearest: str | None = None
    unread: str | None = None
    resolution: Resolution | None = None

    @property
    def explanation(self) -> str:
        """Return the explanation as plain text."""
        return self.wording.text

    @property
    def ended(self) -> EndReason | None:
        """How the text whose interval is given ended; ``unknown``: the record ends there."""
        shown = _shown(self.resolution) if self.resolution else None
        return shown.ended if shown else None


def resolve_citation(  # noqa: PLR0913 - everything that fixes an answer, by name
    store: Store,
    text: str,
    as_at: date,
    known_at: date | None = None,
    extent: str | None = None,
    jurisdictions: tuple[str, ...] = (),
    works: Sequence[Work] | None = None,
) -> CitationAnswer:
    """Resolve a text that is one citation, on ``as_at`` and as known at ``known_at``.

    All of ``text`` must be understood, and cite one provision. ``works`` are those of the store,
    where they have been read before.

    Raises:
        BadInputError: the corpus does not know the territory or a jurisdiction.
    """
    works = store.works() if works is None else works
    check_filters(store, works, jurisdictions, extent)
    reading = read_whole(text, works, lambda work, key: bool(store.provisions_by_label(work, key)))
    if isinstance(reading, ParsedCitation):
        return resolve_parsed(store, reading, as_at, known_at, extent, jurisdictions)
    return CitationAnswer(
        status="ambiguous" if reading.several else "not_found",
        citation=text,
        wording=wording(reading.explanation),
        unread=reading.unread,
    )


def resolve_parsed(  # noqa: PLR0913 - everything that fixes an answer, by name
    store: Store,
    parsed: ParsedCitation,
    as_at: date,
    known_at: date | None = None,
    extent: str | None = None,
    jurisdictions: tuple[str, ...] = (),
) -> CitationAnswer:
    """Resolve a parsed citation on ``as_at``.

    A name shared by several works means the one that has, had or will have the cited number. A
    citation that was not understood completely, or that names a range, is not answered.
    """
    asked = _Asked(store, parsed, as_at, known_at, extent)
    if parsed.unread is not None:
        return asked.answer("not_found", not_understood(parsed)).model_copy(
            update={"unread": parsed.unread}
        )
    if parsed.through is not None:
        return asked.answer("ambiguous", _range(parsed))
    admitted = [work for work in parsed.work_ids if asked.admits(work, jurisdictions)]
    if not admitted:
        return asked.answer("not_found", _elsewhere(asked, jurisdictions))
    found = [answer for work in admitted if (answer := _in_work(asked, work)) is not None]
    if len(found) == 1:
        return found[0]
    if found:
        return asked.answer("ambiguous", _which_work(asked))
    return _unknown_label(asked)


def _range(parsed: ParsedCitation) -> str:
    last = "the provisions that follow" if parsed.through == "ff" else f"those to {parsed.through}"
    return f"'{parsed.text[:200]}' cites {parsed.label_keys[0]} and {last}: name one of them."


def _elsewhere(asked: _Asked, jurisdictions: tuple[str, ...]) -> str:
    title = asked.title(asked.parsed.work_id)
    return f"{title} is not law of {', '.join(jurisdictions)}, where alone was to be looked."


@dataclass(frozen=True)
class _Asked:
    """One request: citation, date, known-at date and territory."""

    store: Store
    parsed: ParsedCitation
    as_at: date
    known_at: date | None
    extent: str | None

    def holds(self, label: ProvisionNumber) -> bool:
        """Return whether a label is valid on the date."""
        known = label.known.end is None if self.known_at is None else self.known_at in label.known
        return known and self.as_at in label.valid

    def admits(self, work_id: str, jurisdictions: tuple[str, ...]) -> bool:
        """Return whether a work belongs to one of the jurisdictions; an empty tuple admits all."""
        work = self.store.work(work_id) if jurisdictions else None
        return not jurisdictions or (work is not None and work.jurisdiction in jurisdictions)

    def title(self, work_id: str) -> str:
        """Return the title of a work."""
        work = self.store.work(work_id)
        return work.title if work else work_id

    def resolve(self, provision: Provision) -> Resolution:
        """Resolve a provision of the store on the date."""
        found = self.store.resolve(provision.id, self.as_at, self.known_at, extent=self.extent)
        if found is None:
            raise LookupError(f"{provision.id} left the store while it was being read")
        return found

    def under_number(self, provision: Provision, resolution: Resolution) -> Wording:
        """Say since when a text stands under its number, where that is later than the text."""
        if not isinstance(resolution, Version):
            return wording("")
        return under_number_since(provision, resolution, self.as_at, self.known_at)

    def answer(self, status: Status, *explanation: str | date | Wording) -> CitationAnswer:
        """Return an answer that names no provision."""
        label = self.parsed.label
        return CitationAnswer(
            status=status, citation=self.parsed.text, label=label, wording=wording(*explanation)
        )

    def told(
        self, provision: Provision, resolution: Resolution, pinpoints: tuple[str, ...] = ()
    ) -> CitationAnswer:
        """Return the answer about one provision, of which some subdivisions were cited."""
        shown = _shown(resolution)
        live = isinstance(resolution, Version)
        located = _located(resolution, pinpoints)
        if located.missing is not None:
            words = "The provision is in force on that day, but its text holds no "
            lacking = self.answer("not_found", f"{words}{located.missing}.")
            update = {"provision": provision.id, "missing": located.missing}
            return lacking.model_copy(update=update)
        return CitationAnswer(
            status="in_force" if isinstance(resolution, Version) else resolution.status,
            citation=self.parsed.text,
            provision=provision.id,
            label=provision.label_on(self.as_at, self.known_at) or self.parsed.label,
            valid_from=shown.valid_from if shown else None,
            valid_to=shown.valid_to if shown else None,
            text=shown.text if shown and live else None,
            source=shown.source.words() if shown else None,
            wording=wording(
                explained(resolution),
                self.under_number(provision, resolution),
                _territory(resolution),
                _unsure(located),
            ),
            pinpoint=_pinpoint(located, pinpoints),
            unsure=_unsure(located),
            resolution=resolution,
        )


def _shown(resolution: Resolution) -> Version | None:
    """Return the version whose interval the answer gives."""
    if isinstance(resolution, Version):
        return resolution
    if isinstance(resolution, Repealed):
        return resolution.last_version
    return resolution.next_version if isinstance(resolution, NotYetInForce) else None


def _in_work(asked: _Asked, work_id: str) -> CitationAnswer | None:
    """Return the answer from one work, or ``None`` if no provision ever has the number.

    The most exact number on the date counts; then the most exact one at another time.
    """
    elsewhen: list[Provision] = []
    number = ""
    for key in asked.parsed.label_keys:
        provisions = _bearers(asked, work_id, key)
        bearing = [p for p in provisions if any(asked.holds(n) for n in _borne(p, key))]
        if bearing:
            found = _among(asked, bearing, _beyond(asked.parsed, key))
            return found.model_copy(update={"number_key": key})
        if provisions and not elsewhen:
            elsewhen, number = sorted(provisions, key=_nearness_to(key, asked.as_at)), key
    if not elsewhen:
        return None
    update = {"number_key": number, "nearest": elsewhen[0].id}
    return _elsewhen(asked, elsewhen).model_copy(update=update)


def _beyond(parsed: ParsedCitation, key: str) -> tuple[str, ...]:
    """Return the cited subdivisions that a key leaves out: ``(1)`` if 98 was found for 98(1)."""
    place = min(parsed.label_keys.index(key), len(parsed.parts))
    return parsed.parts[len(parsed.parts) - place :]


def _located(resolution: Resolution, parts: tuple[str, ...]) -> Located:
    """Find the parts that were cited of a text in force."""
    if not parts or not isinstance(resolution, Version):
        return Located(None)
    return locate(resolution.text, parts, resolution.language)


def _pinpoint(located: Located, parts: tuple[str, ...]) -> Pinpoint | None:
    if located.span is None:
        return None
    start, end = located.span
    return Pinpoint(cited=cited_parts(parts), start=start, end=end)


def _unsure(located: Located) -> str:
    if not located.unsure:
        return ""
    parts = ", ".join(located.unsure)
    return f" Whether it holds {parts} cannot be told: its text is not divided so."


def _territory(resolution: Resolution) -> str:
    extent = resolution.extent if isinstance(resolution, Version) else None
    return f" This text holds in {extent_words(extent)}." if extent else ""


def _bearers(asked: _Asked, work_id: str, key: str) -> list[Provision]:
    """Return the provisions with a number; a schedule is not the section of that number."""
    return list(bearers(asked.store, work_id, key, asked.parsed.label))


def bearers(store: Store, work_id: str, key: str, label: str) -> Iterator[Provision]:
    """Yield the provisions of a work that bear, bore or will bear a number.

    Args:
        store: where to look.
        work_id: the work.
        key: the comparison key of the number.
        label: the number as cited: a schedule is not the section of that number.
    """
    schedule = _is_schedule(label)
    for provision in store.provisions_by_label(work_id, key):
        if any(_is_schedule(n.text) == schedule for n in _borne(provision, key)):
            yield provision


def _borne(provision: Provision, key: str) -> Iterator[ProvisionNumber]:
    return (label for label in provision.labels if label_key(label.text) == key)


def _is_schedule(label: str) -> bool:
    return re.match(r"sch|annex", label, re.IGNORECASE) is not None


def _among(
    asked: _Asked, bearing: Sequence[Provision], pinpoints: tuple[str, ...]
) -> CitationAnswer:
    """Return the answer among provisions with the number. The only one in force counts.

    If none is in force, the one that was in force last explains why; else the one to come first.
    """
    resolved = [(provision, asked.resolve(provision)) for provision in bearing]
    live = [pair for pair in resolved if isinstance(pair[1], Version | Ambiguous)]
    if len(live) > 1:
        ids = ", ".join(provision.id for provision, _ in live)
        listed = f"Several provisions bear that number on {asked.as_at}: {ids}."
        return asked.answer("ambiguous", listed)
    return asked.told(*(live or sorted(resolved, key=_recency))[0], pinpoints)


def _recency(pair: tuple[Provision, Resolution]) -> tuple[int, int]:
    resolution = pair[1]
    if isinstance(resolution, Repealed):
        return 0, -resolution.ended.toordinal()
    if isinstance(resolution, NotYetInForce) and resolution.starts:
        return 1, resolution.starts.toordinal()
    return 2, 0


def _nearness_to(key: str, day: date) -> Callable[[Provision], tuple[bool, int]]:
    """Return a sort key of provisions at other dates: the last before, then the first after."""

    def nearness(provision: Provision) -> tuple[bool, int]:
        ended = [n.valid_to for n in _borne(provision, key) if n.valid_to and n.valid_to <= day]
        if ended:
            return False, -max(ended).toordinal()
        starts = [n.valid_from for n in _borne(provision, key) if n.valid_from]
        return True, min(starts, default=day).toordinal()

    return nearness


def _elsewhen(asked: _Asked, provisions: Sequence[Provision]) -> CitationAnswer:
    """Explain why no provision has the number, by the one that had it nearest in time."""
    nearest = provisions[0]
    resolution = asked.resolve(nearest)
    if not isinstance(resolution, Version | Ambiguous):
        return asked.told(nearest, resolution)
    borne = nearest.label_on(asked.as_at, asked.known_at)
    under = f"bears the number {borne}" if borne else "bears no recorded number"
    others = [label.valid for label in nearest.labels if label.text != borne]
    spans = [part for span in others for part in ("; ", wording(span))][1:]
    return asked.answer(
        "not_found",
        f"Nothing in {asked.title(nearest.work_id)} bears {asked.parsed.label} on ",
        asked.as_at,
        "; the provision that bears it at another time (",
        *spans,
        f") {under} on that day.",
    )


def _which_work(asked: _Asked) -> str:
    titles = ", ".join(f"{asked.title(w)} ({w})" for w in asked.parsed.work_ids)
    return f"'{asked.parsed.text}' may mean several works: {titles}. Name one in full."


def _unknown_label(asked: _Asked) -> CitationAnswer:
    """Explain that no provision ever has the number: divided, not covered, or unknown."""
    work_id, label = asked.parsed.work_id, asked.parsed.label
    parts = [] if asked.parsed.rivals else sorted(_parts(asked))
    if len(parts) > 1:
        listed = ", ".join(parts)
        return asked.answer("ambiguous", f"{label} is held in parts: {listed}. Name one of them.")
    coverage = asked.store.coverage(work_id)
    if not asked.parsed.rivals and not covered(coverage, asked.as_at):
        gap = coverage_gap(work_id, coverage, asked.as_at)
        return asked.answer("coverage_gap", gap.wording)
    titles = " or ".join(asked.title(work) for work in asked.parsed.work_ids)
    only = f"; it holds only {parts[0]} of it" if parts else ""
    return asked.answer("not_found", f"The corpus has no {label} of {titles}{only}.")


def _parts(asked: _Asked) -> set[str]:
    """Return the labels, on the date, of the provisions that the cited one is divided into."""
    whole = re.escape(asked.parsed.label_key)
    part = re.compile(rf"{whole}(?:\(|al\d|abs\d|para\d|\.\d)")
    return {
        label.text
        for provision in asked.store.provisions(asked.parsed.work_id)
        for label in provision.labels
        if asked.holds(label) and part.match(label_key(label.text))
    }
