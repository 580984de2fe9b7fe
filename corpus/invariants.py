"""Invariants of a work, checked before it is stored.

Rows of one provision, extent and language never overlap in valid and known time; a hole in the
timeline has a reason; nothing is outside the coverage of the work; ids resolve; no placeholder date
occurs; every version names its source.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush

from corpus.model import (
    Coverage,
    EndReason,
    Frozen,
    Interval,
    Provision,
    ProvisionNumber,
    Version,
    WorkHistory,
)

PLACEHOLDERS = frozenset(
    {
        *(date(9999, 12, 31), date(2999, 12, 31), date(2222, 2, 22), date(2099, 12, 31)),
        *(date(1000, 1, 1), date(1001, 1, 1), date(1111, 1, 1), date(1111, 11, 11)),
    }
)
"""Dates that publishers write for "never" or "not known"."""

UNKNOWN_PUBLICATION = frozenset({date(1900, 1, 1), date(1970, 1, 1)})
"""Dates written for an unknown publication; as dates of commencement they can be real."""


_HALF = re.compile("[\ud800-\udfff]")


def is_placeholder(day: date) -> bool:
    """Return whether a date is a placeholder for "never" or "not known"."""
    return day in PLACEHOLDERS or not 1000 <= day.year < 2900


class Violation(Frozen):
    """One violated invariant: the rule, the id of the record, and a message."""

    rule: str
    subject_id: str
    message: str

    def __str__(self) -> str:
        """Return ``rule: message``."""
        return f"{self.rule}: {self.message}"


def violations(history: WorkHistory) -> tuple[Violation, ...]:
    """Return the violations of a work, in a stable order; empty if it is valid.

    Takes time proportional to ``n log n`` in the rows of a provision. The rules are ``unknown_id``,
    ``duplicate_id``, ``overlap``, ``unexplained_hole``, ``outside_coverage``, ``sentinel_date``,
    ``missing_source``, ``cycle``, ``label_overlap`` and ``unfit_character``.
    """
    rows = defaultdict(list)
    for version in history.versions:
        rows[version.provision_id].append(version)
    spans = _merged(history.coverage)
    found = [*_identity(history), *_cycles(history.provisions)]
    found += _unfit(history.work.id, *(str(value) for _, value in history.work))
    for coverage in history.coverage:
        found += _sentinels(coverage, coverage.work_id, ("covered_from", "covered_to", "checked"))
    for provision in history.provisions:
        found += _of_labels(provision)
        found += _of_rows(provision.id, rows.get(provision.id, []), spans)
    return tuple(found)


def _unfit(subject_id: str, *texts: str | None) -> Iterator[Violation]:
    """Yield violations for U+0000 and lone surrogates, which databases cannot store."""
    for text in texts:
        if text is not None and "\0" in text:
            yield _violation("unfit_character", subject_id, "holds the character U+0000")
        elif text is not None and not text.isascii() and _HALF.search(text):
            yield _violation("unfit_character", subject_id, "holds half of a surrogate pair")


def _texts(row: Version) -> tuple[str | None, ...]:
    source = row.source
    named = (row.heading, row.condition, row.note, row.extent, row.introduced_by, row.ended_by)
    return (row.text, *named, source.file, source.locator, source.url, *row.upstream.values())


def _of_rows(
    provision_id: str, rows: Sequence[Version], spans: Sequence[Interval]
) -> Iterator[Violation]:
    for row in rows:
        yield from _sentinels(
            row, row.id, ("valid_from", "valid_to", "applies_from", "published"), ("published",)
        )
        yield from _sentinels(row, row.id, ("known_from", "known_to"), ("known_from",))
        yield from _coverage(row, spans)
        yield from _unfit(row.id, *_texts(row))
        if not row.source.file.strip():
            yield _violation("missing_source", row.id, "names no source document")
    yield from _overlaps(rows)
    yield from _double_ids(rows)
    yield from _holes(provision_id, rows)


# Identity -----------------------------------------------------------------------------------------


def _identity(history: WorkHistory) -> Iterator[Violation]:
    work_id = history.work.id
    known = Counter(p.id for p in history.provisions)
    for provision_id, times in known.items():
        if times > 1:
            yield _violation("duplicate_id", provision_id, f"names {times} provisions")
    for provision in history.provisions:
        yield from _provision_ids(provision, work_id, known)
    for version in history.versions:
        if version.provision_id not in known:
            message = f"belongs to {version.provision_id}, which is missing"
            yield _violation("unknown_id", version.id, message)
        elif not version.id.startswith(f"{version.provision_id}@"):
            yield _violation("unknown_id", version.id, f"is not named after {version.provision_id}")
    for coverage in history.coverage:
        if coverage.work_id != work_id:
            yield _violation("unknown_id", coverage.work_id, f"has a coverage within {work_id}")


def _provision_ids(
    provision: Provision, work_id: str, known: Container[str]
) -> Iterator[Violation]:
    if provision.work_id != work_id or not provision.id.startswith(f"{work_id}#"):
        yield _violation("unknown_id", provision.id, f"does not belong to {work_id}")
    for successor in provision.successors:
        if successor.startswith(f"{work_id}#") and successor not in known:
            message = f"names {successor} as successor, which is missing"
            yield _violation("unknown_id", provision.id, message)


def _cycles(provisions: Iterable[Provision]) -> Iterator[Violation]:
    """Yield a violation for the first cycle of successors."""
    try:
        TopologicalSorter({p.id: p.successors for p in provisions}).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        yield _violation("cycle", cycle[0], f"succeeds itself: {' < '.join(cycle)}")


# Dates --------------------------------------------------------------------------------------------


def _sentinels(
    model: Frozen, subject_id: str, fields: Sequence[str], published: Sequence[str] = ()
) -> Iterator[Violation]:
    for field in fields:
        day: date | None = getattr(model, field)
        if day is None:
            continue
        unknown = field in published and day in UNKNOWN_PUBLICATION
        if is_placeholder(day) or unknown:
            yield _violation("sentinel_date", subject_id, f"has the placeholder {day} as {field}")


def _coverage(row: Version, spans: Sequence[Interval]) -> Iterator[Violation]:
    """Check that the row is inside one of the sorted, disjoint and non-adjacent spans."""
    if row.valid_from is None:
        return
    place = bisect_right(spans, row.valid_from, key=lambda span: span.start or date.min) - 1
    span = spans[place] if place >= 0 else None
    if span is None or row.valid_from not in span:
        message = f"is in force from {row.valid_from}, a day the coverage does not hold"
        yield _violation("outside_coverage", row.id, message)
    elif span.end is not None and (row.valid_to is None or row.valid_to > span.end):
        message = f"is in force {row.valid.words()}, but the coverage ends before {span.end}"
        yield _violation("outside_coverage", row.id, message)


def _merged(coverage: Iterable[Coverage]) -> list[Interval]:
    spans: list[Interval] = []
    for span in sorted((c.span for c in coverage), key=lambda s: s.start or date.min):
        last = spans[-1] if spans else None
        if last is None or (
            last.end is not None and span.start is not None and last.end < span.start
        ):
            spans.append(span)
        elif last.end is not None:
            end = None if span.end is None else max(last.end, span.end)
            spans[-1] = Interval(start=last.start, end=end)
    return spans


# Overlaps -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Area:
    """A rectangle of valid and known dates, as ordinals; ``name`` is used in the message."""

    valid: tuple[int, int]
    known: tuple[int, int]
    name: str


def _overlaps(rows: Iterable[Version]) -> Iterator[Violation]:
    groups = defaultdict(list)
    for row in rows:
        if row.valid_from is not None:
            area = _Area(_ordinals(row.valid), _ordinals(row.known), row.id)
            groups[row.extent, row.language].append(area)
    for areas in groups.values():
        for first, second in _clashes(areas):
            message = f"overlaps {first.name} in the days in force and known"
            yield _violation("overlap", second.name, message)


def _double_ids(rows: Iterable[Version]) -> Iterator[Violation]:
    """Check that a version id has at most one row at each known-at date."""
    groups = defaultdict(list)
    for row in rows:
        groups[row.id].append(_Area((0, 1), _ordinals(row.known), row.id))
    for version_id, areas in groups.items():
        if any(True for _ in _clashes(areas)):
            yield _violation("duplicate_id", version_id, "names two rows known at the same time")


def _of_labels(provision: Provision) -> Iterator[Violation]:
    areas = [_Area(_ordinals(lb.valid), _ordinals(lb.known), lb.text) for lb in provision.labels]
    for first, second in _clashes(areas):
        message = f"bears the labels '{first.name}' and '{second.name}' on the same day"
        yield _violation("label_overlap", provision.id, message)
    for label in provision.labels:
        yield from _label_dates(label, provision.id)


def _label_dates(label: ProvisionNumber, provision_id: str) -> Iterator[Violation]:
    fields = ("valid_from", "valid_to", "known_from", "known_to")
    return _sentinels(label, provision_id, fields, ("known_from",))


def _clashes(areas: Iterable[_Area]) -> Iterator[tuple[_Area, _Area]]:
    """Yield pairs of areas that share a date on both clocks; none exactly if no two overlap.

    A sweep over valid time. The areas open at one date have disjoint known times (one that overlaps
    is not added), so a sorted list finds the two neighbours that could overlap.
    """
    active: list[_Area] = []
    endings: list[tuple[int, int, _Area]] = []
    for number, area in enumerate(sorted(areas, key=lambda a: (a.valid, a.known))):
        while endings and endings[0][0] <= area.valid[0]:
            gone = heappop(endings)[2]
            del active[bisect_left(active, gone.known, key=lambda a: a.known)]
        place = bisect_left(active, area.known, key=lambda a: a.known)
        neighbours = active[max(place - 1, 0) : place + 1]
        clash = next((n for n in neighbours if _meet(n.known, area.known)), None)
        if clash is not None:
            yield clash, area
        else:
            active.insert(place, area)
            heappush(endings, (area.valid[1], number, area))


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _ordinals(interval: Interval) -> tuple[int, int]:
    start = 0 if interval.start is None else interval.start.toordinal()
    end = date.max.toordinal() + 1 if interval.end is None else interval.end.toordinal()
    return (start, end)


# Holes --------------------------------------------------------------------------------------------


def _holes(provision_id: str, rows: Sequence[Version]) -> Iterator[Violation]:
    """Check that a superseded row is followed directly by another, whenever that was known."""
    starting = defaultdict(list)
    for row in rows:
        if row.valid_from is not None:
            starting[row.valid_from, row.language].append(row)
    for row in rows:
        if row.ended is not EndReason.SUPERSEDED or row.valid_to is None:
            continue
        heirs = [h for h in starting[row.valid_to, row.language] if _share(h.extent, row.extent)]
        if not _spans_cover([_ordinals(h.known) for h in heirs], _ordinals(row.known)):
            message = f"is superseded on {row.valid_to}, but no text of {provision_id} follows"
            yield _violation("unexplained_hole", row.id, message)


def _share(one: str | None, other: str | None) -> bool:
    """Return whether two extents (``E+W``; ``None``: everywhere) share a territory."""
    if one is None or other is None:
        return True
    return not set(one.split("+")).isdisjoint(other.split("+"))


def _spans_cover(spans: Iterable[tuple[int, int]], wanted: tuple[int, int]) -> bool:
    reached, end = wanted
    for span in sorted(spans):
        if span[0] <= reached < end:
            reached = max(reached, span[1])
    return reached >= end


def _violation(rule: str, subject_id: str, message: str) -> Violation:
    return Violation(rule=rule, subject_id=subject_id, message=f"{subject_id} {message}.")
