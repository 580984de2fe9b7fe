"""Full calendar dates as lawyers write them, found in free text.

Only a day, month and year written out name a day. ``10/01/2016`` is one day in Paris and another
in Chicago, and a year alone is no day at all: both are left for the asker to settle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from corpus.model import Frozen

_MONTHS = (
    ("january", "jan", "janvier", "januar", "jänner", "enero", "jaanuar"),
    ("february", "feb", "février", "fevrier", "februar", "feber", "febrero", "veebruar"),
    ("march", "mar", "mars", "märz", "marzo", "märts"),
    ("april", "apr", "avril", "abril", "aprill"),
    ("may", "mai", "mayo"),
    ("june", "jun", "juin", "juni", "junio", "juuni"),
    ("july", "jul", "juillet", "juli", "julio", "juuli"),
    ("august", "aug", "août", "aout", "agosto"),
    ("september", "sep", "sept", "septembre", "septiembre", "setiembre"),
    ("october", "oct", "octobre", "oktober", "octubre", "oktoober", "oktoobr"),
    ("november", "nov", "novembre", "noviembre"),
    ("december", "dec", "décembre", "decembre", "dezember", "diciembre", "detsember", "detsembr"),
)
_NUMBER = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_MONTH = "|".join(sorted(_NUMBER, key=len, reverse=True))
_ESTONIAN_CASE = "(?:il|ist|ini|iks|i|l|st|ni|ks)?"  # oktoobril, maist, juunini

_FORMS = (
    r"(?<!\d)(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?!\d|-\d)",
    r"(?<!\d)(?P<y>\d{4})\s*年\s*(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})\s*日",
    rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?\s+(?:day\s+)?(?:of\s+|de\s+)?"
    rf"(?P<month>{_MONTH}){_ESTONIAN_CASE}\.?,?\s+(?:del?\s+)?(?P<y>\d{{4}})(?!\d)",
    rf"\b(?P<month>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})(?!\d)",
)
_PATTERNS = tuple(re.compile(form, re.IGNORECASE) for form in _FORMS)


class WrittenDate(Frozen):
    """A day and the words that name it, which stand in the text at ``[start, end)``."""

    day: date
    words: str
    start: int
    end: int


def find_dates(text: str) -> tuple[WrittenDate, ...]:
    """Return the full dates written in ``text``, in order. An impossible day is no date."""
    found = (written for pattern in _PATTERNS for written in _matches(pattern, text))
    return tuple(sorted(found, key=lambda written: written.start))


def without_dates(text: str) -> str:
    """Return a text without its dates: what is asked, and not of when."""
    for written in reversed(find_dates(text)):
        text = f"{text[: written.start]} {text[written.end :]}"
    return text


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[WrittenDate]:
    for match in pattern.finditer(text):
        parts = match.groupdict()
        month = parts.get("m") or _NUMBER[parts["month"].casefold()]
        try:
            day = date(int(parts["y"]), int(month), int(parts["d"]))
        except ValueError:
            continue
        yield WrittenDate(day=day, words=match[0], start=match.start(), end=match.end())
