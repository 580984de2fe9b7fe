"""Legislation kept as Markdown in git: one file per act, one commit per state of it.

The commits of a file become the dated states of an act, in the order of the dates that they bear
(commit order is not time order), and :mod:`corpus.history.identity` traces the provisions through
them. Everything that differs between countries is in a
:class:`~corpus.sources.git.markdown_dialect.Dialect`.

:mod:`corpus.sources.git.act_record` makes snapshots, gaps and the end of an act from its states. A
source that knows only the publication of its texts gives texts without commencement, and no
coverage.
"""

from __future__ import annotations

import hashlib
import re
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from corpus.act_report import Observation
from corpus.errors import Place, SourceError
from corpus.history.identity import trace
from corpus.model import Coverage, Work, WorkHistory
from corpus.sources import OnFault
from corpus.sources.git.act_record import ActRecord, first_day_without, stages, with_missing
from corpus.sources.git.commit_snapshots import StateReader, dated
from corpus.sources.git.git_history import GitHistory, Revision, open_history
from corpus.sources.git.markdown_dialect import Act, Dialect, built_in, read_dialect
from corpus.sources.git.plausible_states import plausible
from corpus.sources.git.undated_texts import without_days
from corpus.sources.jsonl import modelling
from corpus.sources.own_process import works_elsewhere
from corpus.sources.time_limit import READING_SECONDS, can_be_stopped, time_limit

_NO_ID = re.compile(r"[\s@#]")


class GitMarkdown:
    """A git bundle or repository, read with a dialect.

    A bundle is unpacked once, when it is first looked into; the copy goes with this object.
    ``reading_seconds`` is the most that one act may take.
    """

    def __init__(
        self, path: Path, dialect: Dialect, *, reading_seconds: float = READING_SECONDS
    ) -> None:
        self._path = path
        self._dialect = dialect
        self._seconds = reading_seconds
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
        """Return the notes on the act last read, if it is this one."""
        return self._seen if self._seen_of == work_id else None

    def works(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        """Yield the acts by path; an act with an unreadable state goes to ``on_fault`` as a whole.

        Raises:
            SourceError: the bundle is damaged or lacks the dialect's branch.
        """
        if not can_be_stopped():
            yield from self._works_elsewhere(on_fault)
            return
        if not self._acts:
            branch, files = self._dialect.branch, self._dialect.files
            problem = f"no file of the branch '{branch}' matches '{files}'"
            on_fault(SourceError(Place(str(self._path)), problem))
        for path, revisions in self._acts.items():
            self._seen = Observation()
            try:
                with time_limit(self._seconds, Place(path)):
                    work = _read(path, revisions, self._history, self._dialect, self._seen)
            except SourceError as error:
                on_fault(error)
            else:
                self._seen_of = work.work.id
                yield work

    def _works_elsewhere(self, on_fault: OnFault) -> Iterator[WorkHistory]:
        again = partial(GitMarkdown, self._path, self._dialect, reading_seconds=self._seconds)
        for work, seen in works_elsewhere(again, str(self._path), on_fault):
            self._seen, self._seen_of = seen or Observation(), work.work.id
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
    """Return the built-in dialect whose files the repository or bundle holds, or ``None``.

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
    record = ActRecord(seen=seen)
    found, missing = dated(revisions, history, dialect, seen)
    reader = StateReader(history, dialect, seen)
    states = with_missing((s for each in found if (s := reader.read(each))), missing)
    has_days = any(each.day is not None for each in found)
    end = first_day_without(found, reader, act, dialect) if has_days else None
    possible = plausible(states, dialect, act.origin, end, seen)
    provisions, versions = trace(
        work_id,
        stages(possible, record, dialect, end),
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


def _work(work_id: str, record: ActRecord, act: Act, dialect: Dialect) -> Work:
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


def _coverage(work_id: str, record: ActRecord, act: Act) -> tuple[Coverage, ...]:
    """Return the covered intervals; the first is from the origin if the record reaches it."""
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
