"""The timeline of a provision: the texts in force one after another, and the gaps between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from corpus.force_words import version_in_force
from corpus.model import EndReason, Frozen, Interval, ProvisionHistory, Version
from corpus.wording import Wording, wording


class Span(Frozen):
    """An interval of a timeline.

    Attributes:
        kind: ``text``; ``ended``: no text in force, the law had ended; ``unrecorded``: no text on
            record.
        start: its first day.
        end: the first day after it; null if open.
        version: id of the text; null in a gap.
        instrument: the act that brought the text; null if unknown.
        ended: why the text ended; null in a gap and while it is in force.
        said: the interval in words.
    """

    kind: Literal["text", "ended", "unrecorded"]
    start: date
    end: date | None
    version: str | None
    instrument: str | None = None
    ended: EndReason | None = None
    said: Wording

    def days(self, today: date) -> int:
        """Return the number of days, at least 1; an open end counts as ``today``."""
        return max(1, ((self.end or max(today, self.start)) - self.start).days)


def siblings(
    history: ProvisionHistory, version: Version, known_at: date | None = None
) -> tuple[Version, ...]:
    """Return the dated texts in the language and for the territory of ``version``, by date."""
    rows = (
        row
        for row in history.versions
        if row.is_known(known_at)
        and row.valid_from is not None
        and row.language == version.language
        and (row.extent is None or version.extent is None or _meet(row.extent, version.extent))
    )
    return tuple(sorted(rows, key=lambda row: row.valid_from or date.min))


def _meet(one: str, other: str) -> bool:
    return not set(one.split("+")).isdisjoint(other.split("+"))


def spans(rows: Sequence[Version], today: date) -> tuple[Span, ...]:
    """Return the timeline of dated texts from the first one to today, or to the last change.

    ``rows`` are in order of their dates; of texts that begin on the same days the first counts.
    """
    found: list[Span] = []
    reached = rows[0].valid_from or today if rows else today
    before: Version | None = None
    for row in rows:
        start = row.valid_from or today
        if start < reached:
            continue  # another territory's text of the same days
        if start > reached:
            found.append(_gap(reached, start, before))
        found.append(_text(row, start))
        reached, before = row.valid_to or max(today, start), row
    if reached < today:
        found.append(_gap(reached, today, before))
    return tuple(found)


def _text(row: Version, start: date) -> Span:
    return Span(
        kind="text",
        start=start,
        end=row.valid_to,
        version=row.id,
        instrument=row.introduced_by,
        ended=row.ended,
        said=wording("In force ", version_in_force(row)),
    )


def _gap(start: date, end: date, before: Version | None) -> Span:
    """Return days without a text: the law had ended, or the record had."""
    stops = before is not None and before.ended in (EndReason.UNKNOWN, EndReason.SUPERSEDED)
    what = "No text on record " if stops else "No text in force "
    return Span(
        kind="unrecorded" if stops else "ended",
        start=start,
        end=end,
        version=None,
        said=wording(what, Interval(start=start, end=end)),
    )
