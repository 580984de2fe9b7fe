"""The contents of an act: its provisions on a date in pages, named by their first and last number.

The corpus records provisions, not the books, titles and chapters that they stand in. Contents are
therefore made of the kinds of provisions (sections, comments, appendices) and of ranges of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from corpus.model import Frozen
from corpus.reading.act import Entry

PAGE = 40
"""Greatest number of provisions of a page."""
CHAPTER = 10
"""Greatest number of pages of a range."""


class Page(Frozen):
    """Provisions that are read together: ``number`` counts from 1; all are of one kind."""

    number: int
    kind: str
    entries: tuple[Entry, ...]

    @property
    def title(self) -> str:
        """Return the first and the last number: ``Article 1 – Article 51``."""
        return _title(self.entries)


class Range(Frozen):
    """Pages that stand together in the contents."""

    pages: tuple[Page, ...]

    @property
    def title(self) -> str:
        """Return the first and the last number."""
        return _title([*self.pages[0].entries, *self.pages[-1].entries])

    def holds(self, number: int) -> bool:
        """Return whether the page with a number is one of these."""
        return self.pages[0].number <= number <= self.pages[-1].number


def contents(entries: Sequence[Entry]) -> tuple[Range, ...]:
    """Return the contents of an act: ranges of at most ten pages, all of one kind each."""
    found: list[Range] = []
    number = 1
    for kind, group in groupby(entries, key=lambda entry: entry.kind):
        alike = tuple(group)
        parts = [alike[at : at + PAGE] for at in range(0, len(alike), PAGE)]
        made = [
            Page(number=place, kind=kind, entries=part)
            for place, part in enumerate(parts, start=number)
        ]
        number += len(made)
        found += (
            Range(pages=tuple(made[at : at + CHAPTER])) for at in range(0, len(made), CHAPTER)
        )
    return tuple(found)


def pages(ranges: Sequence[Range]) -> tuple[Page, ...]:
    """Return the pages of all ranges, by number."""
    return tuple(page for each in ranges for page in each.pages)


def page_of(all_pages: Sequence[Page], provision: str) -> Page | None:
    """Return the page that holds a provision, or ``None``."""
    return next(
        (page for page in all_pages if any(e.provision == provision for e in page.entries)), None
    )


def _title(entries: Sequence[Entry]) -> str:
    first, last = entries[0].label, entries[-1].label
    return first if first == last else f"{first} – {last}"
