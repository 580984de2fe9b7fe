"""Which date governs a question. No date, no search: it is given, stated in words, or asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from agent.dates import WrittenDate, find_dates
from agent.trace import Abstention, AbstentionReason, GoverningDate
from corpus.model import Work


def frame_question(
    question: str, works: Iterable[Work], as_at: date | None, known_at: date | None = None
) -> GoverningDate | Abstention:
    """Return the governing date and its ground, or the abstention that asks for one.

    A date that belongs to the title of a work held (``Loi du 5 juillet 1985``) names the work and
    not the day. With ``as_at`` given, dates in the question are left alone.
    """
    if as_at is not None:
        return GoverningDate(as_at=as_at, known_at=known_at, ground="Given with the question.")
    named = {found.day for work in works for found in _title_dates(work)}
    stated = [found for found in find_dates(question) if found.day not in named]
    days = sorted({found.day for found in stated})
    if len(days) == 1:
        ground = f"Taken from the words “{stated[0].words}” in the question."
        return GoverningDate(as_at=days[0], known_at=known_at, ground=ground, assumed=True)
    return Abstention(reason=AbstentionReason.NO_DATE, explanation=_please(days))


def _title_dates(work: Work) -> Iterable[WrittenDate]:
    return (f for words in (work.title, work.citation, *work.aliases) for f in find_dates(words))


def _please(days: list[date]) -> str:
    if not days:
        return "Which day's law is wanted? The law changes, and the question names no full date."
    listed = ", ".join(str(day) for day in days)
    return f"Which day's law is wanted? The question names several dates ({listed})."
