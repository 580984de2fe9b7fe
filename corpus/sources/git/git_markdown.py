"""Legislation kept as Markdown in git: one file per act, one commit per state of it.

The commits of a file become the dated states of an act, in the order of the dates that they bear
(commit order is not time order), and :mod:`corpus.history.identity` traces the provisions through
them. Everything that differs between countries is in a
:class:`~corpus.sources.git.markdown_dialect.Dialect`.

Snapshots (copies of the text as it stood on a day) are not reforms. One that equals the state
before it confirms it. One that differs in a few provisions says that these took effect on an
unknown day in between, so their former texts end as ``unknown`` on the first such day. One that
differs in many, after a long silence, proves that reforms are missing: the work has a coverage gap
from the day after the last state. How many and how long is the dialect's ``[gap]``. A state with no
provision at all is not the law either, whatever its date: it too opens a gap, or is left out at the
beginning of the record. What else cannot be true is in :mod:`corpus.sources.git.plausible_states`.

An act ends where its last commit deletes the file, or where the dialect says so (``ended_when``,
``dates.ended``); a file that is deleted and comes back leaves a gap. A source that knows only when
its texts were published gives texts without a day of commencement, and no covered days.
"""

from __future__ import annotations

import hashlib
import re
import weakref
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath

from corpus.act_report import Observation
from corpus.errors import Place, SourceError
from corpus.history.identity import trace
from corpus.history.snapshots import Gap, Page, Snapshot
from corpus.model import Coverage, SourceRef, Work, WorkHistory
from corpus.sources import OnFault
from corpus.sources.git.commit_snapshots import CommitState, Dated, StateReader, dated
from corpus.sources.git.git_history import GitHistory, Revision, open_history
from corpus.sources.git.markdown_dialect import Act, Dialect, built_in, read_dialect
from corpus.sources.git.plausible_states import plausible
from corpus.sources.git.undated_texts import without_days
from corpus.sources.jsonl import modelling
from corpus.sources.time_limit import READING_SECONDS, time_limit

_DAY = timedelta(days=1)
_NO_ID = re.compile(r"[\s@#]")


class GitMarkdown:
    """A git bundle or repository, read in a dialect.

    A bundle is unpacked once, when it is first looked into; the copy goes with this object.
    """

    def __init__(self, path: Path, dialect: Dialect) -> None:
        self._path = path
        self._dialect = dialect
        self._seen, self._seen_of = Observation(), ""

    @property
    def name(self) -> str:
        """The file's or folder's name."""
        return self._path.name

    def fingerprint(self) -> str:
        """Return a hash of the branch's last commit, which names every byte, and of the dialect."""
        state = f"{self._history.tip} {self._dialect.model_dump_json()}"
        return hashlib.sha256(state.encode()).hexdigest()

    def count(self) -> int | None:
        """Return the number of acts."""
        return len(self._acts)

    def observed(self, work_id: str) -> Observation | None:
        """Return what was noted of the act last read, if it is this one."""
        return self._seen if self._seen_of == work_id else None

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        """Yield the acts by path; an act with an unreadable state goes to ``on_fault`` whole.

        Raises:
            SourceError: the bundle is damaged or has not the dialect's branch.
        """
        if not self._acts:
            branch, files = self._dialect.branch, self._dialect.files
            problem = f"no file of the branch '{branch}' matches '{files}'"
            on_fault(SourceError(Place(str(self._path)), problem))
        for path, revisions in self._acts.items():
            self._seen = Observation()
            try:
                with time_limit(READING_SECONDS, Place(path)):
                    work = _read(path, revisions, self._history, self._dialect, self._seen)
            except SourceError as error:
                on_fault(error)
            else:
                self._seen_of = work.work.id
                yield work

    @cached_property
    def _history(self) -> GitHistory:
        opened = ExitStack()
        weakref.finalize(self, opened.close)
        return opened.enter_context(open_history(self._path, self._dialect.branch))

    @cached_property
    def _acts(self) -> dict[str, list[Revision]]:
        return self._history.revisions(self._dialect.files)


def detect_dialect(path: Path) -> Dialect | None:
    """Return the built-in dialect whose files the repository or bundle holds, if there is one.

    Raises:
        SourceError: the path is neither, or it is damaged.
    """
    dialects = [read_dialect(name) for name in built_in()]
    for branch in dict.fromkeys(dialect.branch for dialect in dialects):
        with open_history(path, branch) as history:
            for dialect in dialects:
                if dialect.branch == branch and history.holds(dialect.files):
                    return dialect
    return None


# Acts: what the states say together ---------------------------------------------------------------


@dataclass
class _Record:
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
        """Tell whether the record is complete at the moment."""
        return bool(self.spans) and self.spans[-1][1] is None

    def interrupt(self, day: date, source: SourceRef) -> Gap:
        """Close the covered span on ``day``; one that held no day is none."""
        start, _ = self.spans.pop()
        if start < day:
            self.spans.append((start, day))
        return Gap(day, source)


