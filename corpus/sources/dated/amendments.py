"""What an amending instrument does to an act: which provisions it touches, and from which day.

A consolidated text shows only the sum of all amendments. Where the source also says what each of
them touched, a text can be dated article by article: an article that no instrument touched between
two editions stood unchanged, one that was touched twice between them had a text nobody recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from corpus.model import EndReason, Frozen
from corpus.provision_numbers import label_key

Number = tuple[int, ...]
"""A label's numbers: ``第38-1條`` is ``(38, 1)``. Empty where the label has none."""


class ArticleRange(Frozen):
    """The articles from ``first`` to ``last``; of one article only the paragraphs ``parts``."""

    first: Number
    last: Number
    parts: tuple[int, ...] = ()

    def holds(self, label: Number) -> bool:
        """Tell whether the span contains a label's number."""
        return bool(label) and self.first <= label <= self.last


class Start(Frozen):
    """When a text takes effect, and since when that day is public (``known``).

    Without a ``day``, the commencement is still to be fixed (``pending``) or simply not recorded.
    """

    day: date | None = None
    known: date | None = None
    pending: bool = False
    condition: str | None = None


class Rule(Frozen):
    """A commencement of its own for some articles of an amendment."""

    spans: tuple[ArticleRange, ...]
    start: Start


class Amendment(Frozen):
    """One instrument: the enactment itself, or a change to it.

    ``touched`` is ``None`` where the instrument may have changed anything. ``inserted`` are those
    of the touched articles that did not exist before. ``enacted_as`` is the instrument as it stood
    before a later order fixed its commencement. ``ends`` says that it leaves no text at all of what
    it touches, whatever later editions print; ``gone`` is how that text ended.
    """

    instrument: str | None = None
    published: date | None = None
    touched: tuple[ArticleRange, ...] | None = None
    inserted: tuple[ArticleRange, ...] = ()
    default: Start
    rules: tuple[Rule, ...] = ()
    enacted_as: Amendment | None = None
    fixed_by: str | None = None
    ends: bool = False
    gone: EndReason = EndReason.REPEALED

    def touches(self, label: Number) -> bool:
        """Tell whether the instrument changed, or may have changed, the article."""
        return self.touched is None or _within(label, self.touched)

    def inserts(self, label: Number) -> bool:
        """Tell whether the article first existed through this instrument."""
        return _within(label, self.inserted)

    def starts(self, label: Number, paragraphs: int = 0) -> tuple[Start, ...]:
        """Return when the article, as amended, takes effect: several where its parts differ.

        ``paragraphs`` is how many the article has; when each has its own day, the default has none.
        """
        whole = self.default
        parts: dict[int, Start] = {}
        for rule in self.rules:
            for span in rule.spans:
                if not span.holds(label):
                    continue
                if span.parts:
                    parts.update(dict.fromkeys(span.parts, rule.start))
                else:
                    whole, parts = rule.start, {}
        if parts and set(range(1, paragraphs + 1)) <= parts.keys():
            return _distinct(parts.values())
        return _distinct([whole, *parts.values()])


def number(label: str) -> Number:
    """Return the numbers of a label for comparing and for ranges.

    Chinese numerals count: ``第二百八十条之一`` gives ``(280, 1)``.
    """
    return tuple(int(n) for n in re.findall(r"\d+", label_key(label)))


def _within(label: Number, spans: Iterable[ArticleRange]) -> bool:
    return any(span.holds(label) for span in spans)


def _distinct(starts: Iterable[Start]) -> tuple[Start, ...]:
    return tuple(dict.fromkeys(starts))
