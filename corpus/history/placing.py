"""The divisions of an act (books, titles, chapters) around each provision, through time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby

from corpus.model import Placement, Provision

Divisions = tuple[str, ...]
"""Names of divisions as printed, outermost first."""

DivisionPath = tuple[tuple[int, str], ...]
"""Divisions, each with its level, outermost first."""

APART = -1
"""Level of a division that stands outside all others: it ends them, and the next one ends it."""


def after(path: DivisionPath, headings: Iterable[tuple[int, str]]) -> DivisionPath:
    """Return the divisions open after headings: of each, those of outer levels, and its own.

    Args:
        path: the divisions open before them, each with its level, outermost first.
        headings: the headings as printed, each with its level; less is further out.
    """
    for level, name in headings:
        path = (*(outer for outer in path if APART < outer[0] < level), (level, name))
    return path


def names(path: DivisionPath) -> Divisions:
    """Return the names of divisions, without their levels."""
    return tuple(name for _, name in path)


def placements(stated: Iterable[tuple[date | None, Divisions]]) -> tuple[Placement, ...]:
    """Return where a provision stands through time, from what is stated for each day.

    Args:
        stated: days with the divisions from then on, in any order; ``None`` is always. Of several
            statements for one day the last counts.

    Returns:
        One placement for each change; empty if no division is stated at all.
    """
    ordered = sorted(stated, key=lambda each: each[0] or date.min)
    if not any(divisions for _, divisions in ordered):
        return ()
    by_day = dict(ordered)
    runs = [next(run) for _, run in groupby(by_day.items(), key=lambda each: each[1])]
    return tuple(
        Placement(divisions=divisions, valid_from=day, valid_to=following[0] if following else None)
        for (day, divisions), following in zip(runs, [*runs[1:], None], strict=True)
    )


def divisions_near(provision: Provision, day: date) -> Divisions:
    """Return the divisions on a day; where none is recorded, those nearest in time.

    Nearest are the last before the day, else the first after it.
    """
    held = [each for each in provision.placements if not each.valid.after(day)]
    nearest = held[-1:] or provision.placements[:1]
    return nearest[0].divisions if nearest else ()
