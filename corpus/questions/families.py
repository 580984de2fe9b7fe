"""The nine question families made from a provision's history.

Each function takes one provision through time and yields groups of drafts; the drafts of a group
belong together (a pair), others are single. A draft's answer is read from the rows and checked
against :func:`corpus.resolve.resolve` before it becomes a question.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise

from corpus.gate.ruling import Case
from corpus.gate.transition import transition
from corpus.languages.figure_words import FigureKind
from corpus.languages.figures import Figure
from corpus.model import EndReason, Interval, ProvisionHistory, Version
from corpus.questions.figure_changes import changed_figures
from corpus.questions.question import Decline, Family, Span
from corpus.resolve import CoverageGap, NotYetInForce, Repealed, Resolution, explain, resolve

DAY = timedelta(days=1)
LONGEST_TEXT = 1500  # characters; a longer text is not asked for word by word
_FIGURES_PER_CHANGE = 3


@dataclass(frozen=True)
class Draft:
    """A question without its wording. ``kind`` is set if it asks for a figure.

    ``asks`` says what is asked for: a figure, the text, or which version. ``cited`` is the label
    that the question cites, if not ``label``; ``case`` is a wording with the days of a case
    instead of a day, and ``more`` fills further placeholders of the wording.
    """

    family: Family
    asks: str
    as_at: date | None
    label: str
    version: Version | None = None
    span: Span | None = None
    kind: FigureKind | None = None
    known_at: date | None = None
    decline: Decline | None = None
    why: str | None = None
    cited: str | None = None
    case: str | None = None
    more: tuple[tuple[str, str], ...] = ()


Group = tuple[Draft, ...]


@dataclass(frozen=True)
class Gap:
    """A figure to be asked for: its kind, its position, and the words around it."""

    kind: FigureKind
    span: Span


@dataclass(frozen=True)
class VersionStep:
    """Consecutive rows with different text; ``gaps`` are the figures that changed, per side."""

    old: Version
    new: Version
    gaps: tuple[tuple[Gap, Gap], ...]


@dataclass(frozen=True)
class Line:
    """One provision through time, as latest known: its rows in order and the end of the record.

    ``amended`` is the last date on which any provision of the work changed.
    """

    history: ProvisionHistory
    amended: date

    @cached_property
    def rows(self) -> list[Version]:
        """Return the dated rows of the latest knowledge, in order of commencement."""
        rows = [v for v in self.history.versions if v.is_known() and v.valid_from is not None]
        return sorted(rows, key=lambda v: v.valid_from or date.min)

    @cached_property
    def steps(self) -> list[VersionStep]:
        """Return the amendments of the provision's text."""
        return [
            VersionStep(old, new, _changed_gaps(old, new))
            for old, new in pairwise(self.rows)
            if (old.extent, old.language) == (new.extent, new.language) and old.text != new.text
        ]

    def on(self, day: date, known_at: date | None = None) -> Resolution:
        """Resolve the provision on a date."""
        return resolve(self.history, day, known_at)

    def label(self, day: date) -> str:
        """Return the label on a date, or else the nearest one."""
        provision = self.history.provision
        return provision.label_on(day) or provision.labels[-1 if day > self.amended else 0].text

    def day_in(self, row: Version, chance: random.Random) -> date:
        """Choose a date on which a row is in force; an open row ends a year after the record."""
        start = row.valid_from or date.min
        end = row.valid_to or max(self.amended, start) + timedelta(days=365)
        covered = [c.span.intersect(Interval(start=start, end=end)) for c in self.history.coverage]
        span = max((s for s in covered if s), key=_days, default=Interval(start=start, end=end))
        return (span.start or start) + chance.randrange(_days(span)) * DAY


