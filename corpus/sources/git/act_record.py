"""Snapshots of one act from its states, with the gaps between them and its end.

Snapshots (copies of the text as it stood on a date) are not reforms. One that equals the previous
state confirms it. One that differs in a few provisions shows that these changed on an unknown date
in between, so their former texts end as ``unknown`` on the first such date. One that differs in
many, after a long silence, proves that reforms are missing: the work has a coverage gap from the
day after the last state. The limits are in the dialect's ``[gap]``. A state with no provision at
all is not reliable, whatever its date: it opens a gap, or is left out at the beginning of the
record. Other implausible states are handled in :mod:`corpus.sources.git.plausible_states`.

An act ends where its last commit deletes the file, or where the dialect says so (``ended_when``,
``dates.ended``); a file that is deleted and comes back leaves a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from corpus.act_report import Observation
from corpus.history.snapshots import Gap, Page, Snapshot
from corpus.model import SourceRef
from corpus.sources.git.commit_snapshots import CommitState, Dated, StateReader
from corpus.sources.git.git_history import Revision
from corpus.sources.git.markdown_dialect import Act, Dialect

_DAY = timedelta(days=1)


@dataclass
class ActRecord:
    """What is gathered of an act while its states pass.

    ``spans`` are the covered days; ``page`` is the text reached and ``reformed`` the one that the
    last reform left, which differ where snapshots found more. ``newest`` is the place in time of
    the latest commit that has the file.
    """

    seen: Observation
    spans: list[tuple[date, date | None]] = field(default_factory=list)
    last: CommitState | None = None
    page: Page = field(default_factory=dict)
    reformed: Page = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    titles: dict[str, None] = field(default_factory=dict)
    origin: date | None = None
    copied: Revision | None = None
    checked: date | None = None
    newest: int = -1

    @property
    def is_open(self) -> bool:
        """Return whether the record is complete at the current state."""
        return bool(self.spans) and self.spans[-1][1] is None

    def interrupt(self, day: date, source: SourceRef) -> Gap:
        """Close the covered span on ``day``; an empty span is dropped."""
        start, _ = self.spans.pop()
        if start < day:
            self.spans.append((start, day))
        return Gap(day, source)


def with_missing(states: Iterator[CommitState], missing: Sequence[date]) -> Iterator[CommitState]:
    """Yield the states, with a doubtful state for each missing date before a later one."""
    doubts = sorted(set(missing))
    last: CommitState | None = None
    for state in states:
        while last is not None and doubts and doubts[0] < state.day:
            yield _doubted(last, doubts.pop(0))
        yield state
        last = state
    if last is not None:
        yield from (_doubted(last, day) for day in doubts)


def _doubted(state: CommitState, day: date) -> CommitState:
    doubt = "a later text has no day of effect"
    return replace(state, day=day, page={}, is_gone=False, last_day=None, doubt=doubt)


def first_day_without(
    found: Sequence[Dated], reader: StateReader, act: Act, dialect: Dialect
) -> date | None:
    """Return the first day without the act, if the latest state or the dialect says one.

    ``date.max`` stands for a day that is not said.
    """
    latest = next((each for each in reversed(found) if each.revision.blob is not None), None)
    if act.ended is not None or latest is None:
        return act.ended
    where = dialect.ended_when
    state = reader.read(latest) if where or dialect.dates.ended else None
    if state is None:
        return None
    if where is None:
        return state.ended
    if where.read(state.revision.trailers, state.fields) is None:
        return None
    return state.ended or (state.last_day + _DAY if state.last_day else date.max)


def stages(
    found: Iterator[CommitState], record: ActRecord, dialect: Dialect, end: date | None
) -> Iterator[Snapshot | Gap]:
    """Yield the snapshots of an act and the gaps between them; collect the rest in ``record``."""
    deletion: CommitState | None = None
    for state in found:
        if end is not None and state.day >= end and record.last is not None:
            yield from _after_end(state, record, end)
            continue
        if end is not None and state.day >= end:
            problem = f"begins on {state.day}, but the act ended on {end}"
            raise state.revision.fault(problem, field="ended")
        if state.is_gone:
            deletion = state
            continue
        if deletion is not None and record.is_open and deletion.day < state.day:
            yield _interrupted_by(deletion, record)
        deletion = None
        _gather(record, state, dialect)
        if state.is_empty:
            if record.is_open:
                yield record.interrupt(state.day, state.source)
            continue
        gap = _gap_before(state, record, dialect)
        if gap is not None and record.last is not None:
            yield record.interrupt(gap, record.last.source)
        yield _stage(state, record, dialect)
    if record.is_open and record.last is not None:
        yield from _ending(record, deletion, end, dialect)


def _after_end(state: CommitState, record: ActRecord, end: date) -> Iterator[Gap]:
    """Yield a gap at the end of an act that has another text on a later date."""
    if state.day > end and record.is_open and not state.is_gone and state.page != record.page:
        problem = f"has another text on {state.day}, but the act ended on {end}"
        record.seen.refuse(state.revision.fault(problem))
        if record.last is not None:
            yield record.interrupt(end, record.last.source)


def _interrupted_by(deletion: CommitState, record: ActRecord) -> Gap:
    problem = f"deletes the file on {deletion.day}, and it comes back"
    record.seen.refuse(deletion.revision.fault(problem))
    return record.interrupt(deletion.day, deletion.source)


def _ending(
    record: ActRecord, deletion: CommitState | None, end: date | None, dialect: Dialect
) -> Iterator[Snapshot | Gap]:
    """Yield the end of an act's record after its last state: a repeal, or a gap."""
    last = record.last
    assert last is not None
    if end is not None and end != date.max:
        yield _repeal(end, last, dialect)
    elif end is not None:
        record.seen.refuse(last.revision.fault("says that the act has ended, but not when"))
        yield record.interrupt(last.day + _DAY, last.source)
    elif deletion is not None:
        yield _deleted(record, last, deletion, dialect)
    elif last.last_day is not None:
        yield record.interrupt(last.last_day + _DAY, last.source)


