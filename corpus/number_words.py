"""The numbers of a provision through time, in words: ``art. 1240 (until 2016-10-01: 1382)``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from corpus.model import Citation, Interval, Provision, ProvisionNumber, Version
from corpus.wording import Wording, wording


def numbers_known(
    provision: Provision, known_at: date | None = None
) -> tuple[ProvisionNumber, ...]:
    """Return the numbers of a provision as known at ``known_at`` (``None``: now), by date."""
    known = (
        number
        for number in provision.labels
        if (number.known.end is None if known_at is None else known_at in number.known)
    )
    return tuple(sorted(known, key=lambda number: number.valid_from or date.min))


def number_on(
    provision: Provision, day: date, known_at: date | None = None
) -> ProvisionNumber | None:
    """Return the number borne on ``day`` with the days on which it is borne, or ``None``."""
    known = numbers_known(provision, known_at)
    return next((number for number in known if day in number.valid), None)


def other_numbers(
    provision: Provision, day: date, known_at: date | None = None
) -> tuple[ProvisionNumber, ...]:
    """Return the numbers of a provision other than the one borne on ``day``."""
    borne = number_on(provision, day, known_at)
    known = numbers_known(provision, known_at)
    return tuple(n for n in known if borne is not None and n.text != borne.text)


def numbers_during(
    provision: Provision, valid: Interval, known_at: date | None = None
) -> tuple[ProvisionNumber, ...]:
    """Return the numbers borne while a text was the law, each cut to those days."""
    found = []
    for number in numbers_known(provision, known_at):
        days = number.valid.intersect(valid)
        if days is not None:
            update = {"valid_from": days.start, "valid_to": days.end}
            found.append(number.model_copy(update=update))
    return tuple(found)


def numbered(
    label: str,
    since: date | None,
    others: Sequence[ProvisionNumber],
    until_since: tuple[str, str] = ("until", "since"),
) -> Wording:
    """Say a number with the others of the same provision.

    Args:
        label: the number borne.
        since: the day from which it is borne; ``None``: at all times before.
        others: the other numbers; one that ended by ``since`` is earlier, any other later.
        until_since: the words before the end of an earlier one, and the beginning of a later one.
    """
    parts: list[str | date] = []
    for number in others:
        parts += ["; " if parts else " ("]
        if number.valid_to is not None and (since is None or number.valid_to <= since):
            parts += [f"{until_since[0]} ", number.valid_to, ": "]
        elif number.valid_from is not None:
            parts += [f"{until_since[1]} ", number.valid_from, ": "]
        parts.append(_short(number.text, label))
    return wording(label, *parts, ")" if parts else "")


def _short(number: str, label: str) -> str:
    """Return a number without the kind word that it shares with another one."""
    kind, space, rest = number.partition(" ")
    return rest if space and rest and label.startswith(f"{kind} ") else number


def numbered_citation(citation: Citation) -> Wording:
    """Say the number of a citation with the others of its provision."""
    return numbered(citation.label, citation.label_from, citation.other_numbers)


def under_number_since(
    provision: Provision, version: Version, day: date, known_at: date | None = None
) -> Wording:
    """Return a sentence that a text stands under its number for less long than it is the law.

    Nothing where the number is as old as the text, or older.
    """
    borne = number_on(provision, day, known_at)
    since = borne.valid_from if borne else None
    if since is None or version.valid_from is None or since <= version.valid_from:
        return wording("")
    return wording(" Under this number since ", since, ".")
