"""Question families that take more than reading one cited provision on one named day.

``case_facts`` gives days of a case instead of a day; the rules of :mod:`corpus.applicability` find
the governing one. ``distractor`` names a second provision. ``two_hop`` and
``commenced_by_reference`` cite a provision whose text names the one that answers: it leaves a
figure to it, or makes it commence. A reference counts if the text in force on the day names exactly
one provision of its own act, in the words of ``refers`` and ``commences`` of ``questions.toml``.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, cached_property

from corpus.applicability import Matter, governing_dates
from corpus.languages.dates import write_date
from corpus.languages.question_wording import CaseWording, question_wording
from corpus.model import Version, Work
from corpus.provision_numbers import label_key
from corpus.questions.families import (
    DAY,
    Draft,
    Gap,
    Group,
    Line,
    not_yet_in_force,
    repealed,
)
from corpus.questions.question import Decline, Family, Span
from corpus.resolve import NotYetInForce, explain
from corpus.rules.day_expressions import Role

_APART = (30, 1500)  # days between two days of a case
_NUMBER = r"(?:[A-Z]\.? ?)?\d[\w.-]*"
_BESIDE = 4  # provisions tried as a distractor


@dataclass(frozen=True)
class Act:
    """A work with its provisions through time, and which of them name which."""

    work: Work
    lines: Sequence[Line]

    @cached_property
    def naming(self) -> Mapping[str, Sequence[Line]]:
        """Return the provisions whose texts name a number of their act, by its key."""
        found: defaultdict[str, list[Line]] = defaultdict(list)
        for line in self.lines:
            texts = (row.text for row in line.rows)
            for key in dict.fromkeys(key for text in texts for key in self.named(text)):
                found[key].append(line)
        return found

    def named(self, text: str) -> list[str]:
        """Return the keys of the numbers of this act that a text names, each once."""
        pattern = _pattern(question_wording(self.work.language).refers)
        return _keys(pattern, text)

    def commenced(self, text: str) -> list[str]:
        """Return the keys of the numbers of this act that a text makes commence."""
        pattern = _pattern(question_wording(self.work.language).commences)
        return _keys(pattern, text)


def case_facts(act: Act, line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask for a changed figure with days of a case, of which the rules choose the governing one."""
    cases = question_wording(act.work.language).cases
    for row, gap in _changed(line) if cases else ():
        case, day = chance.choice(cases), line.day_in(row, chance)
        days = _days_of_case(act.work, case, day, chance)
        if days is not None:
            told = tuple((role, write_date(on, act.work.language)) for role, on in days.items())
            draft = _value(line, Family.CASE_FACTS, row, day, gap)
            yield (replace(draft, case=case.text, more=told),)