def _deleted(
    record: ActRecord, last: CommitState, deletion: CommitState, dialect: Dialect
) -> Snapshot | Gap:
    """Return a repeal, or a gap if the file was moved or committed again with an older date."""
    moved = deletion.revision.moved_to
    if moved is not None:
        problem = f"moves the file to {moved}, which is no repeal"
    elif record.newest > deletion.revision.place_in_time:
        problem = f"deletes the file on {deletion.day}, but a later commit has it again"
    elif deletion.is_snapshot:
        return replace(_repeal(deletion.day, deletion, dialect), unsure_since=last.day + _DAY)
    else:
        return _repeal(deletion.day, deletion, dialect)
    record.seen.refuse(deletion.revision.fault(problem))
    return record.interrupt(deletion.day, deletion.source)


def _repeal(day: date, said_by: CommitState, dialect: Dialect) -> Snapshot:
    where = dialect.introduced_by
    revision = said_by.revision
    by = where.read(revision.trailers, said_by.fields) if where and said_by.is_gone else None
    return Snapshot(day=day, page={}, source=said_by.source, introduced_by=by)


def _gap_before(state: CommitState, record: ActRecord, dialect: Dialect) -> date | None:
    """Return the first date that the record lacks before a state, or ``None``."""
    last = record.last
    if last is None or not record.is_open:
        return None
    if last.last_day is not None and last.last_day + _DAY < state.day:
        return last.last_day + _DAY
    silence = (state.day - last.day).days
    if state.is_snapshot and silence >= dialect.gap.silence_days:
        differing = len(_differing(record.page, state.page))
        if differing > dialect.gap.share * len(record.page.keys() | state.page.keys()):
            return last.day + _DAY
    return None


def _stage(state: CommitState, record: ActRecord, dialect: Dialect) -> Snapshot:
    """Return the snapshot of a state and update the record."""
    last, page, unsure, note = record.last, state.page, None, None
    if last is not None and not record.is_open:
        note = f"In force since an unknown day: the record has a gap before {state.day}."
    if not record.is_open:
        record.spans.append((state.day, None))
    elif state.is_snapshot and last is not None and last.day + _DAY < state.day:
        unsure = last.day + _DAY
    if state.is_snapshot:
        record.copied, record.checked = state.revision, state.day
    else:
        page = _brought_up_to_date(state, record)
        record.reformed = state.page
    record.last, record.page = state, page
    where = dialect.introduced_by
    return Snapshot(
        day=state.day,
        page=page,
        source=state.source,
        published=state.published,
        introduced_by=where.read(state.revision.trailers, state.fields) if where else None,
        unsure_since=unsure,
        upstream=state.upstream,
        note=note,
        divisions=state.divisions,
    )


def _brought_up_to_date(state: CommitState, record: ActRecord) -> Page:
    """Return the text of a reform, merged with what snapshots committed later have found.

    A reform dated ahead was written on the text of its commit date; for a provision that a later
    copy shows differently, and that the reform itself does not change, the copy counts.
    """
    copied = record.copied
    if copied is None or copied.place_in_time < state.revision.place_in_time:
        return state.page
    if record.page == record.reformed:
        return state.page
    own = _differing(record.reformed, state.page)
    merged = {
        key: state.page if key in own else record.page for key in {**state.page, **record.page}
    }
    return {key: page[key] for key, page in merged.items() if key in page}


def _differing(one: Page, other: Page) -> set[str]:
    """Return the labels under which two pages differ."""
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def _gather(record: ActRecord, state: CommitState, dialect: Dialect) -> None:
    """Record the frontmatter's data on the act: the latest value of each field, every title."""
    for key in ("title", dialect.short_title):
        if key and state.fields.get(key):
            record.titles[state.fields[key]] = None
    record.newest = max(record.newest, state.revision.place_in_time)
    record.origin = record.origin or state.origin
    record.fields |= {key: value for key, value in state.fields.items() if value}
