"""Output of ``law`` and ``versions`` with ``--json``, documented in ``docs/cli.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from corpus.errors import BadInputError
from corpus.gate.decide import rule_on
from corpus.gate.ruling import Case, Ruling
from corpus.model import Frozen, Provision, Version
from corpus.resolve import Resolution
from corpus.store import Store
from retrieval.citations.resolution import CitationAnswer, Status, resolve_citation


class LawAnswer(Frozen):
    """The result of resolving a citation on a date. Every key is always present."""

    citation: str
    """The citation as given."""
    on: date
    """The governing date as given."""
    known_at: date | None
    """The known-at date as given; null for the latest knowledge."""
    status: Status
    """``in_force``, ``not_applicable`` (in force, but it does not apply), ``other_territory``,
    ``not_yet_in_force``, ``repealed``, ``coverage_gap``, ``ambiguous`` or ``not_found``."""
    provision: str | None
    """Id of the provision, independent of its number; null if none was found."""
    label: str | None
    """The provision's number on that date."""
    valid_from: date | None
    """First date on which the text is in force."""
    valid_to: date | None
    """First date on which the text is no longer in force; null if open."""
    text: str | None
    """The text; only when ``status`` is ``in_force``."""
    pinpoint: str | None
    """The part of it that was cited and found, as ``(b)(1)``; null when none was."""
    quote: str | None
    """The words of that part; null when none was found."""
    territory: str | None
    """Where the text holds, in words; null when no text is in force."""
    ruling: Ruling | None
    """Whether the text in force applies, why and on what authority; null when none is in force."""
    source: str | None
    """Where the text was read: file, place in it, official page."""
    explanation: str
    """What was found, or why nothing was."""
    unread: str | None
    """The part of the citation that was not understood; null if all of it was."""


class VersionLine(Frozen):
    """One version of a provision."""

    version: str
    """Id of the version."""
    label: str | None
    """The provision's number at the version's start."""
    language: str
    """Language of the text."""
    extent: str | None
    """Territory; null if it applies everywhere."""
    valid_from: date | None
    """First date on which it is law; null while the date is to be fixed."""
    applies_from: date | None
    """First date on which it applies; null when that is the date on which it is law."""
    valid_to: date | None
    """First date on which it is no longer in force; null if open."""
    ended: str | None
    """``superseded``, ``repealed``, ``expired``, ``annulled``, ``suspended`` or ``unknown``."""
    introduced_by: str | None
    """The act that introduced it."""
    known_from: date | None
    """Date of publication, if the source records it."""
    text: str
    """The text of the version."""
    source: str
    """Where the text was read: file, place in it, official page."""


class VersionsAnswer(Frozen):
    """Every version of a provision, as known at ``known_at``, oldest first.

    Attributes:
        citation: the citation as given.
        known_at: the known-at date as given; null for the latest knowledge.
        provision: id of the provision.
        work: title of the work.
        versions: the versions, oldest first.
    """

    citation: str
    known_at: date | None
    provision: str
    work: str
    versions: tuple[VersionLine, ...]


def law(
    store: Store, citation: str, on: date, known_at: date | None = None, extent: str | None = None
) -> LawAnswer:
    """Resolve a citation on a date."""
    found = resolve_citation(store, citation, on, known_at, extent)
    ruling = _ruling(store, found.resolution, Case(as_at=on, known_at=known_at, extent=extent))
    live = ruling is not None and ruling.ships and found.status == "in_force"
    refused = ruling is not None and not ruling.ships
    return LawAnswer(
        citation=citation,
        on=on,
        known_at=known_at,
        status="not_applicable" if refused else found.status,
        provision=found.provision,
        label=found.label,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        text=found.text if live else None,
        pinpoint=found.pinpoint.cited if found.pinpoint and live else None,
        quote=_quote(found) if live else None,
        territory=ruling.territory if ruling else None,
        ruling=ruling,
        source=found.source,
        explanation=ruling.sentence if ruling and refused else found.explanation,
        unread=found.unread,
    )


def _quote(found: CitationAnswer) -> str | None:
    if found.pinpoint is None or found.text is None:
        return None
    return found.text[found.pinpoint.start : found.pinpoint.end]


def _ruling(store: Store, resolution: Resolution | None, case: Case) -> Ruling | None:
    return rule_on(store, resolution, case) if isinstance(resolution, Version) else None


def versions(store: Store, citation: str, on: date, known_at: date | None = None) -> VersionsAnswer:
    """Return the versions of the provision that a citation meant on a date.

    Raises:
        BadInputError: the citation does not name a single provision.
    """
    found = resolve_citation(store, citation, on, known_at)
    if found.provision is None:
        raise BadInputError(f"'{citation}' on {on}: {found.explanation}")
    history = store.history(found.provision)
    if history is None:
        raise BadInputError(f"'{citation}' names {found.provision}, which the store lacks")
    known = [v for v in history.versions if v.is_known(known_at)]
    return VersionsAnswer(
        citation=citation,
        known_at=known_at,
        provision=found.provision,
        work=history.provision.work_id,
        versions=tuple(_lines(history.provision, known, known_at)),
    )


def in_force_pair(
    store: Store, citation: str, before: date, after: date
) -> tuple[Version, Version]:
    """Return the versions of one provision on two dates, whatever its numbers.

    Raises:
        BadInputError: nothing is in force on one of the dates; the message says why.
    """
    found = resolve_citation(store, citation, before)
    if found.provision is None:
        raise BadInputError(f"'{citation}' on {before}: {found.explanation}")
    pair = []
    for day in (before, after):
        resolution = store.resolve(found.provision, day)
        if not isinstance(resolution, Version):
            reason = resolution.explanation if resolution else "unknown provision"
            raise BadInputError(f"'{citation}' on {day}: {reason}")
        pair.append(resolution)
    return pair[0], pair[1]


def _lines(
    provision: Provision, known: Iterable[Version], known_at: date | None
) -> Iterator[VersionLine]:
    for row in known:
        label = provision.label_on(row.valid_from, known_at) if row.valid_from else None
        yield VersionLine(
            version=row.id,
            label=label or provision.labels[-1].text,
            language=row.language,
            extent=row.extent,
            valid_from=row.valid_from,
            applies_from=row.applies_from,
            valid_to=row.valid_to,
            ended=row.ended,
            introduced_by=row.introduced_by,
            known_from=row.known_from,
            text=row.text,
            source=row.source.words(),
        )
