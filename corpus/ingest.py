"""Ingest: read a source, check each work, and store it in one transaction.

Every work has its own transaction, so an interrupted run leaves complete works only. Run it again
to continue; works already stored are recognised by their digest and skipped.
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
"""Called after each work with the number of works done, the total (or ``None``), and the title."""


class IngestReport(Frozen):
    """Result of an ingest. ``faults`` are sentences; the works concerned were not changed.

    Attributes:
        source: name of the source.
        works: works read.
        written: works stored or updated.
        unchanged: works that were already stored.
        provisions: provisions read.
        versions: versions read.
        faults: one sentence per record that was left out.
        seconds: duration of the ingest.
        acts: the report on each act.
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
    """A source that knows where it read a record."""

    def place(self, subject_id: str) -> Place:
        """Return the place of a record of the work last yielded."""
        ...


@runtime_checkable
class Observes(Protocol):
    """A source that records what it refuses or doubts in each work."""

    def observed(self, work_id: str) -> Observation | None:
        """Return the notes on the work last yielded, or ``None``."""
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
    """Store every valid work of ``source``.

    Args:
        source: the source to read.
        store: the store to write; this process is its only writer meanwhile.
        strict: stop at the first error. Works stored before it stay.
        progress: called after each work.

    Raises:
        SourceError: with ``strict``, a record is malformed or a work violates an invariant.
        StoreError: another process writes to the store.
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
    """Return the first violated invariant with its place, and the number of others."""
    found = violations(history)
    if not found:
        return None
    first = found[0]
    place = source.place(first.subject_id) if isinstance(source, Locates) else Place(source.name)
    more = f" (and {len(found) - 1} more in {history.work.id})" if len(found) > 1 else ""
    return SourceError(place, f"{first}{more}")
