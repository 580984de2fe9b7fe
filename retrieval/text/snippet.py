"""Snippets: the passage of a text that best matches the terms."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from corpus.model import Frozen
from retrieval.text.analysis import Token, highlights, tokens


class Snippet(Frozen):
    """A passage of a text, verbatim: its characters ``[start, end)``.

    ``highlights`` are spans of the passage itself. ``cut_before`` and ``cut_after`` say whether the
    text continues.
    """

    text: str
    start: int
    highlights: tuple[tuple[int, int], ...]
    cut_before: bool
    cut_after: bool

    @property
    def end(self) -> int:
        """Return the position of the first character after the passage."""
        return self.start + len(self.text)


def snippet(text: str, language: str, terms: Collection[str], width: int = 240) -> Snippet:
    """Return the passage of at most ``width`` characters with the most ``terms``.

    Of equal passages the first; without any term, the beginning. It begins and ends between words,
    unless a single word is longer.

    Raises:
        ValueError: ``width`` is not positive.
    """
    if width < 1:
        raise ValueError(f"a passage of {width} characters shows nothing")
    found = [token for token in tokens(text, language) if token.term in terms]
    first, last = _densest(found, width)
    start, end = _around(text, first, min(last, first + width), width)
    passage = text[start:end]
    return Snippet(
        text=passage,
        start=start,
        highlights=highlights(passage, language, terms),
        cut_before=start > 0,
        cut_after=end < len(text),
    )


def _densest(found: Sequence[Token], width: int) -> tuple[int, int]:
    """Return the span of at most ``width`` with the most distinct terms, then the most terms."""
    best, span = (0, 0), (0, 0)
    left = 0
    for right, token in enumerate(found):
        while token.end - found[left].start > width and left < right:
            left += 1
        inside = found[left : right + 1]
        worth = (len({each.term for each in inside}), len(inside))
        if worth > best:
            best, span = worth, (found[left].start, token.end)
    return span


def _around(text: str, first: int, last: int, width: int) -> tuple[int, int]:
    """Extend a span evenly to ``width`` characters, then shorten it to the nearest spaces."""
    start = max(0, min(first - (width - (last - first)) // 2, len(text) - width))
    end = min(len(text), start + width)
    while 0 < start < first and not text[start - 1].isspace():
        start += 1
    while last < end < len(text) and not text[end].isspace():
        end -= 1
    return start, end
