"""Dated states of one act: the text and commencement in each commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import NamedTuple

from corpus.act_report import Observation
from corpus.errors import SourceError
from corpus.history.placing import Divisions
from corpus.history.snapshots import Page
from corpus.invariants import is_placeholder
from corpus.model import SourceRef
from corpus.sources.error_pages import is_error_page
from corpus.sources.git.git_history import GitHistory, Revision
from corpus.sources.git.markdown_dialect import Dialect, Where
from corpus.sources.git.markdown_page import PageReader, PageStats, split_frontmatter

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class CommitState:
    """The content of one commit about an act.

    ``last_day`` is set if the source gives one that is not before ``day``; ``ended`` is the first
    day without the act; ``origin`` is the date on which the act itself took effect; ``upstream``
    keeps dates that could not be used, with the reason. A state with ``is_gone`` deletes the act;
    one with ``doubt`` is not reliable, and the record from its date on is a gap. ``divisions`` are
    those around each label key.
    """

    revision: Revision
    fields: Mapping[str, str]
    page: Page
    day: date
    published: date | None
    last_day: date | None
    ended: date | None
    origin: date | None
    updated: date | None
    is_snapshot: bool
    upstream: Mapping[str, str]
    body: int = 0
    is_gone: bool = False
    doubt: str | None = None
    divisions: Mapping[str, Divisions] = field(default_factory=dict)

    @property
    def source(self) -> SourceRef:
        """Return the commit, and the publisher's page if the frontmatter names it."""
        path, commit = self.revision.path, self.revision.commit
        return SourceRef(file=path, locator=commit, url=self.fields.get("source") or None)

    @property
    def is_empty(self) -> bool:
        """Return whether the page has no provision with text."""
        return not any(unit.text for units in self.page.values() for unit in units)


class Dated(NamedTuple):
    """A revision with its stated date of effect; ``None``: only its publication is known."""

    revision: Revision
    day: date | None


def dated(
    revisions: list[Revision], history: GitHistory, dialect: Dialect, seen: Observation
) -> tuple[list[Dated], list[date]]:
    """Return the states by date, and the dates from which a state is missing.

    States of one date are in order of commit. A state without a usable date was committed between
    two others, so it took effect between their dates: from the day after the earlier one on the
    record is a gap.

    Raises:
        SourceError: no revision says when it took effect, or when it was published.
    """
    drop = dialect.commits.drop
    kept = [each for each in revisions if not (drop and drop.search(each.message))]
    if dialect.dates.effective is None:
        return _by_publication(kept, history, dialect), []
    found: list[Dated] = []
    undated: list[Revision] = []
    faults: list[SourceError] = []
    for revision in kept:
        try:
            found.append(Dated(revision, _effective(revision, history, dialect.dates.effective)))
        except SourceError as fault:
            undated.append(revision)
            faults.append(fault)
    if faults and all(each.revision.blob is None for each in found):
        try:
            by_publication = [] if found else _by_publication(undated, history, dialect)
        except SourceError:
            by_publication = []
        if not by_publication:
            raise faults[0]
        return by_publication, []
    for each in faults:
        seen.refuse(each)
    ordered = sorted(found, key=lambda each: (each.day or date.min, each.revision.place_in_time))
    return ordered, _missing_since(undated, ordered)


def _by_publication(
    revisions: list[Revision], history: GitHistory, dialect: Dialect
) -> list[Dated]:
    """Return the revisions without a date of effect, dated by publication."""
    where, days = dialect.dates.published, []
    for each in revisions:
        if each.blob is None:
            continue
        fields, _ = split_frontmatter(history.text(each), each)
        day = _day(where, each, fields, {})
        if day is None:
            problem = "says neither since when it is the law nor when it was published"
            raise each.fault(problem, field=where.field if where else None)
        days.append((day, each.place_in_time, Dated(each, None)))
    return [found for *_, found in sorted(days, key=lambda item: item[:2])]


def _missing_since(undated: list[Revision], found: list[Dated]) -> list[date]:
    days = {each.revision.place_in_time: each.day for each in found if each.day is not None}
    missing = []
    for revision in undated:
        before = [day for place, day in days.items() if place < revision.place_in_time]
        after = [day for place, day in days.items() if place > revision.place_in_time]
        if before and (not after or min(after) > max(before) + _DAY):
            missing.append(max(before) + _DAY)
    return missing


