"""Steps of one provision: its changes, instrument by instrument."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from corpus.sources.dated.amendments import Amendment, Number, Start, number
from corpus.sources.dated.editions import Chronicle, Edition, ProvisionTrace, Unit, fold


@dataclass(frozen=True)
class ProvisionStep:
    """An amendment of one provision. ``unit`` and ``edition`` show its text, if any does.

    ``first`` is the earliest date on which any part can have taken effect, ``whole`` the date on
    which all of it has; ``None`` if unknown.
    """

    amendment: Amendment
    starts: tuple[Start, ...]
    first: date | None
    whole: date | None
    edition: Edition | None = None
    unit: Unit | None = None

    @property
    def known(self) -> date | None:
        """Return since when the commencement is public."""
        days = [s.known for s in self.starts if s.known] + [self.amendment.published]
        return max((day for day in days if day is not None), default=None)

    @property
    def noticed(self) -> date | None:
        """Return since when it is public that something changes on ``first``."""
        days = [s.known for s in self.starts if s.known and s.day == self.first]
        return min(days, default=self.known)

    @property
    def text(self) -> str | None:
        """Return the resulting text: ``None`` if there is none, or it is unknown."""
        return self.unit.text if self.unit else None


def steps_of(chronicle: Chronicle, thread: ProvisionTrace) -> list[ProvisionStep]:
    """Return the steps of a provision, oldest first."""
    steps: list[ProvisionStep] = []
    done = 0
    for turn, (edition, unit) in enumerate(zip(chronicle.editions, thread, strict=True)):
        label = label_at(thread, turn)
        between = chronicle.amendments[done : edition.through]
        touching = [a for a in between if a.touches(number(label))]
        if not steps:
            touching = _beginning(chronicle, touching, number(label))
        new = _between(chronicle, touching, label, (edition, unit))
        last = next((u for u in reversed(thread[:turn]) if u is not None), None)
        if (unit is not None or steps) and not (steps and _unchanged(steps[-1], last, new)):
            steps += new
        done = edition.through
    label = label_at(thread, len(thread) - 1)
    later = [a for a in chronicle.amendments[done:] if a.touches(number(label))]
    return [*steps, *(step_at(chronicle, a, label) for a in later)]


def _between(
    chronicle: Chronicle, touching: list[Amendment], label: str, shown: tuple[Edition, Unit | None]
) -> list[ProvisionStep]:
    """Return the steps between two editions; the last amendment has the text shown."""
    amending = [a for a in touching if not a.ends]
    edition, unit = shown
    new = []
    for amendment in touching:
        if amendment.ends:
            new.append(step_at(chronicle, amendment, label, edition))
        elif amendment is amending[-1]:
            new.append(step_at(chronicle, amendment, label, edition, unit))
        else:
            new.append(step_at(chronicle, amendment, label))
    return new


def _beginning(chronicle: Chronicle, touching: list[Amendment], label: Number) -> list[Amendment]:
    """Leave out amendments before the provision, or the present restatement, existed."""
    if not chronicle.traced:
        return touching[-1:]
    fresh = [n for n, a in enumerate(touching) if a.touched is None or a.inserts(label)]
    return touching[fresh[-1] :] if fresh else touching


def label_at(thread: ProvisionTrace, turn: int) -> str:
    """Return the label at an edition, or else the last one before it, or the first after it."""
    here = [u for u in thread[: turn + 1] if u is not None]
    return here[-1].label if here else next(u.label for u in thread if u is not None)


def step_at(
    chronicle: Chronicle,
    amendment: Amendment,
    label: str,
    edition: Edition | None = None,
    unit: Unit | None = None,
) -> ProvisionStep:
    """Return the step that an instrument is for the provision of that number."""
    paragraphs = _paragraphs(unit.text) if unit and unit.text else 0
    starts = amendment.starts(number(label), paragraphs)
    days = [day_of(chronicle, amendment, start) for start in starts]
    fixed = [day for day in days if day is not None]
    vague = any(start.day is None and not start.pending for start in starts)
    earliest = [amendment.published] if vague and amendment.published else []
    return ProvisionStep(
        amendment=amendment,
        starts=starts,
        first=min([*fixed, *earliest], default=None),
        whole=max(fixed) if len(fixed) == len(days) else None,
        edition=edition,
        unit=unit,
    )


def day_of(chronicle: Chronicle, amendment: Amendment, start: Start) -> date | None:
    """Return the date of a commencement, or a date by which it had happened; ``None`` if open."""
    limit = chronicle.in_force_by
    if start.day is None and not start.pending and limit and amendment.published:
        return limit if amendment.published < limit else None
    return start.day


_LISTED = re.compile(r"[一二三四五六七八九十]+、|[（(]|\d+[.、]")


def _paragraphs(text: str) -> int:
    """Return the number of paragraphs; lines that begin with a list number do not count."""
    return sum(1 for line in text.split("\n") if not _LISTED.match(line))


def _unchanged(before: ProvisionStep, last: Unit | None, new: list[ProvisionStep]) -> bool:
    """Return whether a single step did not change the words, so that its date is irrelevant.

    ``last`` is the provision in the edition before. For a new number an unknown date is relevant.
    """
    if len(new) != 1 or new[0].amendment.ends:
        return False
    (after,) = new
    if before.whole is None and after.whole is not None:
        return False
    one, other = before.unit, after.unit
    if one is None or other is None or last is None:
        return one is None and other is None
    if after.whole is None and last.label != other.label:
        return False
    return fold(one.text or "") == fold(other.text or "") and one.heading == other.heading
