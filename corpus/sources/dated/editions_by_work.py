"""Chronicle of a work from its rows and documents: its instruments and editions.

The instruments come from one of three places: the rows with the dated lines of each header
(:func:`by_index`), amending acts in the same collection (:func:`by_amending_acts`), or annals
printed with the text (:func:`by_annals`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

from corpus.errors import Place, SourceError
from corpus.model import Commencement, EndReason, Work
from corpus.sources.dated.amendments import Amendment, ArticleRange, Start, number
from corpus.sources.dated.dated_dialect import Act, Listing, Traced
from corpus.sources.dated.dating import UNRECORDED
from corpus.sources.dated.editions import Chronicle, Edition, Ending
from corpus.sources.dated.items import YEAR, Item, Renumberings, edition_of
from corpus.sources.dated.roc_annals import amendments as read_annals

# By index -----------------------------------------------------------------------------------------


def by_index(work: Work, act: Act, items: Sequence[Item], told: Renumberings) -> Chronicle:
    """Date each edition by its row; instruments in its header without an edition are gaps.

    Raises:
        SourceError: an end is inconsistent, or a work marked as expired has no end.
    """
    ordered = sorted(items, key=lambda item: item.order)
    _check_days(ordered, told)
    instruments: list[Amendment] = []
    editions: list[Edition] = []
    before: Item | None = None
    for item in ordered:
        if before is None or not _same_instrument(before, item):
            instruments += [*_missing(before, item), _own(item)]
        else:
            instruments[-1] = _published_later(instruments[-1], item)
            editions[-1] = _also(editions[-1], item)
        editions.append(edition_of(item, len(instruments), editions, told))
        before = item
    return Chronicle(
        work=work,
        kind=items[0].listing.layout.kind,
        amendments=tuple(instruments),
        editions=tuple(editions),
        origin=_is_original(ordered[0]),
        ending=_ending(act, ordered),
        checked=items[0].listing.checked,
    )


def _check_days(items: Sequence[Item], told: Renumberings) -> None:
    begins = {item.row.in_force_from for item in items}
    for day, moves in told.items():
        if day not in begins:
            place = next(iter(moves.values()))[1]
            raise SourceError(place, f"no edition of the work takes effect on {day}")
    for item in items:
        unknown = item.row.commencement not in (Commencement.FIXED, Commencement.TO_BE_FIXED)
        if unknown and item.published is None:
            problem = "is unknown, and nothing says when the edition was adopted or published"
            raise SourceError(item.row.at("in_force_from"), problem)


def _same_instrument(before: Item, item: Item) -> bool:
    """Return whether two rows list one instrument twice (by adoption and by publication)."""
    begins = item.row.in_force_from
    return begins is not None and begins == before.row.in_force_from


def _published_later(amendment: Amendment, item: Item) -> Amendment:
    days = [day for day in (amendment.published, item.published) if day is not None]
    begins = item.row.in_force_from
    published = max((d for d in days if begins is None or d <= begins), default=None)
    start = amendment.default.model_copy(update={"known": published})
    return amendment.model_copy(update={"published": published, "default": start})


def _also(edition: Edition, item: Item) -> Edition:
    upstream = {**edition.upstream, "also listed as": item.row.file}
    return edition.model_copy(update={"upstream": upstream})


def _missing(before: Item | None, item: Item) -> list[Amendment]:
    """Return the instruments between two editions that have no edition of their own."""
    if before is None or before.adopted is None:
        return []
    header = item.listing.header
    listed = [(day, "") for day in item.row.amendments] or [
        (event.day, event.words)
        for event in item.document.events
        if not (header and header.published and header.published.search(event.words))
    ]
    between = sorted((day, words) for day, words in listed if day > before.adopted)
    return [
        Amendment(instrument=words or None, published=day, default=Start(known=day))
        for day, words in between[:-1]
    ]


def _own(item: Item) -> Amendment:
    row = item.row
    pending = row.commencement is Commencement.TO_BE_FIXED
    said = row.condition or (row.basis if row.in_force_from is None else None)
    condition = said if pending or not said else f"{UNRECORDED}: {said}"
    return Amendment(
        instrument=item.instrument,
        published=item.published,
        default=Start(
            day=row.in_force_from, known=item.published, pending=pending, condition=condition
        ),
    )


def _is_original(item: Item) -> bool:
    """Return whether the first edition is the original act: its header names nothing else."""
    header, events = item.listing.header, item.document.events
    if header is None or header.amends is None:
        return not item.row.amendments
    adopted = item.adopted
    made = [e for e in events if not (header.published and header.published.search(e.words))]
    return (
        adopted is not None
        and bool(events)
        and len(made) <= 1
        and not any(header.amends.search(event.words) for event in events)
        and (adopted - events[0].day).days <= YEAR
    )


def _ending(act: Act, items: Sequence[Item]) -> Ending | None:
    last = items[-1].row
    for row, following in zip((i.row for i in items), [i.row for i in items[1:]], strict=False):
        if row.in_force_to and row.in_force_to != following.in_force_from:
            problem = f"ends on {row.in_force_to}, but the next edition does not begin that day"
            raise SourceError(row.at("in_force_to"), problem)
    if act.ended is not None:
        return Ending(day=act.ended, how=act.how, by=act.by, published=act.published)
    if last.in_force_to is not None:
        how = last.ended or EndReason.REPEALED
        return Ending(day=last.in_force_to, how=how, by=last.ended_by)
    if last.expired:
        raise SourceError(last.at("expired"), "marked as expired, but nothing says since when")
    return None


# By amending acts ---------------------------------------------------------------------------------


def by_amending_acts(
    work: Work, traced: Traced, items: Sequence[Item], amending: Sequence[Item]
) -> Chronicle:
    """Date each article by the last amending act that names it."""
    known = [
        Amendment(
            instrument=instrument.instrument,
            published=instrument.published,
            touched=_spans(instrument.touched) if instrument.touched is not None else None,
            default=Start(day=instrument.in_force_from, known=instrument.published),
        )
        for instrument in traced.instruments
    ]
    known += [_amending(traced, item) for item in amending]
    known.sort(key=lambda amendment: amendment.published or date.min)
    editions: list[Edition] = []
    for item in sorted(items, key=lambda item: item.order):
        through = _through(known, item.adopted)
        editions.append(edition_of(item, through, editions, {}, numbers_stay=True))
    return Chronicle(
        work=work,
        kind=items[0].listing.layout.kind,
        amendments=tuple(known),
        editions=tuple(editions),
        traced=True,
        checked=items[0].listing.checked,
    )


def _amending(traced: Traced, item: Item) -> Amendment:
    prose = traced.quoted.sub("", item.document.body)
    inserted = [
        label
        for match in traced.inserted.finditer(prose)
        for label in traced.reference.findall(match["labels"])
    ]
    touched = traced.reference.findall(traced.anchor.sub("", prose))
    if not touched:
        raise SourceError(item.row.at(), f"'{item.row.file}' names no provision that it amends")
    return Amendment(
        instrument=item.document.title or item.row.work,
        published=item.published,
        touched=_spans(touched),
        inserted=_spans(inserted),
        default=Start(day=item.row.in_force_from, known=item.published),
    )


def _spans(labels: Iterable[str]) -> tuple[ArticleRange, ...]:
    numbers = dict.fromkeys(number(label) for label in labels)
    return tuple(ArticleRange(first=n, last=n) for n in numbers if n)


def _through(known: Sequence[Amendment], day: date | None) -> int:
    return sum(1 for a in known if a.published and day and a.published <= day)


# By annals ----------------------------------------------------------------------------------------


def by_annals(work: Work, items: Sequence[Item]) -> Chronicle:
    """Date each article by the annals printed with the latest text.

    Raises:
        SourceError: there are no annals, they cannot be parsed, or lack a row's amendment.
    """
    listing = items[0].listing
    ordered = sorted(items, key=lambda i: (i.row.amended or date.min, i.row.observed or date.min))
    known = _with_rulings(_annals(listing, ordered[-1]), listing, items[0].row.work)
    editions: list[Edition] = []
    for item in ordered:
        through = _through(known, item.row.amended)
        if through == 0 or known[through - 1].published != item.row.amended:
            problem = f"the annals know no amendment of {item.row.amended}"
            raise SourceError(item.row.at("amended"), problem)
        editions.append(edition_of(item, through, editions, {}, numbers_stay=True))
    return Chronicle(
        work=work,
        kind=listing.layout.kind,
        amendments=known,
        editions=tuple(editions),
        traced=True,
        origin=True,
        in_force_by=listing.undated_before,
        checked=listing.checked or ordered[-1].row.observed,
    )


def _with_rulings(known: Sequence[Amendment], listing: Listing, name: str) -> tuple[Amendment, ...]:
    rulings = [
        Amendment(
            instrument=ruling.by,
            published=ruling.published,
            touched=_spans(ruling.labels),
            default=Start(day=ruling.day, known=ruling.published),
            ends=True,
            gone=ruling.how,
        )
        for ruling in listing.ruling
        if ruling.work == name
    ]
    return tuple(sorted([*known, *rulings], key=lambda a: a.published or date.min))


def _annals(listing: Listing, item: Item) -> tuple[Amendment, ...]:
    text = item.document.annals or ""
    for slip in listing.emendation:
        if slip.work == item.row.work:
            printed = r"\s*".join(re.escape(char) for char in slip.printed)
            text = re.sub(printed, slip.meant, text)
    try:
        return read_annals(text, third_day_since=listing.undated_before or date.min)
    except ValueError as error:
        place = Place(item.row.file, field=listing.layout.annals)
        raise SourceError(place, f"the annals are not readable: {error}") from None
