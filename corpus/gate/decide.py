"""Decide whether a version applies to a case: territory, transition, application, law in between.

The four questions are put in this order, and the first that does not come out well decides. Each
rests on data: extents and ``territories.toml``, the rules for provisions in ``corpus/rules``,
``applies_from``, and the provision's own history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from corpus.gate.between import between
from corpus.gate.ruling import Case, Ruling, RulingKind
from corpus.gate.transition import transition
from corpus.model import Version
from corpus.store import Store
from corpus.territories import (
    ended_holding,
    extent_fits,
    extent_words,
    holding,
    jurisdiction_of,
    place_name,
    territory_words,
)
from corpus.wording import Wording, wording


@dataclass(frozen=True)
class Subject:
    """A version and the case to which it may apply."""

    store: Store
    version: Version
    case: Case

    @property
    def jurisdiction(self) -> str:
        """The jurisdiction of the version's work."""
        return self.version.provision_id.partition("/")[0]

    def ruled(self, kind: RulingKind, reason: Wording, **more: object) -> Ruling:
        """Return a ruling on the version."""
        fields = {
            "kind": kind,
            "version_id": self.version.id,
            "as_at": self.case.as_at,
            "territory": territory_words(self.jurisdiction, self.version.extent),
            "reason": reason.text,
            "reason_days": reason.days,
        }
        return Ruling.model_validate({**fields, **more})


def rule_on(store: Store, version: Version, case: Case) -> Ruling:
    """Return whether ``version`` applies to ``case``.

    Args:
        store: asked for the provision's history where the law between two days counts.
        version: a row as known on the case's day of knowledge.
        case: the governing day, the place, and the days of the case.
    """
    subject = Subject(store, version, case)
    rulings = (question(subject) for question in _QUESTIONS)
    return next(filter(None, rulings), None) or _applies(subject)


def _applies(subject: Subject) -> Ruling:
    reason = wording("In force and applicable on ", subject.case.as_at, ".")
    return subject.ruled(RulingKind.APPLIES, reason)


def _territory(subject: Subject) -> Ruling | None:
    """Rule on the extent of the version, if it excludes the territory of the case."""
    version, case = subject.version, subject.case
    if case.extent is None:
        return None
    place = jurisdiction_of(case.extent)
    if place is None or place == subject.jurisdiction:
        return None if extent_fits(version.extent, case.extent) else _elsewhere(subject)
    return None if holding(subject.jurisdiction, place, case.as_at) else _foreign(subject, place)


def _elsewhere(subject: Subject) -> Ruling:
    where = extent_words(subject.version.extent or "")
    asked = extent_words(subject.case.extent or "")
    reason = wording(f"This text holds in {where}, not in {asked}.")
    return subject.ruled(RulingKind.OTHER_TERRITORY, reason)


def _foreign(subject: Subject, place: str) -> Ruling:
    """Rule on law of another jurisdiction that is not in force in the territory of the case."""
    asked, law = extent_words(subject.case.extent or ""), place_name(subject.jurisdiction)
    ended = ended_holding(subject.jurisdiction, place, subject.case.as_at)
    if ended is None or ended.valid_to is None:
        reason = wording(f"The law of {law} does not hold in {asked}.")
        return subject.ruled(RulingKind.OTHER_TERRITORY, reason)
    reason = wording(f"The law of {law} no longer holds in {asked} since ", ended.valid_to, ".")
    return subject.ruled(RulingKind.OTHER_TERRITORY, reason, source=ended.authority)


def _transition(subject: Subject) -> Ruling | None:
    """Rule on the effect of a transitional provision on the dates of the case."""
    version, case = subject.version, subject.case
    ruled = transition(version.provision_id, case)
    if ruled is None:
        return None
    rests = {"source": ruled.authority, "verified": ruled.verified}
    if ruled.missing:
        return subject.ruled(RulingKind.UNKNOWN, ruled.wording, missing=ruled.missing, **rests)
    if ruled.instead is None and any(day in version.valid for day in ruled.dates):
        return None
    return subject.ruled(
        RulingKind.SUPERSEDED,
        ruled.wording,
        governs_on=ruled.dates[0],
        instead=ruled.instead,
        **rests,
    )


def _application(subject: Subject) -> Ruling | None:
    """Rule on a text that is in force and does not apply yet."""
    version, day = subject.version, subject.case.as_at
    if version.applies_from is None or version.applies_from <= day:
        return None
    reason = wording(
        "In force ", version.valid, ", but it applies only from ", version.applies_from, "."
    )
    return subject.ruled(RulingKind.NOT_YET, reason)


def _between(subject: Subject) -> Ruling | None:
    """Rule on the laws between act and decision."""
    found = between(subject.store, subject.version, subject.jurisdiction, subject.case)
    if found is None:
        return None
    kind = RulingKind.SUPERSEDED if found.hole else RulingKind.UNKNOWN
    return subject.ruled(kind, found.wording, source=found.authority, verified=found.verified)


_QUESTIONS: tuple[Callable[[Subject], Ruling | None], ...] = (
    _territory,
    _transition,
    _application,
    _between,
)
