"""The index of a collection: one row per edition, every value validated.

An error names file, line (or record) and field. A row cannot refer to files outside the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from pydantic import Field, ValidationError

from corpus.errors import Place, SourceError
from corpus.model import Commencement, EndReason, Frozen
from corpus.sources.dated.dated_dialect import FIELDS, Listing, Table
from corpus.sources.dated.tables import Damaged, Record, plausible_day, records
from corpus.sources.overlay import Correction
from corpus.validation import source_error

_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_WORDS = {"unknown": Commencement.UNKNOWN, "to be fixed": Commencement.TO_BE_FIXED}
_YES = frozenset({"1", "true", "yes"})


class Row(Frozen):
    """One edition of one work, from the index, its overlays and its corrections.

    ``commencement`` is ``fixed`` if ``in_force_from`` is a date, and ``None`` if nothing was said.
    ``upstream`` keeps replaced values with the reason.
    """

    place: str
    line: int
    file: str
    work: str
    title: str | None = None
    kind: str | None = None
    jurisdiction: str | None = None
    language: str | None = None
    citation: str | None = None
    aliases: tuple[str, ...] = ()
    adopted: date | None = None
    published: date | None = None
    in_force_from: date | None = None
    commencement: Commencement | None = None
    condition: str | None = None
    in_force_to: date | None = None
    ended: EndReason | None = None
    ended_by: str | None = None
    amended: date | None = None
    amendments: tuple[date, ...] = ()
    observed: date | None = None
    expired: bool = False
    introduced_by: str | None = None
    basis: str | None = None
    note: str | None = None
    url: str | None = None
    upstream: dict[str, str] = Field(default_factory=dict)

    def at(self, field: str | None = None) -> Place:
        """Return the place of a field of this row."""
        return Place(self.place, self.line, field)


class StillbornError(SourceError):
    """An edition that ended on or before the day it begins, so that it was never the law."""

    def __init__(self, place: Place, begins: date) -> None:
        super().__init__(place, f"is not after {begins}: it was never in force")
        self.begins = begins

    def is_replaced(self, others: Iterable[Row]) -> bool:
        """Tell whether another edition states that it is in force on that day."""
        return any(
            other.in_force_from == self.begins
            or (
                other.in_force_from is not None
                and other.in_force_to is not None
                and other.in_force_from < self.begins < other.in_force_to
            )
            for other in others
        )


Values = dict[str, str]


def rows(root: Path, listing: Listing) -> Iterator[Row | tuple[str | None, SourceError]]:
    """Yield every row of the index; for an invalid row, the work it names and the error.

    Raises:
        SourceError: a table is unreadable, or lacks a column that the dialect names.
    """
    overlay = _by_file(root, listing.overlay) if listing.overlay else {}
    told = dict(_corrections(root, listing))
    corrections = [*listing.correction, *told.values()]
    seen = set()
    for place, line, mapped in _listed(root, listing):
        if isinstance(mapped, Damaged):
            yield _work_of(mapped, listing), mapped.fault
            continue
        values, kept = mapped
        settled, reasons = overlay.get(values.get("file", ""), ({}, {}))
        merged, upstream = {**values, **settled}, {**kept, **reasons}
        seen.add(values.get("file"))
        try:
            _correct(merged, upstream, corrections)
            yield _row(Place(place, line), merged, upstream, listing)
        except SourceError as error:
            yield merged.get("work") or None, error
    for line, correction in told.items():
        if correction.file not in seen:
            problem = f"the index does not name '{correction.file}'"
            yield None, SourceError(Place(listing.corrections or "", line, "file"), problem)


def _work_of(damaged: Damaged, listing: Listing) -> str:
    """Return the work of a damaged row, whose history would otherwise lack an edition.

    Raises:
        SourceError: the row does not name its work.
    """
    work = damaged.record.get(listing.index.columns["work"], "").strip()
    if not work:
        raise damaged.fault
    return work


_Mapped = tuple[Values, Values]
"""The fields of a record, and values to store unchanged."""


def _listed(root: Path, listing: Listing) -> Iterator[tuple[str, int, _Mapped | Damaged]]:
    table = listing.index
    for line, record in records(root, table.file):
        if isinstance(record, Damaged):
            yield table.file, line, record
        else:
            yield table.file, line, _mapped(table, record, Place(table.file, line))
    for number, extra in enumerate(listing.edition, start=1):
        yield f"{listing.name} edition", number, (dict(extra), {})


def _mapped(table: Table, record: Record, place: Place) -> _Mapped:
    values: Values = {}
    for field, columns in table.columns.items():
        held = [record[column].strip() for column in columns.split("|") if column in record]
        if held:
            values[field] = next(filter(None, held), "")
        elif field in ("file", "work"):
            raise SourceError(Place(place.file, place.line, columns), "the column is missing")
    kept = {column: record[column].strip() for column in table.keep if record.get(column)}
    return values, kept


def _by_file(root: Path, table: Table) -> dict[str, _Mapped]:
    found: dict[str, _Mapped] = {}
    for line, record in records(root, table.file):
        if isinstance(record, Damaged):
            raise record.fault
        values, kept = _mapped(table, record, Place(table.file, line))
        settled = {k: v or "unknown" for k, v in values.items() if v or k in table.decides}
        found[values["file"]] = ({k: v for k, v in settled.items() if k != "file"}, kept)
    return found


def _corrections(root: Path, listing: Listing) -> Iterator[tuple[int, Correction]]:
    file = listing.corrections
    if file is None or not (root / file).exists():
        return
    for line, record in records(root, file):
        if isinstance(record, Damaged):
            raise record.fault
        try:
            yield line, Correction.model_validate({k: v.strip() for k, v in record.items()})
        except ValidationError as error:
            raise source_error(Place(file, line), error) from None


def _correct(values: Values, upstream: Values, corrections: Sequence[Correction]) -> None:
    """Apply the corrections of a row; replaced values go to ``upstream`` with the reason.

    Raises:
        SourceError: there is no such field, or its value is neither the wrong nor the right one.
    """
    for correction in corrections:
        if correction.file != values.get("file"):
            continue
        if correction.field not in FIELDS:
            raise SourceError(Place(correction.file, field=correction.field), "no such field")
        written = values.get(correction.field, "")
        if written not in (correction.upstream, correction.value):
            problem = f"'{written}' is not what the correction corrects ('{correction.upstream}')"
            raise SourceError(Place(correction.file, field=correction.field), problem)
        values[correction.field] = correction.value
        upstream[correction.field] = correction.upstream
        upstream[f"{correction.field}: reason"] = f"{correction.reason} ({correction.by})"


def _row(place: Place, values: Values, upstream: Values, listing: Listing) -> Row:
    for field in ("file", "work"):
        if not values.get(field):
            raise SourceError(Place(place.file, place.line, field), "is empty")
    begins, commencement = _commencement(place, values, upstream, listing)
    day = _Days(place, values, listing)
    ends = day("in_force_to") or _day_after(day("last_day"))
    ended = _ended(place, values)
    if ends is not None and begins is not None and ends <= begins:
        raise StillbornError(Place(place.file, place.line, "in_force_to"), begins)
    if ended is not None and ends is None:
        raise SourceError(Place(place.file, place.line, "in_force_to"), "is empty, but it ended")
    return Row(
        place=place.file,
        line=place.line or 0,
        file=values["file"],
        work=values["work"],
        title=values.get("title") or None,
        kind=values.get("kind") or None,
        jurisdiction=values.get("jurisdiction") or listing.jurisdiction,
        language=values.get("language") or listing.language,
        citation=values.get("citation") or None,
        aliases=_listed_in(values.get("aliases")),
        adopted=day("adopted"),
        published=day("published"),
        in_force_from=begins,
        commencement=commencement,
        condition=values.get("condition") or None,
        in_force_to=ends,
        ended=ended,
        ended_by=values.get("ended_by") or None,
        amended=day("amended"),
        amendments=tuple(day.of("amendments", d) for d in _listed_in(values.get("amendments"))),
        observed=day("observed"),
        expired=values.get("expired", "").lower() in _YES,
        introduced_by=values.get("introduced_by") or None,
        basis=values.get("basis") or None,
        note=values.get("note") or None,
        url=values.get("url") or None,
        upstream=upstream,
    )


class _Days:
    """The dates of one row; a placeholder counts as no date and is kept in ``upstream``."""

    def __init__(self, place: Place, values: Values, listing: Listing) -> None:
        self._place, self._values, self._listing = place, values, listing

    def __call__(self, field: str) -> date | None:
        written = self._values.get(field, "")
        if not written or written in self._listing.placeholders:
            return None
        return self.of(field, written)

    def of(self, field: str, written: str) -> date:
        place = Place(self._place.file, self._place.line, field)
        match = _DAY.fullmatch(written)
        if match is None:
            raise SourceError(place, f"'{written}' is not a date like 2024-07-01")
        return plausible_day(place, *match.groups())


def _commencement(
    place: Place, values: Values, upstream: Values, listing: Listing
) -> tuple[date | None, Commencement | None]:
    written = values.get("in_force_from", "")
    if written in listing.placeholders and written:
        upstream.setdefault("in_force_from", written)
        upstream.setdefault("in_force_from: reason", "a placeholder for a day to be fixed")
        return None, Commencement.TO_BE_FIXED
    if written.lower() in _WORDS:
        return None, _WORDS[written.lower()]
    day = _Days(place, values, listing)("in_force_from")
    return day, Commencement.FIXED if day else None


def _day_after(last: date | None) -> date | None:
    return last + timedelta(days=1) if last else None


def _ended(place: Place, values: Values) -> EndReason | None:
    written = values.get("ended", "")
    try:
        return EndReason(written) if written else None
    except ValueError:
        known = ", ".join(reason.value for reason in EndReason)
        problem = f"'{written}' is not one of {known}"
        raise SourceError(Place(place.file, place.line, "ended"), problem) from None


def _listed_in(written: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (written or "").split(";") if part.strip())
