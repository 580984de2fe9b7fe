"""What became of a provision between two dates: the redline, and what changed it on the way."""

from __future__ import annotations

from datetime import date

from corpus.compare import Redline, compare
from corpus.model import Frozen, ProvisionHistory, Version
from corpus.reading.spans import siblings
from corpus.resolve import Ambiguous, explained, resolve
from corpus.wording import Wording, wording


class Step(Frozen):
    """A change of a text.

    Attributes:
        day: first date of the new text.
        instrument: the act that brought it; null if the source does not name it.
    """

    day: date
    instrument: str | None


class Between(Frozen):
    """A provision on two dates.

    Attributes:
        said: a sentence for each date on which there is no single text to compare.
        redline: from the earlier to the later text; null if one is missing.
        steps: every change after the earlier date, up to the later one.
    """

    said: tuple[Wording, ...]
    redline: Redline | None
    steps: tuple[Step, ...]


def between(
    history: ProvisionHistory, one: date, other: date, *, extent: str | None = None
) -> Between:
    """Return what became of a provision between two dates, whichever is named first."""
    days = sorted((one, other))
    before, after = (_text(history, day, extent) for day in days)
    said = tuple(
        wording("On ", day, ": ", found)
        for day, found in zip(days, (before, after), strict=True)
        if isinstance(found, Wording)
    )
    if not isinstance(before, Version) or not isinstance(after, Version):
        return Between(said=said, redline=None, steps=())
    return Between(said=said, redline=compare(before, after), steps=_steps(history, after, *days))


def _text(history: ProvisionHistory, day: date, extent: str | None) -> Version | Wording:
    found = resolve(history, day, extent=extent)
    if isinstance(found, Version):
        return found
    if isinstance(found, Ambiguous) and all(v.extent is None for v in found.candidates):
        return found.candidates[0]
    return explained(found)


def _steps(
    history: ProvisionHistory, version: Version, first: date, last: date
) -> tuple[Step, ...]:
    return tuple(
        Step(day=row.valid_from, instrument=row.introduced_by)
        for row in siblings(history, version)
        if row.valid_from is not None and first < row.valid_from <= last
    )
