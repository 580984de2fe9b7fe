"""Output of ``law`` and ``versions`` with ``--json``, documented in ``docs/cli.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from corpus.errors import BadInputError
from corpus.gate.decide import rule_on
from corpus.gate.ruling import Case, Ruling, RulingKind
from corpus.model import Frozen, Provision, ProvisionNumber, SourceRead, Version
from corpus.number_words import number_on, numbered, numbers_during, numbers_known, other_numbers
from corpus.provision_numbers import label_key
from corpus.resolve import Resolution
from corpus.store import Store
from retrieval.citations.resolution import CitationAnswer, Status, bearers, resolve_citation


class LawAnswer(Frozen):
    """The result of resolving a citation on a date. Every key is always present."""

    citation: str
    """The citation as given."""
    on: date
    """The governing date as given."""
    known_at: date | None
    """The known-at date as given; null for the latest knowledge."""
    status: Status
    """``in_force``, ``not_applicable`` (in force, but it does not apply), ``other_territory`` (in
    force, but not in the territory asked about), ``not_yet_in_force``, ``repealed``,
    ``coverage_gap``, ``ambiguous`` or ``not_found``."""
    provision: str | None
    """Id of the provision, independent of its number; null if none was found."""
    label: str | None
    """The provision's number on that date."""
    label_from: date | None
    """First date on which that is its number; null if no earlier number is recorded."""
    numbered: str | None
    """That number with the provision's others: ``art. 1240 (until 2016-10-01: 1382)``."""
    valid_from: date | None
    """First date on which the text is in force."""
    valid_to: date | None
    """First date on which the text is no longer in force; null if open."""
    ended: str | None
    """How that end came about, as in ``versions``; ``unknown``: the record ends, not the law."""
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
    source_read: SourceRead | None
    """When that source was last read, as in ``versions``; null if no provision was found."""
    explanation: str
    """What was found, or why nothing was."""
    unread: str | None
    """The part of the citation that was not understood; null if all of it was."""


class NumberLine(Frozen):
    """A number that a provision bears, and on which days."""

    number: str
    """The number as the work prints it."""
    valid_from: date | None
    """First date on which it is borne; null when as far back as is recorded."""
    valid_to: date | None
    """First date on which it is no longer borne; null when open."""


class VersionLine(Frozen):
    """One version of a provision."""

    version: str
    """Id of the version."""
    label: str | None
    """The provision's number at the version's start."""
    numbers: tuple[NumberLine, ...]
    """The numbers of the provision while the version is in force, each cut to those days."""
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


class OtherStanding(Frozen):
    """Another provision that stands, stood or will stand under the number that was cited."""

    provision: str
    """Id of that provision."""
    number: str
    """The number that was cited, as the work prints it."""
    valid_from: date | None
    """First date on which it bears that number; null when as far back as is recorded."""
    valid_to: date | None
    """First date on which it no longer bears that number; null when open."""
    versions: tuple[VersionLine, ...]
    """Its versions that were law under that number."""


class VersionsAnswer(Frozen):
    """Every version of a provision under all its numbers as known at ``known_at``, oldest first.

    Attributes:
        citation: the citation as given.
        known_at: the known-at date as given; null for the latest knowledge.
        provision: id of the provision.
        work: id of the work.
        versions: the versions, oldest first.
    """

    citation: str
    known_at: date | None
    provision: str
    work: str
    numbers: tuple[NumberLine, ...]
    """The numbers that the provision bears, by date."""
    versions: tuple[VersionLine, ...]
    others: tuple[OtherStanding, ...]
    """What else stands, stood or will stand under the number that was cited."""
    source_read: SourceRead | None
    """When the source was last read: ``day``, and ``by``: ``publisher``, the day the source gives,
    or ``record``: it gives none, and this is when it was recorded."""