def distractor(act: Act, line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask for a changed figure, or for a text on a day without one, beside a second provision.

    The second one was in force on the day.
    """
    if not question_wording(act.work.language).value_beside:
        return
    drafts = [
        _value(line, Family.DISTRACTOR, row, line.day_in(row, chance), gap)
        for row, gap in _changed(line)
    ]
    declined = (*not_yet_in_force(line, chance), *repealed(line, chance))
    drafts += [replace(draft, family=Family.DISTRACTOR) for (draft,) in declined]
    for draft in drafts:
        others = chance.sample(act.lines, min(_BESIDE, len(act.lines)))
        day, own = draft.as_at or date.max, draft.label
        other = next((one for one in others if _bears_another(one, day, own)), None)
        if other is not None:
            more = (("other", other.label(day)),)
            yield (replace(draft, asks=f"{draft.asks}_beside", more=more),)


def two_hop(act: Act, line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask for a changed figure of a provision, citing one that leaves the matter to it."""
    for row, gap in _changed(line):
        day = line.day_in(row, chance)
        cited = _cited(act, line, day, commencing=False)
        if cited is not None:
            draft = _value(line, Family.TWO_HOP, row, day, gap)
            yield (replace(draft, asks="value_through", cited=cited),)


def commenced_by_reference(act: Act, line: Line, chance: random.Random) -> Iterator[Group]:
    """Ask about a provision on days before and after its start, citing what makes it commence."""
    family = Family.COMMENCED_BY_REFERENCE
    for row, gap in _changed(line):
        day = line.day_in(row, chance)
        cited = _cited(act, line, day, commencing=True)
        if cited is not None:
            draft = _value(line, family, row, day, gap)
            yield (replace(draft, asks="value_commenced", cited=cited),)
    start = line.rows[0].valid_from
    day = (start or date.max) - chance.randint(1, 400) * DAY
    outcome, cited = line.on(day), _cited(act, line, day, commencing=True)
    if isinstance(outcome, NotYetInForce) and cited is not None:
        why, reason = explain(outcome), Decline.NOT_YET_IN_FORCE
        label = line.label(day)
        yield (Draft(family, "text_commenced", day, label, decline=reason, why=why, cited=cited),)


HARDER: Mapping[Family, Callable[[Act, Line, random.Random], Iterator[Group]]] = {
    Family.CASE_FACTS: case_facts,
    Family.DISTRACTOR: distractor,
    Family.TWO_HOP: two_hop,
    Family.COMMENCED_BY_REFERENCE: commenced_by_reference,
}


def _changed(line: Line) -> Iterator[tuple[Version, Gap]]:
    """Yield each row with each figure that an amendment changed from or to there."""
    for step in line.steps:
        for old, new in step.gaps:
            yield step.old, old
            yield step.new, new


def _value(line: Line, family: Family, row: Version, day: date, gap: Gap) -> Draft:
    span: Span = gap.span
    return Draft(family, "value", day, line.label(day), row, span, gap.kind)


def _days_of_case(
    work: Work, case: CaseWording, day: date, chance: random.Random
) -> dict[Role, date] | None:
    """Return days for the roles of a case of which the rules choose ``day``; ``None``: none do."""
    for governing in range(len(case.roles)):
        days, on = {case.roles[governing]: day}, day
        for role in reversed(case.roles[:governing]):
            on -= timedelta(days=chance.randint(*_APART))
            days[role] = on
        on = day
        for role in case.roles[governing + 1 :]:
            on += timedelta(days=chance.randint(*_APART))
            days[role] = on
        matter = Matter(jurisdiction=work.jurisdiction, issue=case.issue, dates=days, work=work.id)
        if governing_dates(matter).dates == (day,):
            return days
    return None


def _bears_another(line: Line, day: date, label: str) -> bool:
    """Return whether a provision is in force on a day under another number than ``label``."""
    other = line.history.provision.label_on(day)
    named = other is not None and label_key(other) != label_key(label)
    return named and isinstance(line.on(day), Version)


def _cited(act: Act, line: Line, day: date, *, commencing: bool) -> str | None:
    """Return the label of the first provision whose text on a day names this one alone."""
    key = label_key(line.label(day))
    for other in act.naming.get(key, ()):
        text = other.on(day)
        label = other.history.provision.label_on(day)
        if other is line or label is None or not isinstance(text, Version):
            continue
        starts = act.commenced(text.text)
        if act.named(text.text) == [key] and starts == ([key] if commencing else []):
            return label
    return None


def _keys(pattern: re.Pattern[str] | None, text: str) -> list[str]:
    found = pattern.findall(text) if pattern else ()
    return list(dict.fromkeys(label_key(number) for number in found))


@cache
def _pattern(forms: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return what finds the numbers that a text names in one of these forms; ``None``: no form."""
    if not forms:
        return None
    parts = [form.split("{number}") for form in forms]
    sides = [dict.fromkeys(map(re.escape, side)) for side in zip(*parts, strict=True)]
    heads, tails = map("|".join, sides)
    return re.compile(rf"(?<!\w)(?:{heads})({_NUMBER})(?:{tails})")
