"""Dates and intervals as a lawyer reads them."""

from __future__ import annotations

import re
from datetime import date, timedelta

from corpus.model import Interval


def literal(text: str) -> str:
    """Return a text for a Streamlit element that reads Markdown, to be shown as it is.

    Errors, captions and labels of widgets read Markdown; an image in it would be fetched from
    wherever it points to. Every character that Markdown could read is escaped, and a link is no
    link.
    """
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(text.split()))


_MARKDOWN = re.compile(r"[!-&(-+\-./:;<=>?@\[-`{-~]")


def day_words(day: date) -> str:
    """Say a day: ``4 April 2006``."""
    return f"{day.day} {day:%B} {day.year}"


def interval_words(interval: Interval) -> str:
    """Say an interval by its first and last day; the day after the last is not named."""
    if interval.start is None:
        return f"until {day_words(_last(interval.end))}" if interval.end else "at all times"
    start = day_words(interval.start)
    if interval.end is None:
        return f"since {start}"
    last = _last(interval.end)
    return f"only on {start}" if last == interval.start else f"from {start} to {day_words(last)}"


def territory_words(extent: str) -> str:
    """Say an extent: ``E+W`` is England and Wales. Codes that are not known stay as they are."""
    return " and ".join(_TERRITORIES.get(part, part) for part in extent.split("+"))


_TERRITORIES = {
    "E": "England",
    "W": "Wales",
    "S": "Scotland",
    "NI": "Northern Ireland",
    "N.I.": "Northern Ireland",
}


def _last(end: date) -> date:
    return end - timedelta(days=1)