def _read(
    path: str,
    revisions: list[Revision],
    history: GitHistory,
    dialect: Dialect,
    seen: Observation,
) -> WorkHistory:
    local_id = PurePosixPath(path).stem
    if _NO_ID.search(local_id):
        raise SourceError(
            Place(path), "the file's name cannot be an id: it has white space, @ or #"
        )
    work_id = f"{dialect.jurisdiction}/{local_id}"
    act = dialect.acts.get(local_id, Act())
    record = _Record(seen=seen)
    found, missing = dated(revisions, history, dialect, seen)
    reader = StateReader(history, dialect, seen)
    states = _with_missing((s for each in found if (s := reader.read(each))), missing)
    has_days = any(each.day is not None for each in found)
    end = _end(found, reader, act, dialect) if has_days else None
    possible = plausible(states, dialect, act.origin, end, seen)
    provisions, versions = trace(
        work_id,
        _stages(possible, record, dialect, end),
        language=dialect.language,
        kind=dialect.page.kind,
        shortest=dialect.renumbering_length,
    )
    if record.last is None:
        problem = "no commit of this file has the text of a provision"
        raise SourceError(Place(path), str(seen.refused[0].problem) if seen.refused else problem)
    with modelling(Path(path)):
        history_of_act = WorkHistory(
            work=_work(work_id, record, act, dialect),
            provisions=provisions,
            versions=versions,
            coverage=_coverage(work_id, record, act),
        )
    return history_of_act if has_days else without_days(history_of_act)


def _with_missing(states: Iterator[CommitState], missing: Sequence[date]) -> Iterator[CommitState]:
    """Yield the states, and before the next one of a later day each doubt about missing ones."""
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


def _end(found: Sequence[Dated], reader: StateReader, act: Act, dialect: Dialect) -> date | None:
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


def _stages(
    found: Iterator[CommitState], record: _Record, dialect: Dialect, end: date | None
) -> Iterator[Snapshot | Gap]:
    """Yield the stages of an act and the gaps between them, and gather the rest in ``record``."""
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


def _after_end(state: CommitState, record: _Record, end: date) -> Iterator[Gap]:
    """Doubt the end of an act that has another text on a day after it."""
    if state.day > end and record.is_open and not state.is_gone and state.page != record.page:
        problem = f"has another text on {state.day}, but the act ended on {end}"
        record.seen.refuse(state.revision.fault(problem))
        if record.last is not None:
            yield record.interrupt(end, record.last.source)


def _interrupted_by(deletion: CommitState, record: _Record) -> Gap:
    problem = f"deletes the file on {deletion.day}, and it comes back"
    record.seen.refuse(deletion.revision.fault(problem))
    return record.interrupt(deletion.day, deletion.source)


def _ending(
    record: _Record, deletion: CommitState | None, end: date | None, dialect: Dialect
) -> Iterator[Snapshot | Gap]:
    """Yield how the record of an act stops, after its last state: repealed, or not known."""
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
    record: _Record, last: CommitState, deletion: CommitState, dialect: Dialect
) -> Snapshot | Gap:
    """Return a repeal; a gap where the file has moved, or was committed again with an older day."""
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


def _gap_before(state: CommitState, record: _Record, dialect: Dialect) -> date | None:
    """Return the first day that the record does not hold before a state, if there is one."""
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


def _stage(state: CommitState, record: _Record, dialect: Dialect) -> Snapshot:
    """Return the stage of a state and let the record reach it."""
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
    )


def _brought_up_to_date(state: CommitState, record: _Record) -> Page:
    """Return the text of a reform, with what snapshots committed after it have found meanwhile.

    A reform dated ahead is written upon the text of the day it was written; of a provision that a
    later copy shows otherwise, and that the reform itself leaves alone, the copy is right.
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
    """Return the labels under which two pages print something different."""
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def _gather(record: _Record, state: CommitState, dialect: Dialect) -> None:
    """Note what the frontmatter says of the act: the latest value of each field, every title."""
    for key in ("title", dialect.short_title):
        if key and state.fields.get(key):
            record.titles[state.fields[key]] = None
    record.newest = max(record.newest, state.revision.place_in_time)
    record.origin = record.origin or state.origin
    record.fields |= {key: value for key, value in state.fields.items() if value}


def _work(work_id: str, record: _Record, act: Act, dialect: Dialect) -> Work:
    title = record.fields.get("title", work_id)
    cited = record.fields.get(dialect.citation or "")
    kind = record.fields.get("rank", "act")
    names = dict.fromkeys((*act.aliases, *(name for name in record.titles if name != title)))
    return Work(
        id=work_id,
        jurisdiction=dialect.jurisdiction,
        language=dialect.language,
        kind=dialect.kinds.get(kind, kind),
        title=title,
        aliases=tuple(names),
        citation=f"{title} ({cited})" if cited else title,
        source=dialect.source,
        licence=dialect.licence,
        note=dialect.note,
    )


def _coverage(work_id: str, record: _Record, act: Act) -> tuple[Coverage, ...]:
    """Return the covered spans; the first is from the origin where the record reaches it."""
    origin = act.origin or record.origin
    last = len(record.spans) - 1
    return tuple(
        Coverage(
            work_id=work_id,
            covered_from=start,
            covered_to=end,
            from_origin=number == 0 and origin is not None and start <= origin,
            checked=record.checked if number == last else None,
            note=f"The record stops before {end}." if end else None,
        )
        for number, (start, end) in enumerate(record.spans)
    )
