"""The days on which an act changed, with what began, changed and ended on each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from corpus.model import (
    Coverage,
    EndReason,
    Frozen,
    Provision,
    SourceRead,
    Version,
    WorkHistory,
)
from corpus.number_words import numbers_known
from corpus.reading.act import label_near


class ChangeDay(Frozen):
    """A day on which an act changed.

    Attributes:
        day: first date of the new state.
        began: numbers of the provisions that had no text on the day before.
        changed: numbers of those whose text changed.
        ended: numbers of those that are no longer law: repealed, expired, annulled, suspended.
        unrecorded: numbers of those whose record stops, so that what follows is not known.
        renumbered: old and new number of those that moved: ``art. 1382 → art. 1240``.
        instruments: the acts that the source names for it.
    """

    day: date
    began: tuple[str, ...]
    changed: tuple[str, ...]
    ended: tuple[str, ...]
    unrecorded: tuple[str, ...]
    renumbered: tuple[str, ...]
    instruments: tuple[str, ...]


class ActHistory(Frozen):
    """An act through time.

    Attributes:
        work: id of the act.
        title: its title.
        days: the days on which it changed, oldest first.
        coverage: the intervals for which the record is complete.
        source_read: when the source was last read; null if unknown.
    """

    work: str
    title: str
    days: tuple[ChangeDay, ...]
    coverage: tuple[Coverage, ...]
    source_read: SourceRead | None


def act_history(
    history: WorkHistory, read: SourceRead | None, known_at: date | None = None
) -> ActHistory:
    """Return the days on which an act changed, as known at ``known_at`` (``None``: now)."""
    return ActHistory(
        work=history.work.id,
        title=history.work.title,
        days=change_days(history, known_at),
        coverage=history.coverage,
        source_read=read,
    )


def change_days(history: WorkHistory, known_at: date | None = None) -> tuple[ChangeDay, ...]:
    """Return every day on which a text or a number of an act begins or ends, oldest first."""
    series: dict[tuple[str, str, str], list[Version]] = defaultdict(list)
    for row in history.versions:
        if row.is_known(known_at) and row.valid_from is not None:
            series[row.provision_id, row.language, row.extent or ""].append(row)
    provisions = {provision.id: provision for provision in history.provisions}
    found: dict[date, _Day] = defaultdict(_Day)
    for (provision_id, _, _), rows in series.items():
        _add(found, provisions[provision_id], sorted(rows, key=_start), known_at)
    for provision in history.provisions:
        _add_numbers(found, provision, known_at)
    return tuple(found[day].told(day) for day in sorted(found))


_Number = tuple[int, str]
"""A provision's place in print and its number."""


@dataclass
class _Day:
    """What is collected for one day: numbers by the id of the provision."""

    began: dict[str, _Number] = field(default_factory=dict)
    changed: dict[str, _Number] = field(default_factory=dict)
    ended: dict[str, _Number] = field(default_factory=dict)
    unrecorded: dict[str, _Number] = field(default_factory=dict)
    renumbered: dict[str, _Number] = field(default_factory=dict)
    instruments: dict[str, None] = field(default_factory=dict)

    def told(self, day: date) -> ChangeDay:
        """Return it with the numbers in printed order; each provision counts once.

        A provision of which one text ends while another begins (another territory's) has changed.
        """
        over = {**self.ended, **self.unrecorded}
        changed = {**self.changed, **{key: self.began[key] for key in self.began.keys() & over}}
        return ChangeDay(
            day=day,
            began=_labels(self.began, changed),
            changed=_labels(changed),
            ended=_labels(self.ended, changed),
            unrecorded=_labels(self.unrecorded, changed),
            renumbered=_labels(self.renumbered),
            instruments=tuple(self.instruments),
        )


def _add(
    found: dict[date, _Day], provision: Provision, rows: Sequence[Version], known_at: date | None
) -> None:
    """Add the days of one series of texts, in order of their dates."""
    reached: date | None = None
    for place, row in enumerate(rows):
        start = _start(row)
        begins = found[start].changed if reached == start else found[start].began
        begins[provision.id] = provision.order, label_near(provision, start, known_at)
        if row.introduced_by:
            found[start].instruments[row.introduced_by] = None
        reached = row.valid_to
        after = _start(rows[place + 1]) if place + 1 < len(rows) else None
        if reached is not None and after != reached:
            _end(found[reached], provision, row, known_at)


def _end(day: _Day, provision: Provision, row: Version, known_at: date | None) -> None:
    """Add the end of a text that no other follows at once."""
    stops = row.ended in (EndReason.UNKNOWN, EndReason.SUPERSEDED)
    number = provision.order, label_near(provision, _start(row), known_at)
    (day.unrecorded if stops else day.ended)[provision.id] = number
    if row.ended_by:
        day.instruments[row.ended_by] = None


def _add_numbers(found: dict[date, _Day], provision: Provision, known_at: date | None) -> None:
    """Add the days on which a provision got another number."""
    for old, new in pairwise(numbers_known(provision, known_at)):
        if new.valid_from is not None and new.valid_from == old.valid_to:
            moved = provision.order, f"{old.text} → {new.text}"
            found[new.valid_from].renumbered[provision.id] = moved


def _start(row: Version) -> date:
    return row.valid_from or date.min


def _labels(numbers: dict[str, _Number], but: Container[str] = ()) -> tuple[str, ...]:
    return tuple(label for _, label in sorted(n for key, n in numbers.items() if key not in but))