def law(  # noqa: PLR0913 - everything that fixes an answer, by name
    store: Store,
    citation: str,
    on: date,
    known_at: date | None = None,
    extent: str | None = None,
    jurisdictions: tuple[str, ...] = (),
) -> LawAnswer:
    """Resolve a citation on a date; ``jurisdictions``, if any, are the only ones looked at.

    Raises:
        BadInputError: the corpus does not know the territory or a jurisdiction.
    """
    found = resolve_citation(store, citation, on, known_at, extent, jurisdictions)
    ruling = _ruling(store, found.resolution, Case(as_at=on, known_at=known_at, extent=extent))
    live = ruling is not None and ruling.ships and found.status == "in_force"
    refused = ruling is not None and not ruling.ships
    provision = store.provision(found.provision) if found.provision else None
    borne = number_on(provision, on, known_at) if provision else None
    others = other_numbers(provision, on, known_at) if provision else ()
    return LawAnswer(
        citation=citation,
        on=on,
        known_at=known_at,
        status=_refused(ruling) if ruling and refused else found.status,
        provision=found.provision,
        label=found.label,
        label_from=borne and borne.valid_from,
        numbered=numbered(borne.text, borne.valid_from, others).text if borne else found.label,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        ended=found.ended,
        text=found.text if live else None,
        pinpoint=found.pinpoint.cited if found.pinpoint and live else None,
        quote=_quote(found) if live else None,
        territory=ruling.territory if ruling else None,
        ruling=ruling,
        source=found.source,
        source_read=store.source_read(provision.work_id) if provision else None,
        explanation=ruling.sentence if ruling and refused else found.explanation,
        unread=found.unread,
    )


def _refused(ruling: Ruling) -> Status:
    elsewhere = ruling.kind is RulingKind.OTHER_TERRITORY
    return "other_territory" if elsewhere else "not_applicable"


def _quote(found: CitationAnswer) -> str | None:
    if found.pinpoint is None or found.text is None:
        return None
    return found.text[found.pinpoint.start : found.pinpoint.end]


def _ruling(store: Store, resolution: Resolution | None, case: Case) -> Ruling | None:
    return rule_on(store, resolution, case) if isinstance(resolution, Version) else None


def versions(store: Store, citation: str, on: date, known_at: date | None = None) -> VersionsAnswer:
    """Return the versions of the provision that a citation meant on a date.

    The other provisions that have that number at some time are listed too. If no provision has
    the number on the date, the one that has it nearest in time is meant.

    Raises:
        BadInputError: the citation does not name a single provision.
    """
    found = resolve_citation(store, citation, on, known_at)
    meant = found.provision or found.nearest
    if meant is None:
        raise BadInputError(f"'{citation}' on {on}: {found.explanation}")
    history = store.history(meant)
    if history is None:
        raise BadInputError(f"'{citation}' names {meant}, which the store lacks")
    known = [v for v in history.versions if v.is_known(known_at)]
    provision = history.provision
    return VersionsAnswer(
        citation=citation,
        known_at=known_at,
        provision=provision.id,
        work=provision.work_id,
        numbers=tuple(map(_number_line, numbers_known(provision, known_at))),
        versions=tuple(_lines(provision, known, known_at)),
        others=tuple(_others(store, provision, found, known_at)),
        source_read=store.source_read(provision.work_id),
    )


def _others(
    store: Store, meant: Provision, found: CitationAnswer, known_at: date | None
) -> Iterator[OtherStanding]:
    """Yield the other bearers of the number that was found, with their texts under it."""
    key = found.number_key or ""
    for provision in bearers(store, meant.work_id, key, found.label or ""):
        history = store.history(provision.id)
        if provision.id == meant.id or history is None:
            continue
        known = [v for v in history.versions if v.is_known(known_at) and v.valid_from]
        for number in numbers_known(provision, known_at):
            if label_key(number.text) == key:
                rows = [row for row in known if row.valid.overlaps(number.valid)]
                yield OtherStanding(
                    provision=provision.id,
                    **_number_line(number).model_dump(),
                    versions=tuple(_lines(provision, rows, known_at)),
                )


def _number_line(number: ProvisionNumber) -> NumberLine:
    return NumberLine(number=number.text, valid_from=number.valid_from, valid_to=number.valid_to)


def _lines(
    provision: Provision, known: Iterable[Version], known_at: date | None
) -> Iterator[VersionLine]:
    for row in known:
        label = provision.label_on(row.valid_from, known_at) if row.valid_from else None
        borne = numbers_during(provision, row.valid, known_at) if row.valid_from else ()
        yield VersionLine(
            version=row.id,
            label=label or provision.labels[-1].text,
            numbers=tuple(map(_number_line, borne)),
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
