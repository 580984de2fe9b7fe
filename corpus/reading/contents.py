"""The contents of an act: its divisions and provisions on a date, read in pages.

Where the source names the books, titles and chapters of an act, they are the contents, and a page
is the innermost division that has more than a page's provisions cut into such parts. Elsewhere
contents are ranges of numbers, by kind (sections, comments, appendices).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, groupby

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


class Part(Frozen):
    """Pages that stand together in the contents.

    Attributes:
        name: the name of the division; ``None`` for a range of numbers.
        pages: its pages, those of inner parts too.
        parts: the divisions inside it, if they are on pages of their own.
    """

    name: str | None = None
    pages: tuple[Page, ...]
    parts: tuple[Part, ...] = ()

    @property
    def title(self) -> str:
        """Return the name of the division, else the first and the last number."""
        return self.name or _title([*self.pages[0].entries, *self.pages[-1].entries])

    def holds(self, number: int) -> bool:
        """Return whether the page with a number is one of these."""
        return self.pages[0].number <= number <= self.pages[-1].number


def contents(entries: Sequence[Entry]) -> tuple[Part, ...]:
    """Return the contents of an act: its divisions, or ranges of at most ten pages.

    All provisions of a page are of one kind, and those of a range too.
    """
    numbers = count(1)
    found: list[Part] = []
    for kind, group in groupby(entries, key=lambda entry: entry.kind):
        found += _parts(tuple(group), kind, 0, numbers)
    return tuple(found)


def _parts(
    entries: Sequence[Entry], kind: str, depth: int, numbers: Iterator[int]
) -> Iterator[Part]:
    """Yield the parts of provisions that stand in the same divisions down to a depth."""
    for name, group in groupby(entries, key=lambda entry: _division(entry, depth)):
        own = tuple(group)
        if name is None:
            made = _pages(own, kind, numbers)
            yield from (Part(pages=made[at : at + CHAPTER]) for at in range(0, len(made), CHAPTER))
        elif len(own) > PAGE and any(_division(entry, depth + 1) for entry in own):
            parts = tuple(_parts(own, kind, depth + 1, numbers))
            inner = tuple(page for part in parts for page in part.pages)
            yield Part(name=name, pages=inner, parts=parts)
        else:
            yield Part(name=name, pages=_pages(own, kind, numbers))


def _division(entry: Entry, depth: int) -> str | None:
    return entry.divisions[depth] if depth < len(entry.divisions) else None


def _pages(entries: Sequence[Entry], kind: str, numbers: Iterator[int]) -> tuple[Page, ...]:
    """Return provisions in pages, with the next numbers."""
    return tuple(
        Page(number=next(numbers), kind=kind, entries=tuple(entries[at : at + PAGE]))
        for at in range(0, len(entries), PAGE)
    )


def pages(parts: Sequence[Part]) -> tuple[Page, ...]:
    """Return the pages of all parts, by number."""
    return tuple(page for each in parts for page in each.pages)


def page_of(all_pages: Sequence[Page], provision: str) -> Page | None:
    """Return the page that holds a provision, or ``None``."""
    return next(
        (page for page in all_pages if any(e.provision == provision for e in page.entries)), None
    )


def opened(before: Sequence[str], after: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Return the divisions that begin between two provisions, each with its depth.

    Args:
        before: the divisions around the one before; empty at the beginning.
        after: the divisions around the next.
    """
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    return tuple(enumerate(after))[same:]


def _title(entries: Sequence[Entry]) -> str:
    first, last = entries[0].label, entries[-1].label
    return first if first == last else f"{first} – {last}"
