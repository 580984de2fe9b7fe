"""Relevance of a text to a question, and the sentences to quote.

Relevance is the number of the question's informative terms
(:mod:`retrieval.text.shared_terms`: no function words) in heading and text.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from agent.tool_results import Passage
from retrieval.text.shared_terms import question_terms, stems

QUOTE = 600
"""Most characters of a quotation."""

_FIRST_CHINESE = "\u3400"

# A stop after a short word is an abbreviation more often than an end (art. R. 1234-2, Abs. 1).
_SENTENCE_END = re.compile(r"(?:(?<=\w{4})\.|[;!?])(?=\s+[^\W\da-zà-ÿ])|[。；！？]|\n")


class TermCoverage(NamedTuple):
    """Number of the question's terms in a passage."""

    held: int
    asked: int

    @property
    def share(self) -> float:
        """Return the share of terms found, from 0 to 1."""
        return self.held / self.asked if self.asked else 0.0

    @property
    def enough(self) -> bool:
        """Return whether the passage is relevant to the question.

        It must hold at least half of the terms, and more than one unless the question has only one:
        one shared word may be a coincidence.
        """
        return self.share >= 0.5 and self.held >= min(2, self.asked)


def coverage(question: str, passage: Passage) -> TermCoverage:
    """Return how many of the question's terms are in heading and text.

    Terms in the work's title are left out, since they say where to look and not what is asked,
    unless there are no others. Chinese pairs overlap and cross word boundaries, so there the
    characters in shared pairs are counted.
    """
    language = passage.language
    terms, title = question_terms(question, language), stems(passage.work_title, language)
    held = stems(passage.heading or "", language) | stems(passage.text, language)
    asked = (terms - title) or terms
    if not terms - title:
        held |= title
    return TermCoverage(len(_units(asked & held)), len(_units(asked)))


def _units(terms: frozenset[str]) -> frozenset[str]:
    """Return words and figures unchanged, Chinese pairs as their characters."""
    return frozenset().union(*(set(term) if term >= _FIRST_CHINESE else {term} for term in terms))


def best_quote(question: str, text: str, language: str) -> str:
    """Return the shortest run of whole sentences that covers most of the question.

    A text without any of its terms is quoted from its beginning. No quote is longer than
    :data:`QUOTE`; a longer sentence is cut at a space.
    """
    asked = question_terms(question, language)
    spans = sentence_spans(text)
    found = [stems(text[start:end], language) & asked for start, end in spans]
    best = (0, 0, spans[0][0], spans[0][1])
    for first, (start, _) in enumerate(spans):
        held: frozenset[str] = frozenset()
        for last in range(first, len(spans)):
            end = spans[last][1]
            if end - start > QUOTE and last > first:
                break
            held |= found[last]
            best = max(best, (len(held), start - end, start, end), key=lambda run: run[:2])
    return _shortened(text[best[2] : best[3]])


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences, without the white space around them."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    edges = [0, *ends, len(text)]
    spans = []
    for start, end in pairwise(edges):
        body = text[start:end].strip()
        if body:
            at = start + text[start:end].index(body)
            spans.append((at, at + len(body)))
    return spans


def _shortened(quote: str) -> str:
    if len(quote) <= QUOTE:
        return quote
    cut = quote[:QUOTE]
    return cut[: cut.rfind(" ")] if " " in cut else cut