class StateReader:
    """Reads the states of one act; provisions that two states print alike are one object."""

    def __init__(self, history: GitHistory, dialect: Dialect, seen: Observation) -> None:
        self._history, self._dialect, self._seen = history, dialect, seen
        self._reader = PageReader(dialect.page)

    def read(self, each: Dated) -> CommitState | None:
        """Return the state of a revision; ``None`` for a bill. Without a date, publication counts.

        Raises:
            SourceError: the file or a date in it is malformed.
        """
        revision = each.revision
        if revision.blob is None:
            return self._state(each, {}, {}, 0, None)
        fields, body = split_frontmatter(self._history.text(revision), revision)
        bill = self._dialect.bills
        if bill is not None and (written := bill.read(revision.trailers, fields)):
            self._seen.refuse(revision.fault(f"is a bill ('{written}'), no act", field=bill.field))
            return None
        page, stats = self._reader.read(body)
        if is_error_page(body, len(page)):
            problem = "is an error page, not a text of the law"
            return self._state(each, fields, {}, hash(body), problem)
        self._look_at(revision, stats)
        state = self._state(each, fields, page, hash(body), None)
        return replace(state, divisions=stats.divisions)

    def _look_at(self, revision: Revision, stats: PageStats) -> None:
        seen = self._seen
        if stats.length:
            seen.outside = max(seen.outside, stats.outside / stats.length)
        for label, line in stats.swallowed:
            problem = f"prints '{line}' inside {label}, which is left out: it is not one provision"
            seen.refuse(revision.fault(problem))

    def _state(
        self, each: Dated, fields: Mapping[str, str], page: Page, body: int, doubt: str | None
    ) -> CommitState:
        revision, dates, upstream = each.revision, self._dialect.dates, dict[str, str]()
        snapshot = self._dialect.commits.snapshot
        published = _day(dates.published, revision, fields, upstream)
        day = each.day or published
        assert day is not None
        last_day = _day(dates.last_day, revision, fields, upstream)
        if dates.last_day is not None and last_day is not None and last_day < day:
            reason = f"lies before the first day, {day}"
            _keep(upstream, dates.last_day, str(last_day), reason)
            last_day = None
        if doubt is not None:
            self._seen.refuse(revision.fault(doubt))
        return CommitState(
            revision=revision,
            fields=fields,
            page=page,
            day=day,
            published=published,
            last_day=last_day,
            ended=_day(dates.ended, revision, fields, {}),
            origin=_day(dates.origin, revision, fields, {}),
            updated=_day(dates.updated, revision, fields, {}),
            is_snapshot=bool(snapshot and snapshot.search(revision.message)),
            upstream=upstream,
            body=body,
            is_gone=revision.blob is None,
            doubt=doubt,
        )


def _effective(revision: Revision, history: GitHistory, where: Where) -> date:
    fields: Mapping[str, str] = {}
    if where.frontmatter is not None and revision.blob is not None:
        fields, _ = split_frontmatter(history.text(revision), revision)
    upstream: dict[str, str] = {}
    day = _day(where, revision, fields, upstream)
    if day is None:
        problem = "does not say since when it is the law"
        if upstream:
            problem = f"has the placeholder '{upstream[where.field]}' as the day of effect"
        elif revision.blob is None:
            problem = "deletes the file, and does not say since when it is not the law"
        raise revision.fault(problem, field=where.field)
    return day


def _day(
    where: Where | None, revision: Revision, fields: Mapping[str, str], upstream: dict[str, str]
) -> date | None:
    """Return a date, or ``None`` for a placeholder, which goes to ``upstream`` with the reason."""
    written = where.read(revision.trailers, fields) if where else None
    if where is None or written is None:
        return None
    reason = "a placeholder: the source does not record the day"
    if written in where.unknown:
        _keep(upstream, where, written, reason)
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError as error:
        problem = f"has '{written}', which is not a date (YYYY-MM-DD)"
        raise revision.fault(problem, field=where.field) from error
    if is_placeholder(day):
        _keep(upstream, where, written, reason)
        return None
    return day


def _keep(upstream: dict[str, str], where: Where, written: str, reason: str) -> None:
    upstream |= {where.field: written, f"{where.field}_reason": reason}
