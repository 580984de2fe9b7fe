"""Full calendar dates in free text: find them and write them.

Only a written-out day, month and year is a date. ``10/01/2016`` is ambiguous between countries and
a year alone is not a date, so both are left out. The formats of each language are in its
``dates.toml``; ``2016-10-01`` is accepted in every language.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple, Self

from pydantic import model_validator

from corpus.languages.tables import Pattern, read_tables, table_language
from corpus.model import Frozen

_ISO = r"{year}-(?P<number>\d{2})-{day}(?!\d|-\d)"
_DAY, _YEAR = r"(?<!\d)(?P<day>\d{1,2})", r"(?<!\d)(?P<year>\d{4})(?!\d)"
_MONTH_NUMBER = r"(?P<number>\d{1,2})"
_FOUR_DIGITS = re.compile(r"\d{4}")  # every form holds a year
_FALLBACK = "en"


class WrittenDate(Frozen):
    """A date found in a text, at ``[start, end)``."""

    day: date
    words: str
    start: int
    end: int


class ImpossibleDate(Frozen):
    """Words that name no day, and the days beside it: the last before it and the first after it.

    ``days`` is empty where the words name no month either.
    """

    words: str
    days: tuple[date, ...] = ()


class DateTable(Frozen):
    """How one language writes days (``dates.toml``).

    ``written`` is filled with ``{day}``, ``{month}`` and ``{year}``; ``months`` holds for each
    month the name that is written, then others that are read; ``month_endings`` may follow a
    name. In ``forms``, regular expressions, ``{month}`` is a name, ``{month_number}`` a number.
    """

    written: str
    first_day: str = "1"
    months: tuple[tuple[str, ...], ...] = ()
    month_endings: tuple[str, ...] = ()
    forms: tuple[Pattern, ...] = ()

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.months and not (len(self.months) == 12 and all(self.months)):
            raise ValueError("months needs twelve lists of names")
        for form in self.forms:
            if "{day}" not in form or "{year}" not in form or "{month" not in form:
                raise ValueError(f"the form '{form}' lacks {{day}}, {{year}} or a month")
        return self

    @property
    def numbers(self) -> dict[str, int]:
        """Return the number of each month's names."""
        return {n.casefold(): at for at, names in enumerate(self.months, 1) for n in names}


def find_dates(text: str) -> tuple[WrittenDate, ...]:
    """Return the full dates written in ``text``, in order. Impossible dates are left out."""
    if _FOUR_DIGITS.search(text) is None:
        return ()
    kept: list[WrittenDate] = []
    found = (written for form in _forms() for written in form.dates(text))
    for written in sorted(found, key=lambda written: (written.start, -written.end)):
        if not kept or written.start >= kept[-1].end:
            kept.append(written)
    return tuple(kept)


def impossible_dates(text: str) -> tuple[ImpossibleDate, ...]:
    """Return what is written in ``text`` like a full date and is no day of the calendar.

    ``2022-02-30`` is never read as another day: which one is meant is for the asker to say.
    """
    if _FOUR_DIGITS.search(text) is None:
        return ()
    found = {each.words: each for form in _forms() for each in form.impossible(text)}
    real = {written.words for written in find_dates(text)}
    return tuple(each for words, each in found.items() if not any(words in one for one in real))


def without_dates(text: str) -> str:
    """Return a text without its dates."""
    for written in reversed(find_dates(text)):
        text = f"{text[: written.start]} {text[written.end :]}"
    return text


def write_date(day: date, language: str) -> str:
    """Return a date in words: ``1 October 2016``, ``1er octobre 2016``, ``2016年10月1日``.

    English is used if the language has no date format.
    """
    table = date_tables()[table_language(language, "dates") or _FALLBACK]
    month = table.months[day.month - 1][0] if table.months else str(day.month)
    number = table.first_day if day.day == 1 else str(day.day)
    return table.written.format(day=number, month=month, year=day.year)


def month_names(language: str) -> tuple[str, ...]:
    """Return the full names of the months in a language, abbreviations left out."""
    months = date_tables()[language].months if language in date_tables() else ()
    return tuple(n for names in months for n in names if not _abbreviates(n, names[0]))


def _abbreviates(name: str, full: str) -> bool:
    return name != full and full.startswith(name)


@cache
def date_tables() -> Mapping[str, DateTable]:
    """Return the date formats by language."""
    return read_tables("dates", DateTable)


class _Form(NamedTuple):
    """One date format, with the month numbers by name."""

    pattern: re.Pattern[str]
    numbers: Mapping[str, int]

    def dates(self, text: str) -> Iterator[WrittenDate]:
        for match in self.pattern.finditer(text):
            try:
                day = date(*self._numbers(match))
            except ValueError:
                continue
            yield WrittenDate(day=day, words=match[0], start=match.start(), end=match.end())

    def impossible(self, text: str) -> Iterator[ImpossibleDate]:
        for match in self.pattern.finditer(text):
            year, month, day = self._numbers(match)
            try:
                date(year, month, day)
            except ValueError:
                yield ImpossibleDate(words=match[0], days=_beside(year, month, day))

    def _numbers(self, match: re.Match[str]) -> tuple[int, int, int]:
        parts = match.groupdict()
        month = parts.get("number") or self.numbers[parts["month"].casefold()]
        return int(parts["year"]), int(month), int(parts["day"])


def _beside(year: int, month: int, day: int) -> tuple[date, ...]:
    if not (1 <= month <= 12 and 1 <= year < 9999 and day > 1):
        return ()
    last = date(year, month, monthrange(year, month)[1])
    return last, last + timedelta(days=1)


@cache
def _forms() -> tuple[_Form, ...]:
    """Return every format; month names of any language match, the format's own first."""
    every: dict[str, int] = {}
    for table in date_tables().values():
        every = table.numbers | every
    found = [_form(_ISO, {}, ())]
    for table in date_tables().values():
        numbers = every | table.numbers
        found += [_form(form, numbers, table.month_endings) for form in table.forms]
    return tuple(found)


def _form(form: str, numbers: dict[str, int], endings: tuple[str, ...]) -> _Form:
    names = "|".join(map(re.escape, sorted(numbers, key=len, reverse=True)))
    ending = f"(?:{'|'.join(endings)})?" if endings else ""
    parts = {
        "{day}": _DAY,
        "{year}": _YEAR,
        "{month}": rf"\b(?P<month>{names}){ending}",
        "{month_number}": _MONTH_NUMBER,
    }
    for slot, pattern in parts.items():
        form = form.replace(slot, pattern)
    return _Form(re.compile(form, re.IGNORECASE), numbers)
