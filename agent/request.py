"""The request, what is missing to answer it, and the asker's reply."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field

from corpus.applicability import Issue, Role
from corpus.model import Frozen
from corpus.wording import DayAt, Wording


class AskRequest(Frozen):
    """A question with its dates, facts and filters.

    ``as_at`` is the governing date, if the asker knows it. Otherwise ``issue`` and ``facts`` (dates
    of the case) determine it, together with the question itself; ``topic`` selects special rules.
    ``candidates`` are set if ``as_at`` is one of several candidate dates, each answered separately.
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
        """Return the request with a reply added."""
        return self.model_copy(
            update={
                "as_at": reply.as_at or self.as_at,
                "issue": reply.issue or self.issue,
                "facts": {**self.facts, **reply.facts},
            }
        )


class MissingDate(Frozen):
    """The governing date is not known yet.

    ``explanation`` asks for what is missing. ``roles`` are the dates of the case that would
    determine it, one of each inner tuple; ``days`` are dates in the question, one of which may be
    meant.
    """

    explanation: str
    explanation_days: tuple[DayAt, ...] = ()
    roles: tuple[tuple[Role, ...], ...] = ()
    days: tuple[date, ...] = ()

    @property
    def wording(self) -> Wording:
        """Return the explanation, with its dates kept as dates."""
        return Wording(text=self.explanation, days=self.explanation_days)


class Reply(Frozen):
    """The asker's reply; an empty one gives up."""

    as_at: date | None = None
    issue: Issue | None = None
    facts: dict[Role, date] = Field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Return whether the reply is empty."""
        return self.as_at is None and self.issue is None and not self.facts