def value_at_date(line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask for a figure that an amendment changed, before and after it."""
    for step in line.steps:
        for gaps in step.gaps:
            for row, gap in zip((step.old, step.new), gaps, strict=True):
                day = line.day_in(row, chance)
                yield (_figure(line, Family.VALUE_AT_DATE, row, day, gap),)


def text_at_date(line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask for the text of a provision that was amended."""
    for row in line.rows if line.steps else ():
        if len(row.text) <= LONGEST_TEXT:
            yield (_text(line, Family.TEXT_AT_DATE, row, line.day_in(row, chance)),)


def which_version(line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask which version was in force, also with an earlier known-at date."""
    for row in line.rows if line.steps else ():
        yield (_which(line, row, line.day_in(row, chance)),)
    for row in line.history.versions:
        if row.valid_from is not None and row.known_to is not None:
            yield from _as_once_known(line, row, chance)


def paired_dates(line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask the same question for a date before and a date after an amendment."""
    for step in line.steps:
        days = (line.day_in(step.old, chance), line.day_in(step.new, chance))
        yield tuple(_either(line, Family.PAIRED_DATES, step, days, chance))


def unamended_control(line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask about a provision that never changed, for a date before its work was last amended."""
    if len(line.rows) != 1 or len(line.rows[0].text) > LONGEST_TEXT:
        return
    row = line.rows[0]
    day = line.day_in(row, chance)
    if day < line.amended and row.valid_to is None:
        yield (_text(line, Family.UNAMENDED_CONTROL, row, day),)


def first_last_day(line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask for the last day of a text and the first day of the next."""
    for step in line.steps:
        border = step.old.valid_to
        if border is not None and border == step.new.valid_from:
            days = (border - DAY, border)
            for draft in _either(line, Family.FIRST_LAST_DAY, step, days, chance):
                yield (draft,)


def not_yet_in_force(line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask for a provision on a date before its commencement."""
    if not line.rows or line.rows[0].valid_from is None:
        return
    start = line.rows[0].valid_from
    enacted = line.rows[0].published
    ahead = (start - enacted).days if enacted and enacted < start else 400
    day = start - chance.randint(1, ahead) * DAY
    outcome = line.on(day)
    if isinstance(outcome, NotYetInForce):
        yield (_declined(line, Family.NOT_YET_IN_FORCE, day, Decline.NOT_YET_IN_FORCE, outcome),)


def repealed(line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask for a provision on a date after its end, or while it was suspended."""
    for row in line.rows:
        if row.valid_to is None or row.ended in (EndReason.SUPERSEDED, EndReason.UNKNOWN):
            continue
        day = row.valid_to + chance.randrange(400) * DAY
        for tried in (day, row.valid_to):
            outcome = line.on(tried)
            if isinstance(outcome, Repealed):
                yield (_declined(line, Family.REPEALED, tried, Decline.REPEALED, outcome),)
                break


def missing(line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask without a date if texts differ, and for dates that the corpus does not cover."""
    if line.steps:
        yield (_undated(line),)
    for gap in _uncovered(line):
        day = gap.start or (gap.end or line.amended) - DAY
        day += chance.randrange(_days(gap)) * DAY
        outcome = line.on(day)
        if isinstance(outcome, CoverageGap):
            yield (_declined(line, Family.MISSING, day, Decline.COVERAGE_GAP, outcome),)


FAMILIES: dict[Family, Callable[[Line, random.Random], Iterator[Group]]] = {
    Family.VALUE_AT_DATE: value_at_date,
    Family.TEXT_AT_DATE: text_at_date,
    Family.WHICH_VERSION: which_version,
    Family.PAIRED_DATES: paired_dates,
    Family.UNAMENDED_CONTROL: unamended_control,
    Family.FIRST_LAST_DAY: first_last_day,
    Family.NOT_YET_IN_FORCE: not_yet_in_force,
    Family.REPEALED: repealed,
    Family.MISSING: missing,
}


def proved(line: Line, draft: Draft) -> bool:
    """Return whether the store's resolution agrees with the draft's answer."""
    if draft.as_at is None:
        return True
    outcome = line.on(draft.as_at, draft.known_at)
    if draft.version is not None:
        same = isinstance(outcome, Version) and outcome.id == draft.version.id
        return same and _applies(draft.version, draft.as_at)
    return not isinstance(outcome, Version) and outcome.status == draft.decline


def _applies(version: Version, day: date) -> bool:
    """Return whether a text in force on a day applies that day, whatever the case."""
    waits = version.applies_from is not None and day < version.applies_from
    return not waits and transition(version.provision_id, Case(as_at=day)) is None


def _changed_gaps(old: Version, new: Version) -> tuple[tuple[Gap, Gap], ...]:
    changes = changed_figures(old.text, new.text, old.language)[:_FIGURES_PER_CHANGE]
    return tuple((_gap(c.before, c.lead, c.tail), _gap(c.after, c.lead, c.tail)) for c in changes)


def _gap(figure: Figure, lead: str, tail: str) -> Gap:
    span = Span(start=figure.start, end=figure.end, text=figure.text, lead=lead, tail=tail)
    return Gap(figure.kind, span)


def _either(
    line: Line, family: Family, step: VersionStep, days: tuple[date, date], chance: random.Random
) -> Iterator[Draft]:
    """Yield a draft that asks for a changed figure if there is one, else for a short text."""
    rows = (step.old, step.new)
    if step.gaps:
        for row, day, gap in zip(rows, days, chance.choice(step.gaps), strict=True):
            yield _figure(line, family, row, day, gap)
    elif max(len(row.text) for row in rows) <= LONGEST_TEXT:
        for row, day in zip(rows, days, strict=True):
            yield _text(line, family, row, day)


def _figure(line: Line, family: Family, row: Version, day: date, gap: Gap) -> Draft:
    return Draft(family, "value", day, line.label(day), row, gap.span, gap.kind)


def _text(line: Line, family: Family, row: Version, day: date) -> Draft:
    span = Span(start=0, end=len(row.text), text=row.text)
    return Draft(family, "text", day, line.label(day), row, span)


def _which(line: Line, row: Version, day: date, known_at: date | None = None) -> Draft:
    label = line.label(day)
    return Draft(Family.WHICH_VERSION, "version", day, label, row, known_at=known_at)


def _as_once_known(line: Line, row: Version, chance: random.Random) -> Iterator[Group]:
    """Yield drafts about a row that later knowledge replaced, on a date whose answer changed."""
    if row.known_to is None:
        return
    days = [line.day_in(row, chance)]
    for other in line.history.versions:
        borders = [day for day in (other.valid_from, other.valid_to) if day is not None]
        days += [day + chance.randrange(60) * DAY for day in borders]
    changed = [day for day in sorted(set(days)) if day in row.valid and not _same(line, day, row)]
    if changed:
        yield (_which(line, row, chance.choice(changed), row.known_to - DAY),)


def _same(line: Line, day: date, row: Version) -> bool:
    found = line.on(day)
    return isinstance(found, Version) and found.id == row.id


def _declined(line: Line, family: Family, day: date, reason: Decline, outcome: Resolution) -> Draft:
    return Draft(family, "text", day, line.label(day), decline=reason, why=explain(outcome))


def _undated(line: Line) -> Draft:
    texts = len({row.text for row in line.rows})
    why = f"The question names no day, and the provision has had {texts} different texts."
    gap = next((step.gaps[0][1] for step in line.steps if step.gaps), None)
    return Draft(
        Family.MISSING,
        "value" if gap else "text",
        None,
        line.label(line.amended),
        span=gap.span if gap else None,
        kind=gap.kind if gap else None,
        decline=Decline.NO_DATE,
        why=why,
    )


def _uncovered(line: Line) -> Iterator[Interval]:
    """Yield the intervals, of a day or more, that the coverage of the work leaves out."""
    spans = sorted(line.history.coverage, key=lambda c: c.covered_from)
    if not spans:
        return
    if not spans[0].from_origin:
        yield Interval(end=spans[0].covered_from)
    for a, b in pairwise(spans):
        if a.covered_to is not None and a.covered_to < b.covered_from:
            yield Interval(start=a.covered_to, end=b.covered_from)
    if spans[-1].covered_to is not None:
        yield Interval(start=spans[-1].covered_to)


def _days(span: Interval) -> int:
    return (span.end - span.start).days if span.start and span.end else 1


def lines(histories: Sequence[ProvisionHistory]) -> Iterator[Line]:
    """Yield a line for each provision of one work that has dated rows."""
    rows = [version for history in histories for version in history.versions]
    days = [day for row in rows for day in (row.valid_from, row.valid_to) if day is not None]
    for history in histories if days else ():
        line = Line(history, max(days))
        if line.rows:
            yield line
