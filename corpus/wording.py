"""Sentences that keep their dates as dates, so that each output can format them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Self

from pydantic import model_validator

from corpus.model import Frozen, Interval


class DayAt(Frozen):
    """A date and its position in a text: the characters ``[start, end)``."""

    start: int
    end: int
    day: date


class Wording(Frozen):
    """A text and the dates written in it as YYYY-MM-DD, in order.

    Raises:
        ValueError: a date is not at its stated position.
    """

    text: str
    days: tuple[DayAt, ...] = ()

    @model_validator(mode="after")
    def _days_stand_in_the_text(self) -> Self:
        for found in self.days:
            if self.text[found.start : found.end] != found.day.isoformat():
                raise ValueError(f"{found.day} does not stand at {found.start}")
        return self

    def written(self, say: Callable[[date], str]) -> str:
        """Return the text with each date as formatted by ``say``."""
        parts, reached = [], 0
        for found in self.days:
            parts += [self.text[reached : found.start], say(found.day)]
            reached = found.end
        return "".join([*parts, self.text[reached:]])


def wording(*parts: str | date | Interval | Wording) -> Wording:
    """Return the parts joined; only ``date`` and ``Interval`` parts count as dates."""
    text, days = "", list[DayAt]()
    for part in parts:
        if isinstance(part, Wording):
            days += (
                DayAt(start=len(text) + at.start, end=len(text) + at.end, day=at.day)
                for at in part.days
            )
            text += part.text
        elif isinstance(part, Interval):
            inner = wording(*part.parts())
            joined = wording(Wording(text=text, days=tuple(days)), inner)
            text, days = joined.text, list(joined.days)
        elif isinstance(part, date):
            days.append(DayAt(start=len(text), end=len(text) + 10, day=part))
            text += part.isoformat()
        else:
            text += part
    return Wording(text=text, days=tuple(days))
