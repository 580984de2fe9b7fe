"""Input and output of the gate: a case, and a ruling on one version."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Self

from pydantic import Field

from corpus.model import Frozen
from corpus.rules import Issue
from corpus.rules.day_expressions import Role
from corpus.wording import DayAt, Wording, wording


class RulingKind(StrEnum):
    """Whether a version applies to a case."""

    APPLIES = "applies"
    NOT_YET = "not_yet_applicable"
    OTHER_TERRITORY = "other_territory"
    SUPERSEDED = "superseded"  # by a transitional rule, or by an intermediate law
    UNKNOWN = "unknown"


_UNVERIFIED = " This rule is not verified: it was not compared with the official text."

KIND_WORDS = {
    RulingKind.APPLIES: "Applies",
    RulingKind.NOT_YET: "Does not apply yet",
    RulingKind.OTHER_TERRITORY: "Law of another territory",
    RulingKind.SUPERSEDED: "Superseded by a transitional rule",
    RulingKind.UNKNOWN: "Whether it applies is open",
}
"""The label of each kind on a card of the app."""


class Case(Frozen):
    """A case as far as it decides which text applies.

    ``as_at`` is the governing day; ``facts`` are the days of the case; ``extent`` and
    ``jurisdictions`` say where it lies, as far as that is known.
    """

    as_at: date
    known_at: date | None = None
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()
    issue: Issue | None = None
    topic: str | None = None
    facts: dict[Role, date] = Field(default_factory=dict)

    def on(self, day: date) -> Self:
        """Return the case for another day, without facts, for browsing."""
        return self if day == self.as_at else self.model_copy(update={"as_at": day, "facts": {}})


class Ruling(Frozen):
    """Whether one version applies to a case on ``as_at``, why, and on what authority.

    ``territory`` says in words where the version holds. ``source`` is the provision or rule that
    the reason rests on, and ``verified`` whether that rule was compared with the official text;
    both ``None`` where the dates of the version say it. ``governs_on`` and ``instead`` are the day
    and the provision whose text governs in its place. ``missing`` are days of the case that would
    settle what is open, one of each inner tuple.
    """

    kind: RulingKind
    version_id: str
    as_at: date
    territory: str
    reason: str
    reason_days: tuple[DayAt, ...] = ()
    source: str | None = None
    verified: bool | None = None
    governs_on: date | None = None
    instead: str | None = None
    missing: tuple[tuple[Role, ...], ...] = ()

    @property
    def wording(self) -> Wording:
        """The reason, whose days are dates."""
        return Wording(text=self.reason, days=self.reason_days)

    @property
    def said(self) -> Wording:
        """The ruling, its reason and its authority, with days as dates."""
        return wording(f"{KIND_WORDS[self.kind]}. ", self.grounds)

    @property
    def grounds(self) -> Wording:
        """The reason and the authority, and whether the rule applied was not verified."""
        told = self.source is None or self.source in self.reason
        authority = "" if told else f" Authority: {self.source}."
        return wording(self.wording, authority, _UNVERIFIED if self.verified is False else "")

    @property
    def sentence(self) -> str:
        """The ruling as plain text."""
        return self.said.text

    @property
    def ships(self) -> bool:
        """Tell whether the version may be cited as an answer.

        Where several texts are to be compared and the record does not say which one is milder,
        each may be, and the ruling says that it is open.
        """
        return self.kind is RulingKind.APPLIES or (
            self.kind is RulingKind.UNKNOWN and not self.missing
        )
