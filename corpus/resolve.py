"""Which text of a provision is the law on a day: six answers with words, never a nearest guess."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from corpus.force_words import version_in_force
from corpus.model import (
    Commencement,
    Coverage,
    EndReason,
    Frozen,
    Provision,
    ProvisionHistory,
    Version,
)
from corpus.territories import extent_choice, extent_fits, extent_words
from corpus.wording import Wording, wording


class NotYetInForce(Frozen):
    """The provision exists (enacted and known) but takes effect later, or on a day to be fixed."""

    status: Literal["not_yet_in_force"] = "not_yet_in_force"
    provision_id: str
    starts: date | None
    condition: str | None = None
    next_version: Version

    @property
    def wording(self) -> Wording:
        """Return an explanation of one sentence."""
        if self.starts is None:
            return wording(f"Enacted, but not yet in force: {self.condition}.")
        return wording("Not yet in force on that date: it takes effect on ", self.starts, ".")

    @property
    def explanation(self) -> str:
        """Return the explanation as plain text."""
        return self.wording.text


class Repealed(Frozen):
    """The provision was in force earlier and is not on that date.

    ``how`` is repeal, expiry, annulment or suspension; ``revived`` is the date on which it is in
    force again, if any.
    """

    status: Literal["repealed"] = "repealed"
    provision_id: str
    ended: date
    how: EndReason
    by: str | None = None
    revived: date | None = None
    last_version: Version

    @property
    def wording(self) -> Wording:
        """Return an explanation of one sentence."""
        again = ("; in force again from ", self.revived) if self.revived else ()
        return wording(
            f"No longer in force on that date: {self.how.value} from ",
            self.ended,
            f" by {self.by}" if self.by else "",
            *again,
            ".",
        )

    @property
    def explanation(self) -> str:
        """Return the explanation as plain text."""
        return self.wording.text


class CoverageGap(Frozen):
    """The corpus does not hold this work for that date, so the law is unknown."""

    status: Literal["coverage_gap"] = "coverage_gap"
    work_id: str
    wording: Wording

    @property
    def explanation(self) -> str:
        """Return the explanation as plain text."""
        return self.wording.text


class Ambiguous(Frozen):
    """Several texts are in force on that date and the request does not choose between them."""

    status: Literal["ambiguous"] = "ambiguous"
    candidates: tuple[Version, ...]
    wording: Wording

    @property
    def explanation(self) -> str:
        """Return the explanation as plain text."""
        return self.wording.text


class OtherTerritory(Frozen):
    """Texts are in force on that date; none was ever recorded for the territory asked about."""

    status: Literal["other_territory"] = "other_territory"
    candidates: tuple[Version, ...]
    wording: Wording

    @property
    def explanation(self) -> str:
        """The sentence as plain text."""
        return self.wording.text


Resolution = Version | NotYetInForce | Repealed | CoverageGap | Ambiguous | OtherTerritory


_FOLLOWED = "The corpus does not hold what replaced it there."


def resolve(
    history: ProvisionHistory,
    as_at: date,
    known_at: date | None = None,
    *,
    extent: str | None = None,
    language: str | None = None,
) -> Resolution:
    """Return the version in force on ``as_at``, or the reason why there is none.

    Args:
        history: the provision asked for, its rows and the coverage of its work.
        as_at: the day whose law is wanted.
        known_at: answer from what was known on that day; ``None`` is the latest knowledge.
        extent: a territory, or several joined by ``+``; texts that do not hold there are left out.
        language: a language; ``None`` takes every language of the provision.
    """
    known = [v for v in history.versions if v.is_known(known_at) and _fits(v, extent, language)]
    live = [v for v in known if v.in_force(as_at, known_at)]
    if len(live) == 1:
        return live[0]
    if live:
        return Ambiguous(candidates=tuple(live), wording=wording(_why_ambiguous(live)))
    if extent is not None and (not known or _superseded(known, as_at)):
        elsewhere = _elsewhere(history, as_at, known_at, language)
        if elsewhere and known:
            words = wording(f"{_where(elsewhere, extent)} {_FOLLOWED}")
            return CoverageGap(work_id=history.provision.work_id, wording=words)
        if elsewhere:
            words = wording(_where(elsewhere, extent))
            return OtherTerritory(candidates=tuple(elsewhere), wording=words)
    return _absent(history, known, as_at)


def explain(resolution: Resolution) -> str:
    """Return a resolution as one sentence."""
    return explained(resolution).text


def explained(resolution: Resolution) -> Wording:
    """Return a resolution as one sentence that keeps its dates as dates."""
    if isinstance(resolution, Version):
        return _in_force(resolution)
    return resolution.wording


def _in_force(version: Version) -> Wording:
    """Return since when a text is in force; the end of the record is not reported as its end."""
    stops = version.ended is EndReason.UNKNOWN and version.valid_to is not None
    what_followed = " and does not say what followed" if stops else ""
    return wording("In force ", version_in_force(version), f"{what_followed}.")


def _fits(version: Version, extent: str | None, language: str | None) -> bool:
    if language is not None and version.language != language:
        return False
    return extent_fits(version.extent, extent)


def _elsewhere(
    history: ProvisionHistory, as_at: date, known_at: date | None, language: str | None
) -> list[Version]:
    """Return the texts in force for any territory."""
    rows = (row for row in history.versions if _fits(row, None, language))
    return [row for row in rows if row.in_force(as_at, known_at)]


def _where(elsewhere: list[Version], extent: str) -> str:
    held = sorted({row.extent for row in elsewhere if row.extent})
    if len(held) > 1:
        places = ", ".join(map(extent_choice, held))
        return f"Texts differ by territory on that date: {places}. Name one."
    return (
        f"The text in force on that date holds in {extent_words(held[0])}, "
        f"not in {extent_words(extent)}."
    )


def _why_ambiguous(live: list[Version]) -> str:
    extents = sorted({extent_choice(v.extent) if v.extent else "everywhere" for v in live})
    languages = sorted({v.language for v in live})
    if len(extents) > 1:
        return f"Different texts are in force by territory: {', '.join(extents)}. Name one."
    if len(languages) > 1:
        return f"Texts in several languages are in force ({', '.join(languages)}): name one."
    return f"The source gives {len(live)} different texts for that date and does not choose."


def _absent(history: ProvisionHistory, known: list[Version], as_at: date) -> Resolution:
    """Explain why nothing is in force, by coverage, earlier texts, then later ones."""
    provision, coverage = history.provision, history.coverage
    last = _last_ended(known, as_at)
    ahead = [v for v in known if v.valid_from is not None and v.valid_from > as_at]
    nearest = min(ahead, key=lambda v: v.valid_from or as_at, default=None)
    if not covered(coverage, as_at):
        return coverage_gap(provision.work_id, coverage, as_at)
    if last is not None:
        return _after(history, last, nearest, as_at)
    if nearest is not None and _bears_number(provision, as_at):
        return CoverageGap(work_id=provision.work_id, wording=_unheld(as_at))
    if nearest is not None:
        return NotYetInForce(
            provision_id=provision.id, starts=nearest.valid_from, next_version=nearest
        )
    return _undated(provision, known, as_at)


def _last_ended(known: list[Version], as_at: date) -> Version | None:
    ended = [v for v in known if v.valid_to is not None and v.valid_to <= as_at]
    return max(ended, key=lambda v: (v.valid_to or as_at, v.valid_from or as_at), default=None)


def _superseded(known: list[Version], as_at: date) -> bool:
    """Return whether the last text before ``as_at`` was superseded."""
    last = _last_ended(known, as_at)
    return last is not None and last.ended is EndReason.SUPERSEDED


def _after(
    history: ProvisionHistory, last: Version, nearest: Version | None, as_at: date
) -> Resolution:
    if last.ended in (EndReason.UNKNOWN, EndReason.SUPERSEDED, None) or last.valid_to is None:
        return CoverageGap(work_id=history.provision.work_id, wording=_unheld(as_at))
    return Repealed(
        provision_id=history.provision.id,
        ended=last.valid_to,
        how=last.ended,
        by=last.ended_by,
        revived=nearest.valid_from if nearest else None,
        last_version=last,
    )


def _bears_number(provision: Provision, day: date) -> bool:
    """Return whether the provision has a dated label on a date."""
    return any(label.valid_from is not None and day in label.valid for label in provision.labels)


def _unheld(day: date) -> Wording:
    return wording("The corpus does not hold the text of this provision for ", day, ".")


def _undated(provision: Provision, known: list[Version], as_at: date) -> Resolution:
    waiting = [v for v in known if v.commencement is Commencement.TO_BE_FIXED]
    if waiting and not _bears_number(provision, as_at):
        return NotYetInForce(
            provision_id=provision.id,
            starts=None,
            condition=waiting[-1].condition,
            next_version=waiting[-1],
        )
    if known:
        reason = wording(
            f"The source does not say since when this text applies: {known[-1].condition}."
        )
    else:
        reason = wording(
            "Nothing was known of this provision for ", as_at, " at the time asked about."
        )
    return CoverageGap(work_id=provision.work_id, wording=reason)


def covered(coverage: Sequence[Coverage], day: date) -> bool:
    """Return whether the record is complete for ``day``; it is, before a work's origin."""
    return any(day in c.span or (c.from_origin and day < c.covered_from) for c in coverage)


def coverage_gap(work_id: str, coverage: Sequence[Coverage], day: date) -> CoverageGap:
    """Return the coverage gap of a work on a date, with the dates that are covered."""
    spans = [c.span for c in sorted(coverage, key=lambda c: c.covered_from)]
    held = [part for span in spans for part in ("; ", span)][1:]
    first = f": it holds {work_id} " if spans else f": it holds no dated text of {work_id}"
    words = wording("The corpus does not cover ", day, first, *held, ".")
    return CoverageGap(work_id=work_id, wording=words)
