"""Report on each act after reading its source: states, gaps and refused records.

A source records what it refuses or doubts in an :class:`Observation` while it reads; ``ingest``
adds what the rows themselves show and stores the result as an :class:`ActReport`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from statistics import median

from corpus.errors import Place, SourceError
from corpus.model import Frozen, Version, WorkHistory

LONG = 20_000
"""Least number of characters of a provision that can be reported as disproportionately long."""
TIMES_MEDIAN = 50


class Remark(Frozen):
    """A refused or doubtful record, and its place in the source."""

    place: str
    problem: str

    def __str__(self) -> str:
        """Return ``place: problem``."""
        return f"{self.place}: {self.problem}"


@dataclass
class Observation:
    """Notes of a source on one act while it is read; ``outside`` is a share from 0 to 1."""

    states: int = 0
    unchanged: int = 0
    of_one_day: int = 0
    before_origin: int = 0
    outside: float = 0.0
    refused: list[Remark] = field(default_factory=list)

    def refuse(self, fault: SourceError) -> None:
        """Record a refused record; a message about the same place is kept once."""
        remark = Remark(place=str(fault.place), problem=fault.problem)
        if remark not in self.refused:
            self.refused.append(remark)

    def note(self, place: Place, problem: str) -> None:
        """Record a refused or doubtful place."""
        self.refuse(SourceError(place, problem))


class ActReport(Frozen):
    """Findings on one act; ``work_id`` is ``None`` for an act left out as a whole.

    Attributes:
        source: name of the source.
        work_id: id of the work; null for an act left out as a whole.
        title: title of the work.
        states: number of dates on which its text begins.
        unchanged: states that change nothing.
        of_one_day: states that share their date with another.
        before_origin: states from before the act.
        outside: largest share of a state's text that is in no provision, 0 to 1.
        out_of_proportion: labels of provisions far longer than the others.
        gaps: intervals within the record that are not covered.
        undated: texts without a commencement.
        refused: records left out, each with its place.
    """

    source: str
    work_id: str | None = None
    title: str = ""
    states: int = 0
    unchanged: int = 0
    of_one_day: int = 0
    before_origin: int = 0
    outside: float = 0.0
    out_of_proportion: tuple[str, ...] = ()
    gaps: int = 0
    undated: int = 0
    refused: tuple[Remark, ...] = ()

    @property
    def is_remarkable(self) -> bool:
        """Return whether a person should check the act."""
        counted = (self.unchanged, self.of_one_day, self.before_origin, self.gaps, self.undated)
        return bool(any(counted) or self.out_of_proportion or self.refused or self.outside > 0.05)


REPORT_COLUMNS = (
    *("act", "states", "unchanged", "same day", "before act", "outside", "too long", "gaps"),
    *("undated", "refused"),
)
"""Headings of the table of reports, for the command line and the page."""


def report_cells(act: ActReport) -> tuple[str, ...]:
    """Return the cells of one report, one for each of ``REPORT_COLUMNS``."""
    return (
        act.work_id or act.source,
        *(str(n) for n in (act.states, act.unchanged, act.of_one_day, act.before_origin)),
        f"{act.outside:.0%}",
        ", ".join(act.out_of_proportion[:3]),
        *(str(n) for n in (act.gaps, act.undated, len(act.refused))),
    )


def act_report(source: str, history: WorkHistory, seen: Observation | None) -> ActReport:
    """Return the report on an act that was read.

    Without an observation only the rows are counted.
    """
    noted = seen or from_rows(history)
    return ActReport(
        source=source,
        work_id=history.work.id,
        title=history.work.title,
        states=noted.states,
        unchanged=noted.unchanged,
        of_one_day=noted.of_one_day,
        before_origin=noted.before_origin,
        outside=round(noted.outside, 4),
        out_of_proportion=_out_of_proportion(history),
        gaps=max(len(history.coverage) - 1, 0),
        undated=sum(1 for v in history.versions if v.valid_from is None and v.known_to is None),
        refused=tuple(noted.refused),
    )


def left_out(source: str, fault: SourceError) -> ActReport:
    """Return the report on an act, or part of a source, that was left out as a whole."""
    return ActReport(
        source=source, refused=(Remark(place=str(fault.place), problem=fault.problem),)
    )


def from_rows(history: WorkHistory) -> Observation:
    """Return what the rows show, for a source that does not publish whole snapshots."""
    origin = next((c.covered_from for c in history.coverage if c.from_origin), None)
    days = {v.valid_from for v in history.versions if v.valid_from is not None}
    rows: dict[str, list[Version]] = defaultdict(list)
    for version in history.versions:
        if version.valid_from is not None and version.known_to is None:
            rows[version.provision_id].append(version)
    return Observation(
        states=len(days),
        unchanged=sum(_repeats(own) for own in rows.values()),
        before_origin=sum(1 for day in days if origin is not None and day < origin),
    )


def _repeats(rows: list[Version]) -> int:
    """Return the number of rows that repeat the text of the row before."""
    ordered = sorted(rows, key=lambda v: (v.extent or "", v.language, v.valid_from or date.min))
    return sum(
        (one.text, one.heading, one.extent, one.language, one.valid_to)
        == (other.text, other.heading, other.extent, other.language, other.valid_from)
        for one, other in pairwise(ordered)
    )


def _out_of_proportion(history: WorkHistory) -> tuple[str, ...]:
    """Return the labels of provisions that are long, and much longer than the median."""
    longest: dict[str, int] = defaultdict(int)
    for version in history.versions:
        longest[version.provision_id] = max(longest[version.provision_id], len(version.text))
    limit = max(LONG, TIMES_MEDIAN * median(longest.values())) if longest else 0
    return tuple(
        provision.labels[-1].text
        for provision in history.provisions
        if longest[provision.id] > limit
    )
