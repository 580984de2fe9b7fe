"""Amending instruments: which provisions they change, and when the changes take effect.

A consolidated text shows only the sum of all amendments. If the source also says what each of them
changed, texts can be dated article by article: an article that no instrument changed between two
editions stood unchanged; one that was changed twice had a text in between that nobody recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from corpus.model import EndReason, Frozen
from corpus.provision_numbers import label_key

Number = tuple[int, ...]
"""Numbers in a label: ``第38-1條`` is ``(38, 1)``. Empty if the label has none."""


class ArticleRange(Frozen):
    """The articles from ``first`` to ``last``; for one article only its paragraphs ``parts``."""

    first: Number
    last: Number
    parts: tuple[int, ...] = ()

    def holds(self, label: Number) -> bool:
        """Return whether the range contains a label's number."""
        return bool(label) and self.first <= label <= self.last


class Start(Frozen):
    """Commencement of a text, and the date since which it is public (``known``).

    Without a ``day``, the commencement is still to be fixed (``pending``) or is not recorded.
    """

    day: date | None = None
    known: date | None = None
    pending: bool = False
    condition: str | None = None


class Rule(Frozen):
    """A separate commencement for some articles of an amendment."""

    spans: tuple[ArticleRange, ...]
    start: Start


class Amendment(Frozen):
    """One instrument: the enactment itself, or an amendment.

    ``touched`` is ``None`` if the instrument may have changed anything. ``inserted`` are those of
    the touched articles that did not exist before. ``enacted_as`` is the instrument as it stood
    before a later order fixed its commencement. ``ends`` means that no text of what it touches is
    left, whatever later editions print; ``gone`` is the reason of the end.
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
        """Return whether the instrument changed, or may have changed, the article."""
        return self.touched is None or _within(label, self.touched)

    def inserts(self, label: Number) -> bool:
        """Return whether the instrument inserted the article."""
        return _within(label, self.inserted)

    def starts(self, label: Number, paragraphs: int = 0) -> tuple[Start, ...]:
        """Return the commencements of the article as amended; several if its parts differ.

        ``paragraphs`` is the number of paragraphs of the article; if each has its own commencement,
        the default does not apply.
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
    """Return the numbers in a label, for comparison and ranges.

    Chinese numerals are converted: ``第二百八十条之一`` gives ``(280, 1)``.
    """
    return tuple(int(n) for n in re.findall(r"\d+", label_key(label)))


def _within(label: Number, spans: Iterable[ArticleRange]) -> bool:
    return any(span.holds(label) for span in spans)


def _distinct(starts: Iterable[Start]) -> tuple[Start, ...]:
    return tuple(dict.fromkeys(starts))
