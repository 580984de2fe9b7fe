"""Facts of the case in a question: dates, their roles, and the legal issue.

They are recognised by the cue words of :mod:`corpus.languages.cues`, so they are assumptions and
are shown as such. Two dates with the same role contradict each other, and neither is used.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

from pydantic import Field

from corpus.applicability import Issue, Role
from corpus.languages.cues import issue_words, law_before_date, role_words
from corpus.languages.dates import WrittenDate, find_dates
from corpus.model import Frozen, Work

_SENTENCE = re.compile(r"[;?!。；？！]|\.\s")
_SPECIAL_FIRST = (Issue.CRIMINAL, Issue.LIMITATION, Issue.PROCEDURE, Issue.TAX, Issue.CIVIL)

ISSUE_OF = {
    Role.CONTRACT: Issue.CIVIL,
    Role.PERFORMANCE: Issue.CIVIL,
    Role.DAMAGE: Issue.CIVIL,
    Role.DEATH: Issue.CIVIL,
    Role.DUE: Issue.LIMITATION,
    Role.FILING: Issue.PROCEDURE,
    Role.STEP: Issue.PROCEDURE,
    Role.CONVICTION: Issue.CRIMINAL,
    Role.PERIOD_START: Issue.CONTINUING,
}
"""The issue that a role implies if the question does not indicate one."""


class Facts(Frozen):
    """What was read: every day named, the roles told apart, and the issue.

    ``contradictory`` are roles that the question gives to several days; none of these is used.
    """

    written: tuple[WrittenDate, ...] = ()
    roles: dict[Role, date] = Field(default_factory=dict)
    contradictory: dict[Role, tuple[date, ...]] = Field(default_factory=dict)
    issue: Issue | None = None

    @property
    def days(self) -> tuple[date, ...]:
        """Return the dates, each once, in order of time."""
        return tuple(sorted({written.day for written in self.written}))


class _Cue(Frozen):
    role: Role
    start: int
    end: int


def read_facts(question: str, works: Iterable[Work]) -> Facts:
    """Return the facts in a question.

    A date that belongs to the title of a work, or follows the word for a law (``loi du 5 juillet
    1985``), names a law and is not a fact of the case.
    """
    written = tuple(found for found in find_dates(question) if not _is_of_law(question, found))
    if written:
        named = {day for work in works for day in _title_days(_written_names(work))}
        written = tuple(found for found in written if found.day not in named)
    told = {issue for issue, words in issue_words().items() if words.search(question)}
    read = _roles(question, written)
    return Facts(
        written=written,
        roles={role: min(days) for role, days in read.items() if len(days) == 1},
        contradictory={role: tuple(sorted(days)) for role, days in read.items() if len(days) > 1},
        issue=next((issue for issue in _SPECIAL_FIRST if issue in told), None),
    )


def _written_names(work: Work) -> tuple[str, ...]:
    return (work.title, work.citation, *work.aliases)


@lru_cache(maxsize=100_000)
def _title_days(names: tuple[str, ...]) -> frozenset[date]:
    """Return the dates in the names of a work; cached."""
    return frozenset(found.day for name in names for found in find_dates(name))


def _roles(question: str, written: Sequence[WrittenDate]) -> dict[Role, set[date]]:
    free = list(_cues(question))
    breaks = [0, *(match.end() for match in _SENTENCE.finditer(question)), len(question)]
    found: dict[Role, set[date]] = {}
    for at, place in enumerate(written):
        before = written[at - 1].end if at else 0
        after = written[at + 1].start if at + 1 < len(written) else len(question)
        start = breaks[bisect_right(breaks, place.start) - 1]
        end = breaks[bisect_left(breaks, place.end)]
        cue = _nearest(free, place, max(start, before), min(end, after))
        if cue is not None:
            free.remove(cue)
            found.setdefault(cue.role, set()).add(place.day)
    return found


def _nearest(cues: Sequence[_Cue], place: WrittenDate, start: int, end: int) -> _Cue | None:
    """Return the last cue before a date, else the first one after it."""
    before = [cue for cue in cues if start <= cue.start and cue.end <= place.start]
    after = [cue for cue in cues if place.end <= cue.start and cue.end <= end]
    return max(before, key=_start, default=None) or min(after, key=_start, default=None)


def _start(cue: _Cue) -> int:
    return cue.start


def _cues(question: str) -> Iterable[_Cue]:
    for role, words in role_words().items():
        for match in words.finditer(question):
            yield _Cue(role=role, start=match.start(), end=match.end())


def _is_of_law(question: str, written: WrittenDate) -> bool:
    """Return whether a date directly follows the word for a law."""
    return law_before_date().search(question, max(0, written.start - 60), written.start) is not None
