"""Dates, intervals and places in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date, timedelta

from corpus.compare import Redline
from corpus.model import EndReason, Interval, ProvisionNumber, SourceRead, Version
from corpus.number_words import numbered
from corpus.territories import extent_parts, place_name
from ui.languages.catalogue import has_word, said, word


def literal(text: str) -> str:
    """Return text escaped for a Streamlit element that renders Markdown.

    Error messages, captions and widget labels render Markdown, in which an image would be fetched
    from any address. Every character with a meaning in Markdown is escaped, and links are disabled.
    """
    return _MARKDOWN.sub(r"\\\g<0>", " ".join(text.split()))


_MARKDOWN = re.compile(r"[!-&(-+\-./:;<=>?@\[-`{-~]")


def place_title(jurisdiction: str) -> str:
    """Return the name of a jurisdiction as it stands alone: without an article."""
    key = f"place.{jurisdiction}"
    return word(key) if has_word(key) else place_name(jurisdiction).removeprefix("the ")


def extent_title(extent: str) -> str:
    """Return the name of an extent: ``E+W`` is England and Wales. Unknown codes are unchanged."""
    names = [word(f"place.{p}") if has_word(f"place.{p}") else p for p in extent_parts(extent)]
    *most, last = names
    return word("place_list.and", most=", ".join(most), last=last) if most else last


def territory_title(jurisdiction: str, extent: str | None) -> str:
    """Return where a text holds: in its extent, or in the whole jurisdiction of its work."""
    if extent:
        return extent_title(extent)
    inside = f"place_in.{jurisdiction}"
    return word(inside) if has_word(inside) else place_title(jurisdiction)


def day_words(day: date) -> str:
    """Return a date in words: ``4 April 2006``, ``1er octobre 2016``."""
    return said(day)


def interval_words(interval: Interval) -> str:
    """Return an interval in words, by its first and last day (the exclusive end is not shown)."""
    start, last = interval.start, interval.end and interval.end - timedelta(days=1)
    if start is None:
        return word("days.until", last=last) if last else word("days.always")
    if last is None:
        return word("days.since", start=start)
    return word("days.only" if start == last else "days.from_to", start=start, last=last)


def force_words(valid: Interval, ended: EndReason | None, number_since: date | None = None) -> str:
    """Return on which days a text is the law, and since when under its number where that is later.

    Where the record merely stops (``ended`` is ``unknown``), that is said in its place.
    """
    if ended is EndReason.UNKNOWN and valid.end is not None:
        last = valid.end - timedelta(days=1)
        force = word("days.stops", days=interval_words(Interval(start=valid.start)), last=last)
    else:
        force = interval_words(valid)
    if number_since is None or valid.start is None or number_since <= valid.start:
        return force
    return word("days.numbered", days=force, since=number_since)


def number_words(label: str, since: date | None, others: Sequence[ProvisionNumber]) -> str:
    """Return a number with the others of its provision, each with the days of its change."""
    until_since = word("days.number_until"), word("days.number_since")
    return numbered(label, since, others, until_since).written(day_words)


def source_words(read: SourceRead) -> str:
    """Return when a source was last read, and how that is known."""
    return word(f"source.{read.by}", day=read.day)


def sources_words(days: Collection[date]) -> str:
    """Return when the sources of a corpus were last read; empty for no days."""
    if not days:
        return ""
    first, last = min(days), max(days)
    return word("source.one" if first == last else "source.several", first=first, last=last)


def in_force_words(version: Version) -> str:
    """Return on which days a version is in force."""
    return word("card.in_force", days=force_words(version.valid, version.ended))


def redline_caption(redline: Redline) -> str:
    """Return the days of the two texts of a redline, and the act that brought the later one."""
    before, after = _dated(redline.before), _dated(redline.after)
    by = f", {word('ended.by', act=redline.instrument)}" if redline.instrument else ""
    return word("redline.caption", before=before, after=f"{after}{by}")


def _dated(version: Version) -> str:
    if version.valid_from is None:
        return word("redline.undated", condition=version.condition or "")
    return in_force_words(version)
