"""Report of an act after reading: its states and the implausible ones.

A source notes what it refuses or doubts in an :class:`Observation` while it reads; ``ingest`` adds
what the rows themselves show and keeps the result as an :class:`ActReport`.
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
"""Characters from which a provision can be out of proportion."""
TIMES_MEDIAN = 50


class Remark(Frozen):
    """One thing that was refused or doubted, and where it stands in the source."""

    place: str
    problem: str

    def __str__(self) -> str:
        """Return ``place: problem``."""
        return f"{self.place}: {self.problem}"


@dataclass
class Observation:
    """What a source notes of one act while it reads it; ``outside`` is a share from 0 to 1."""

    states: int = 0
    unchanged: int = 0
    of_one_day: int = 0
    before_origin: int = 0
    outside: float = 0.0
    refused: list[Remark] = field(default_factory=list)

    def refuse(self, fault: SourceError) -> None:
        """Note what was refused; the same sentence about the same place once."""
        remark = Remark(place=str(fault.place), problem=fault.problem)
        if remark not in self.refused:
            self.refused.append(remark)

    def note(self, place: Place, problem: str) -> None:
        """Note what was refused, by its place."""
        self.refuse(SourceError(place, problem))


class ActReport(Frozen):
    """What was found of one act; of an act that was left out whole, ``work_id`` may be unknown.

    ``states``: days on which its text begins. ``unchanged``: states that change nothing.
    ``of_one_day``: states that share their day with another. ``before_origin``: states from before
    the act. ``outside``: the largest share of a state's text that is in no provision (0 to 1).
    ``out_of_proportion``: labels of provisions far longer than the others. ``gaps``: spans within
    the record that are not covered. ``undated``: texts without a day of commencement. ``refused``:
    what was left out, each with its place.
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
        """Tell whether a person should look at the act."""
        counted = (self.unchanged, self.of_one_day, self.before_origin, self.gaps, self.undated)
        return bool(any(counted) or self.out_of_proportion or self.refused or self.outside > 0.05)


def act_report(source: str, history: WorkHistory, seen: Observation | None) -> ActReport:
    """Return the report of an act that was read.

    Without an observation the rows alone are counted.
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
    """Return the report of an act, or part of a source, that was left out whole."""
    return ActReport(
        source=source, refused=(Remark(place=str(fault.place), problem=fault.problem),)
    )


def from_rows(history: WorkHistory) -> Observation:
    """Return what the rows themselves show, of a source that states no whole texts."""
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
    """Count the rows that say what the row before them, which they follow, says."""
    ordered = sorted(rows, key=lambda v: (v.extent or "", v.language, v.valid_from or date.min))
    return sum(
        (one.text, one.heading, one.extent, one.language, one.valid_to)
        == (other.text, other.heading, other.extent, other.language, other.valid_from)
        for one, other in pairwise(ordered)
    )


def _out_of_proportion(history: WorkHistory) -> tuple[str, ...]:
    """Return the labels of provisions that are long, and many times as long as the median."""
    longest: dict[str, int] = defaultdict(int)
    for version in history.versions:
        longest[version.provision_id] = max(longest[version.provision_id], len(version.text))
    limit = max(LONG, TIMES_MEDIAN * median(longest.values())) if longest else 0
    return tuple(
        provision.labels[-1].text
        for provision in history.provisions
        if longest[provision.id] > limit
    )
