"""What is asked, what is missing before it can be answered, and what the asker replies."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field

from corpus.applicability import Issue, Role
from corpus.model import Frozen
from corpus.wording import DayAt, Wording


class AskRequest(Frozen):
    """What is asked, of which law.

    ``as_at`` is the day, where the asker knows it. Else ``issue`` and ``facts`` (the days of the
    case) choose it, with what the question itself says; ``topic`` lets rules for a special subject
    count. ``candidates`` are set where ``as_at`` is
    only one of several days, each asked about apart.
    """

    question: str
    as_at: date | None = None
    known_at: date | None = None
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()
    issue: Issue | None = None
    topic: str | None = None
    facts: dict[Role, date] = Field(default_factory=dict)
    candidates: tuple[date, ...] = ()

    def told(self, reply: Reply) -> Self:
        """Return the same question with what the asker added."""
        return self.model_copy(
            update={
                "as_at": reply.as_at or self.as_at,
                "issue": reply.issue or self.issue,
                "facts": {**self.facts, **reply.facts},
            }
        )


class MissingDate(Frozen):
    """No day governs yet.

    ``explanation`` asks for what is missing. ``roles`` are the days of the case that would settle
    it, one of each inner tuple; ``days`` are days that the question names, one of which may be
    meant.
    """

    explanation: str
    explanation_days: tuple[DayAt, ...] = ()
    roles: tuple[tuple[Role, ...], ...] = ()
    days: tuple[date, ...] = ()

    @property
    def wording(self) -> Wording:
        """The explanation, whose days are dates."""
        return Wording(text=self.explanation, days=self.explanation_days)


class Reply(Frozen):
    """What the asker adds; an empty reply gives the question up."""

    as_at: date | None = None
    issue: Issue | None = None
    facts: dict[Role, date] = Field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Tell whether nothing was added."""
        return self.as_at is None and self.issue is None and not self.facts
