"""Ingest: read a source, check each work, record it in one transaction.

Every work is its own transaction, so a killed run leaves whole works only; run it again and the
works already recorded are recognised by their content and skipped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from corpus.act_report import ActReport, Observation, act_report, left_out
from corpus.errors import Place, SourceError
from corpus.invariants import violations
from corpus.model import Frozen, WorkHistory
from corpus.sources import Source
from corpus.store import Store

Progress = Callable[[int, int | None, str], None]
"""Called after each work with: works done, works in all (or ``None``), the title."""


class IngestReport(Frozen):
    """What an ingest did. ``faults`` are sentences; their works were left as they were.

    ``acts`` says of each act what reading it showed.
    """

    source: str
    works: int
    written: int
    unchanged: int
    provisions: int
    versions: int
    faults: tuple[str, ...]
    seconds: float
    acts: tuple[ActReport, ...] = ()


@runtime_checkable
class Locates(Protocol):
    """A source that can tell where it read a record."""

    def place(self, subject_id: str) -> Place:
        """Return the place of a record of the work last yielded."""
        ...


@runtime_checkable
class Observes(Protocol):
    """A source that notes what it refuses or doubts of each work."""

    def observed(self, work_id: str) -> Observation | None:
        """Return what was noted of the work last yielded."""
        ...


@dataclass
class _Tally:
    written: int = 0
    unchanged: int = 0
    provisions: int = 0
    versions: int = 0
    faults: list[str] = field(default_factory=list)
    acts: list[ActReport] = field(default_factory=list)


def ingest(
    source: Source, store: Store, *, strict: bool = False, progress: Progress | None = None
) -> IngestReport:
    """Record every sound work of ``source``.

    Args:
        source: where to read.
        store: where to record; held by this one writer meanwhile.
        strict: stop at the first fault. Works recorded before it stay.
        progress: told of each work.

    Raises:
        SourceError: ``strict`` and a record is malformed or a work breaks an invariant.
        StoreError: another writer holds the store.
    """
    started = time.perf_counter()
    tally = _Tally()

    def on_fault(error: SourceError) -> None:
        if strict:
            raise error
        tally.faults.append(str(error))
        tally.acts.append(left_out(source.name, error))

    total = source.count()
    with store.writing():
        for done, history in enumerate(source.works(on_fault), start=1):
            fault = _fault(history, source)
            if fault is not None:
                on_fault(fault)
            else:
                _record(history, store, tally)
                seen = source.observed(history.work.id) if isinstance(source, Observes) else None
                tally.acts.append(act_report(source.name, history, seen))
            if progress is not None:
                progress(done, total, history.work.title)
        store.write_reports(source.name, tally.acts)
    return IngestReport(
        source=source.name,
        works=tally.written + tally.unchanged,
        written=tally.written,
        unchanged=tally.unchanged,
        provisions=tally.provisions,
        versions=tally.versions,
        faults=tuple(tally.faults),
        acts=tuple(tally.acts),
        seconds=time.perf_counter() - started,
    )


def _record(history: WorkHistory, store: Store, tally: _Tally) -> None:
    if store.write(history):
        tally.written += 1
    else:
        tally.unchanged += 1
    tally.provisions += len(history.provisions)
    tally.versions += len({version.id for version in history.versions})


def _fault(history: WorkHistory, source: Source) -> SourceError | None:
    """Return the first broken invariant, at the place the source gives, and how many follow."""
    found = violations(history)
    if not found:
        return None
    first = found[0]
    place = source.place(first.subject_id) if isinstance(source, Locates) else Place(source.name)
    more = f" (and {len(found) - 1} more in {history.work.id})" if len(found) > 1 else ""
    return SourceError(place, f"{first}{more}")
