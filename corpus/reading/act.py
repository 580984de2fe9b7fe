"""An act as it stood on a date: every provision in the order of its numbers, with its status.

The store's own order of provisions merges the orders of all states of an act. On one date a
provision that has since moved would stand in its later place, so provisions are ordered by the
numbers that they bear on the date; kinds and letters (``L``, ``R``) keep the store's order.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from corpus.history.placing import divisions_near
from corpus.model import (
    Coverage,
    Frozen,
    Interval,
    Provision,
    ProvisionHistory,
    Version,
    Work,
    WorkHistory,
)
from corpus.number_words import numbers_known
from corpus.provision_numbers import label_key
from corpus.resolve import Ambiguous, NotYetInForce, Repealed, Resolution, covered, resolve

EntryStatus = Literal[
    "in_force", "not_yet_in_force", "repealed", "coverage_gap", "ambiguous", "other_territory"
]


class Entry(Frozen):
    """A provision of an act on a date.

    Attributes:
        provision: id of the provision.
        label: its number on the date; where it bears none, the number nearest in time.
        kind: article, section, regulation, comment, ...
        heading: heading of the text in force; null where it has none.
        status: as in `law`; ``ambiguous`` where texts of several territories are in force.
        valid_from: first date of that text, or of the one to come; null if none.
        valid_to: first date on which it is no longer in force; null if open.
        versions: ids of the texts in force on the date, one for each territory or language.
        divisions: the books, titles and chapters around it on the date, outermost first; where none
            is recorded for the date, those nearest in time.
    """

    provision: str
    label: str
    kind: str
    heading: str | None
    status: EntryStatus
    valid_from: date | None
    valid_to: date | None
    versions: tuple[str, ...]
    divisions: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Return whether a text of it is in force on the date."""
        return bool(self.versions)


class Act(Frozen):
    """An act on a date.

    Attributes:
        work: the act.
        as_at: the date.
        covered: whether the record of the act is complete for the date.
        coverage: the intervals for which it is complete.
        entries: its provisions by number, those without a text in force too.
    """

    work: Work
    as_at: date
    covered: bool
    coverage: tuple[Coverage, ...]
    entries: tuple[Entry, ...]

    @property
    def live(self) -> tuple[Entry, ...]:
        """Return the provisions in force on the date, in printed order."""
        return tuple(entry for entry in self.entries if entry.live)

    def counts(self) -> dict[EntryStatus, int]:
        """Return the number of provisions by status."""
        return dict(Counter(entry.status for entry in self.entries))

    def around(self, provision: str) -> tuple[Entry | None, Entry | None]:
        """Return the nearest provisions in force before and after one, in printed order."""
        places = {entry.provision: place for place, entry in enumerate(self.entries)}
        if provision not in places:
            return None, None
        here = places[provision]
        before = next((e for e in reversed(self.entries[:here]) if e.live), None)
        return before, next((e for e in self.entries[here + 1 :] if e.live), None)


def act_as_at(
    history: WorkHistory, as_at: date, known_at: date | None = None, extent: str | None = None
) -> Act:
    """Return an act as it stood on ``as_at``.

    Args:
        history: the act with all its texts.
        as_at: the date.
        known_at: as published by that day; ``None``: the latest knowledge.
        extent: only texts that hold in this territory; ``None``: in any.
    """
    entries = [
        _entry(one.provision, resolve(one, as_at, known_at, extent=extent), as_at, known_at)
        for one in _histories(history)
    ]
    return Act(
        work=history.work,
        as_at=as_at,
        covered=covered(history.coverage, as_at),
        coverage=history.coverage,
        entries=_by_number(entries, history.work.language),
    )


def _by_number(entries: Sequence[Entry], language: str) -> tuple[Entry, ...]:
    """Return provisions by kind and letters as they first appear, then by their numbers."""
    kinds: dict[tuple[str, str], int] = {}
    places = {}
    for entry in entries:
        key = label_key(entry.label)
        letters = _LETTERS.match(key)
        series = (entry.kind, letters[0] if letters else "")
        first = kinds.setdefault((entry.kind, ""), len(kinds))
        place = first, kinds.setdefault(series, len(kinds)), _numbers(key, entry.label, language)
        places[entry.provision] = place
    return tuple(sorted(entries, key=lambda entry: places[entry.provision]))


_LETTERS = re.compile(r"\D*")
_PART = re.compile(r"\d+|[^\W\d_]+")
_BEFORE = re.compile(r"\d [A-Z]$")


def _numbers(key: str, label: str, language: str) -> list[tuple[float, str]]:
    """Return the numbers of a label for sorting: 16-8-1 after 16-8; in French, L47 A before L47."""
    parts = [(float(part), "") if part.isdigit() else (0.0, part) for part in _PART.findall(key)]
    if language == "fr" and _BEFORE.search(label):
        *most, (_, letter) = parts
        number, _ = most.pop()
        return [*most, (number - 0.5, letter)]
    return parts


def _histories(history: WorkHistory) -> Iterator[ProvisionHistory]:
    """Yield the history of each provision; the texts are sorted by provision once."""
    rows: dict[str, list[Version]] = defaultdict(list)
    for version in history.versions:
        rows[version.provision_id].append(version)
    for provision in history.provisions:
        yield ProvisionHistory(
            provision=provision, versions=tuple(rows[provision.id]), coverage=history.coverage
        )


def _entry(provision: Provision, found: Resolution, as_at: date, known_at: date | None) -> Entry:
    live = _live(found)
    shown = live[0] if live else _other(found)
    return Entry(
        provision=provision.id,
        label=label_near(provision, as_at, known_at),
        kind=provision.kind,
        heading=shown.heading if shown else None,
        status="in_force" if isinstance(found, Version) else found.status,
        valid_from=shown.valid_from if shown else None,
        valid_to=shown.valid_to if shown else None,
        versions=tuple(version.id for version in live),
        divisions=divisions_near(provision, as_at),
    )


def _live(found: Resolution) -> tuple[Version, ...]:
    if isinstance(found, Version):
        return (found,)
    return found.candidates if isinstance(found, Ambiguous) else ()


def _other(found: Resolution) -> Version | None:
    """Return the text that explains why none is in force."""
    if isinstance(found, Repealed):
        return found.last_version
    return found.next_version if isinstance(found, NotYetInForce) else None


def label_near(provision: Provision, day: date, known_at: date | None = None) -> str:
    """Return the number on a day; where there is none, the last before it, else the first after."""
    on_day = provision.label_on(day, known_at)
    if on_day is not None:
        return on_day
    known = numbers_known(provision, known_at) or provision.labels
    before = [number for number in known if number.valid.before(day)]
    return (before[-1] if before else known[0]).text


def gaps(coverage: tuple[Coverage, ...]) -> tuple[Interval, ...]:
    """Return the intervals between the covered ones, in which the law of the act is not known."""
    spans = [each.span for each in sorted(coverage, key=lambda each: each.covered_from)]
    found: list[Interval] = []
    reached = spans[0].end if spans else None
    for span in spans[1:]:
        if reached is None:
            break
        if span.start is not None and span.start > reached:
            found.append(Interval(start=reached, end=span.start))
        reached = None if span.end is None else max(reached, span.end)
    return tuple(found)
