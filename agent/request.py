"""The request, what is missing to answer it, and the asker's reply."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field

from corpus.applicability import Issue, Role
from corpus.model import Day, Frozen
from corpus.territories import territory_words
from corpus.wording import DayAt, Wording


class AskRequest(Frozen):
    """A question with its dates, facts and filters.

    ``as_at`` is the governing date, if the asker knows it. Otherwise ``issue`` and ``facts`` (dates
    of the case) determine it, together with the question itself; ``topic`` selects special rules.
    ``candidates`` are set if ``as_at`` is one of several candidate dates, each answered separately.
    ``confirmed``: ``as_at`` counts, whatever dates question and facts name.
    """

    question: str
    as_at: Day | None = None
    known_at: Day | None = None
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()
    issue: Issue | None = None
    topic: str | None = None
    facts: dict[Role, date] = Field(default_factory=dict)
    candidates: tuple[date, ...] = ()
    confirmed: bool = False

    def told(self, reply: Reply) -> Self:
        """Return the request with a reply added."""
        return self.model_copy(
            update={
                "as_at": reply.as_at or self.as_at,
                "issue": reply.issue or self.issue,
                "facts": {**self.facts, **reply.facts},
                "extent": reply.extent or self.extent,
                "jurisdictions": reply.jurisdictions or self.jurisdictions,
            }
        )


def follow_up(asked: AskRequest, as_at: date | None, question: str) -> AskRequest:
    """Return the request of a follow-up: another question with the same date, facts and filters.

    A date that the question names is no new governing date: where it differs it is asked about.
    """
    update = {"question": question, "as_at": as_at, "candidates": (), "confirmed": False}
    return asked.model_copy(update=update)


class DayChoice(Frozen):
    """A day that may be meant where days differ, and what choosing it means."""

    day: date
    meaning: str


class PlaceChoice(Frozen):
    """A place whose law may be meant, and which law that is."""

    jurisdiction: str
    extent: str | None = None
    meaning: str

    @property
    def code(self) -> str:
        """How it is written on the command line: ``uk``, or ``uk/S`` for a part."""
        return f"{self.jurisdiction}/{self.extent}" if self.extent else self.jurisdiction

    @property
    def name(self) -> str:
        """How it is called: ``the United Kingdom``, or ``Scotland`` for a part."""
        return territory_words(self.jurisdiction, self.extent)


class ClarifyingQuestion(Frozen):
    """A question to the asker before a search: for the governing date, or the place of the case.

    ``explanation`` is its text. ``roles`` are the dates of the case that would
    determine it, one of each inner tuple; ``days`` are dates in the question, one of which may be
    meant. ``choices`` are set if dates differ: one of them has to be confirmed. ``places`` are set
    if the law of several places would answer. ``where``: the rules lead to different dates in
    different jurisdictions, and none was named.
    """

    explanation: str
    explanation_days: tuple[DayAt, ...] = ()
    roles: tuple[tuple[Role, ...], ...] = ()
    days: tuple[date, ...] = ()
    choices: tuple[DayChoice, ...] = ()
    places: tuple[PlaceChoice, ...] = ()
    where: bool = False

    def answered(self, asked: AskRequest, reply: Reply) -> AskRequest:
        """Return the question with the reply to this; a day chosen among several is confirmed."""
        told = asked.told(reply)
        chosen = bool(self.choices) and reply.as_at is not None
        return told.model_copy(update={"confirmed": True}) if chosen else told

    @property
    def wording(self) -> Wording:
        """Return the explanation, with its dates kept as dates."""
        return Wording(text=self.explanation, days=self.explanation_days)


class Reply(Frozen):
    """The asker's reply; an empty one gives up."""

    as_at: Day | None = None
    issue: Issue | None = None
    facts: dict[Role, date] = Field(default_factory=dict)
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Return whether the reply is empty."""
        days = self.as_at or self.issue or self.facts
        return not (days or self.extent or self.jurisdictions)
