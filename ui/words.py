"""Dates and intervals in words."""

from __future__ import annotations

import re
from datetime import date, timedelta

from corpus.model import Interval
from corpus.territories import place_name


def literal(text: str) -> str:
    """Return text escaped for a Streamlit element that renders Markdown.

    Error messages, captions and widget labels render Markdown, in which an image would be fetched
    from any address. Every character with a meaning in Markdown is escaped, and links are disabled.
    """
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(text.split()))


_MARKDOWN = re.compile(r"[!-&(-+\-./:;<=>?@\[-`{-~]")


def place_title(jurisdiction: str) -> str:
    """Return the name of a jurisdiction as it stands alone: without an article."""
    return place_name(jurisdiction).removeprefix("the ")


def day_words(day: date) -> str:
    """Return a date in words: ``4 April 2006``."""
    return f"{day.day} {day:%B} {day.year}"


def interval_words(interval: Interval) -> str:
    """Return an interval in words, by its first and last day (the exclusive end is not shown)."""
    if interval.start is None:
        return f"until {day_words(_last(interval.end))}" if interval.end else "at all times"
    start = day_words(interval.start)
    if interval.end is None:
        return f"since {start}"
    last = _last(interval.end)
    return f"only on {start}" if last == interval.start else f"from {start} to {day_words(last)}"


def _last(end: date) -> date:
    return end - timedelta(days=1)
