"""Figures that an amendment replaced, each with the unchanged words around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.compare import compare_texts
from corpus.languages.figures import Figure, figures
from corpus.model import Frozen

_LEAD, _TAIL, _LONGEST_LEAD = 70, 50, 200
_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


class Change(Frozen):
    """One figure that an amendment replaced, and the unchanged words around it.

    ``lead`` and ``tail`` stand directly before and after the figure in both texts; :func:`between`
    finds the figure by them.
    """

    before: Figure
    after: Figure
    lead: str
    tail: str


def changed_figures(before: str, after: str, language: str) -> list[Change]:
    """Return the figures that differ between two versions of a text, with their context.

    Only a replacement of exactly one figure by one of the same kind counts, and only if the words
    around it are unchanged and occur once in either text.
    """
    old, new = figures(before, language), figures(after, language)
    found = []
    for (start, end), (left, right) in _replacements(before, after):
        was = [figure for figure in old if figure.start < end and start < figure.end]
        now = [figure for figure in new if figure.start < right and left < figure.end]
        if len(was) == len(now) == 1:
            change = _framed(was[0], now[0], before, after)
            if change is not None:
                found.append(change)
    return found


def between(text: str, lead: str, tail: str) -> str | None:
    """Return the text between ``lead`` and ``tail``; ``None`` if they do not occur."""
    at = text.find(lead)
    if at < 0:
        return None
    start = at + len(lead)
    end = text.find(tail, start) if tail else len(text)
    return text[start:end] if end > start else None


def _replacements(before: str, after: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield the positions of each removed stretch and of the addition after it."""
    at, to = 0, 0
    removed: tuple[int, int] | None = None
    for segment in compare_texts(before, after):
        length = len(segment.text)
        if segment.kind == "removed":
            removed = (at, at + length)
        elif segment.kind == "added" and removed is not None:
            yield removed, (to, to + length)
        if segment.kind != "removed":
            removed, to = None, to + length
        if segment.kind != "added":
            at += length


def _framed(was: Figure, now: Figure, before: str, after: str) -> Change | None:
    if was.kind is not now.kind or was.value == now.value:
        return None
    lead = _common_end(before[: was.start], after[: now.start])
    tail = _word_end(_common_start(before[was.end :], after[now.end :]), _TAIL)
    if not tail and (before[was.end :] or after[now.end :]):
        return None
    for size in range(_LEAD, _LONGEST_LEAD + 1, 10):
        part = _word_start(lead, size)
        found = between(before, part, tail), between(after, part, tail)
        once = before.count(part) == after.count(part) == 1
        if once and found == (was.text, now.text) and _says_enough(part):
            return Change(before=was, after=now, lead=part, tail=tail)
    return None


def _common_end(a: str, b: str) -> str:
    return _common_start(a[::-1][:_LONGEST_LEAD], b[::-1][:_LONGEST_LEAD])[::-1]


def _common_start(a: str, b: str) -> str:
    length = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        length += 1
    return a[:length]


def _word_start(text: str, size: int) -> str:
    """Return the last ``size`` characters, starting at a word boundary."""
    part = text[-size:]
    if len(part) == len(text) or _SPACELESS.search(part):
        return part
    return part.partition(" ")[2]


def _word_end(text: str, size: int) -> str:
    part = text[:size].partition("\n")[0]
    if len(part) == len(text) or _SPACELESS.search(part):
        return part
    return part.rpartition(" ")[0] or part


def _says_enough(lead: str) -> bool:
    needed = 6 if _SPACELESS.search(lead) else 12
    return len(lead.strip()) >= needed
