"""How long a text is the law, in words that keep the end of the law from the end of the record."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from corpus.model import Citation, EndReason, Interval, SourceRead, Version
from corpus.wording import Wording, wording


def in_force(valid: Interval, ended: EndReason | None) -> Wording:
    """Say on which days a text is the law: ``from 2011-12-30 to 2014-01-31``.

    Where the record merely stops (``ended`` is ``unknown``), that is said in its place.
    """
    if ended is not EndReason.UNKNOWN or valid.end is None:
        return wording(valid)
    last = date.fromordinal(valid.end.toordinal() - 1)
    return wording(Interval(start=valid.start), "; the record stops with ", last)


def version_in_force(version: Version) -> Wording:
    """Say on which days a version is the law."""
    return in_force(version.valid, version.ended)


def under_number(force: Wording, valid_from: date, label_from: date | None) -> Wording:
    """Add since when a text stands under its number, where that is later than the text."""
    if label_from is None or label_from <= valid_from:
        return force
    return wording(force, ", under this number since ", label_from)


def citation_in_force(citation: Citation) -> Wording:
    """Say on which days a cited text is the law, and since when under its number."""
    force = in_force(citation.valid, citation.ended)
    return under_number(force, citation.valid_from, citation.label_from)


def source_words(read: SourceRead) -> Wording:
    """Say when a source was last read, and how that is known where its publisher does not say."""
    if read.by == "publisher":
        return wording("source read on ", read.day)
    return wording("source read on ", read.day, " (the day it was recorded; it gives none itself)")


def sources_words(days: Collection[date]) -> Wording:
    """Say when the sources of a corpus were last read, given the day of each; empty for none."""
    if not days:
        return wording("")
    first, last = min(days), max(days)
    if first == last:
        return wording("sources read on ", first)
    return wording("sources last read from ", first, " to ", last)


def beyond_reading(read: SourceRead, day: date) -> Wording:
    """Return a sentence that a day lies after the source was last read, else nothing."""
    if day <= read.day:
        return wording("")
    return wording("Changes after the source was read, on ", read.day, ", are not known.")
