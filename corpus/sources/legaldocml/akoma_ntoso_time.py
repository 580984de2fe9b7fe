"""Dates of an Akoma Ntoso file: events, and the intervals formed from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from lxml import etree

from corpus.errors import Place, SourceError
from corpus.invariants import is_placeholder
from corpus.sources.xml.xml_reading import written_day

T = TypeVar("T")
_FORCE = ("geltungszeit", "inforce", "force")
_APPLICATION = ("efficacy", "application", "anwendung")
_ENTRY = ("inkrafttreten", "inforce", "entryintoforce", "commencement")


@dataclass(frozen=True)
class LifecycleEvent:
    """An event on a date; ``day`` is ``None`` for a placeholder."""

    day: date | None
    written: str
    kind: str
    refers: str


@dataclass(frozen=True)
class LifecycleInterval:
    """An interval between events; without ``start`` or ``end`` it is open on that side."""

    start: LifecycleEvent | None
    end: LifecycleEvent | None
    refers: str


class Times:
    """The events and intervals of a document.

    Raises:
        SourceError: a date is invalid, a reference is broken, or an interval has a duration.
    """

    def __init__(self, document: etree._Element, path: Path) -> None:
        self._path = path
        self._events = {
            element.get("eId"): self._event(element) for element in document.iter("{*}eventRef")
        }
        self._groups = {
            group.get("eId"): [self._span(element) for element in group.iter("{*}timeInterval")]
            for group in document.iter("{*}temporalGroup")
        }

    def entry(self) -> LifecycleEvent | None:
        """Return the entry into force of the act as a whole."""
        return next((e for e in self._events.values() if e.refers in _ENTRY), None)

    def in_force(self, element: etree._Element) -> Sequence[LifecycleInterval]:
        """Return the intervals during which an element's text is in force."""
        spans = [span for span in self._of(element) if span.refers not in _APPLICATION]
        stated = [span for span in spans if span.refers in _FORCE]
        return stated or spans

    def applies_from(self, element: etree._Element) -> date | None:
        """Return the first day on which an element's text applies, if stated."""
        spans = (span for span in self._of(element) if span.refers in _APPLICATION)
        days = (span.start.day for span in spans if span.start is not None)
        return min((day for day in days if day is not None), default=None)

    def _of(self, element: etree._Element) -> Iterator[LifecycleInterval]:
        """Yield the intervals of the nearest ``@period``, on the element or an enclosing one."""
        for level in (element, *element.iterancestors()):
            period = level.get("period")
            if period is not None:
                for reference in period.split():
                    yield from self._find(reference, self._groups, level, "period")
                return

    def _event(self, element: etree._Element) -> LifecycleEvent:
        written = element.get("date") or ""
        day = written_day(written, element, "date", self._path)
        return LifecycleEvent(
            None if is_placeholder(day) else day, written, element.get("type") or "", _term(element)
        )

    def _span(self, element: etree._Element) -> LifecycleInterval:
        if element.get("duration") is not None:
            place = Place(str(self._path), element.sourceline, "duration")
            raise SourceError(place, "intervals with a duration are not read, only start and end")
        start, end = (
            self._find(reference, self._events, element, field) if reference else None
            for field in ("start", "end")
            for reference in [element.get(field)]
        )
        return LifecycleInterval(start, end, _term(element))

    def _find(
        self, reference: str, known: Mapping[str | None, T], element: etree._Element, field: str
    ) -> T:
        found = known.get(reference.removeprefix("#"))
        if found is None:
            place = Place(str(self._path), element.sourceline, field)
            raise SourceError(place, f"'{reference}' refers to nothing in the file")
        return found


def _term(element: etree._Element) -> str:
    """Return the target of an element's reference, as a bare lower-case term."""
    return (element.get("refersTo") or "").strip("#").rpartition("/")[2].replace("-", "").lower()
