"""What a question says of its case: the days it names, what each is to the case, and the issue.

Read by the words in ``cues.toml``, so what is read is an assumption and is shown as one. Two days
that play the same part contradict each other, and neither is used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from importlib.resources import files

from pydantic import Field

from agent.dates import WrittenDate, find_dates
from corpus.applicability import Issue, Role
from corpus.model import Frozen, Work

_SENTENCE = re.compile(r"[;?!。；？！]|\.\s")
_CHINESE = "\u3400"

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
"""The issue that a day of the case speaks for where nothing else tells it."""


class Facts(Frozen):
    """What was read: every day named, the roles told apart, and the issue."""

    written: tuple[WrittenDate, ...] = ()
    roles: dict[Role, date] = Field(default_factory=dict)
    issue: Issue | None = None

    @property
    def days(self) -> tuple[date, ...]:
        """Return the days named, each once, in order of time."""
        return tuple(sorted({written.day for written in self.written}))


class _Cue(Frozen):
    name: str
    start: int
    end: int


def read_facts(question: str, works: Iterable[Work]) -> Facts:
    """Read what a question says.

    A date that belongs to the title of a work held (``Loi du 5 juillet 1985``) names the work and
    is no fact of the case.
    """
    named = {found.day for work in works for found in _title_dates(work)}
    written = tuple(found for found in find_dates(question) if found.day not in named)
    issues = {cue.name for cue in _cues("issues", question)}
    return Facts(
        written=written,
        roles=_roles(question, written),
        issue=next((Issue(name) for name in _words()["issues"] if name in issues), None),
    )


def _title_dates(work: Work) -> Iterable[WrittenDate]:
    return (f for words in (work.title, work.citation, *work.aliases) for f in find_dates(words))


def _roles(question: str, written: Sequence[WrittenDate]) -> dict[Role, date]:
    free = list(_cues("roles", question))
    found: dict[Role, set[date]] = {}
    for at, place in enumerate(written):
        before = written[at - 1].end if at else 0
        after = written[at + 1].start if at + 1 < len(written) else len(question)
        start, end = _sentence(question, place)
        cue = _nearest(free, place, max(start, before), min(end, after))
        if cue is not None:
            free.remove(cue)
            found.setdefault(Role(cue.name), set()).add(place.day)
    return {role: days.pop() for role, days in found.items() if len(days) == 1}


def _nearest(cues: Sequence[_Cue], place: WrittenDate, start: int, end: int) -> _Cue | None:
    """Return the last cue before a date, else the first one after it."""
    before = [cue for cue in cues if start <= cue.start and cue.end <= place.start]
    after = [cue for cue in cues if place.end <= cue.start and cue.end <= end]
    return max(before, key=_start, default=None) or min(after, key=_start, default=None)


def _start(cue: _Cue) -> int:
    return cue.start


def _sentence(question: str, place: WrittenDate) -> tuple[int, int]:
    """Return where the sentence that holds a date begins and ends."""
    breaks = [match.end() for match in _SENTENCE.finditer(question)]
    start = max((at for at in breaks if at <= place.start), default=0)
    return start, min((at for at in breaks if at > place.end), default=len(question))


def _cues(kind: str, question: str) -> Iterable[_Cue]:
    for name, words in _words()[kind].items():
        for match in words.finditer(question):
            yield _Cue(name=name, start=match.start(), end=match.end())


@cache
def _words() -> dict[str, dict[str, re.Pattern[str]]]:
    """Return a pattern per role and per issue."""
    told = tomllib.loads((files("agent") / "cues.toml").read_text(encoding="utf-8"))
    return {
        kind: {name: _pattern(words) for name, words in lists.items()}
        for kind, lists in told.items()
    }


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    parts = (
        re.escape(word) if word >= _CHINESE else rf"(?<!\w){re.escape(word)}" for word in words
    )
    return re.compile("|".join(parts), re.IGNORECASE)
