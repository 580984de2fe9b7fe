"""Provision numbers without a kind word, beside the name of a work: ``L. 3121-27 Code du travail``.

A number with a shape that only labels have (``6(1)(f)``, ``823 Abs. 1``, ``185條之3``) is a label
anywhere beside a name. A plain number (``144 Code civil``) is one only if the text consists of that
number and the name: in a sentence it may count years or cases.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from retrieval.citations.label_forms import CHINESE, Mention
from retrieval.citations.labels import bare_chinese, bare_number
from retrieval.citations.lexicon import Languages, lexicon
from retrieval.citations.work_names import Name, WorkNames

_REACH = 60
_START = re.compile(r"(?<![\w.§/-])(?:[LRD]\.?\s?(?=\d)|(?=\d))", re.IGNORECASE)
_CODIFIED = re.compile(r"[LRD]\.?\s?\d+-\d+", re.IGNORECASE)
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_PLAIN = re.compile(r"(?!(?:1[89]|20)\d\d$)\d{1,4}(?:[-.]\d{1,3}|[a-z]{1,2})?", re.IGNORECASE)
_BEHIND_NAME = re.compile(r"[\s,:》」』)）]*")
_ADORNMENT = re.compile(r"(?:l['’]|[\W_])*", re.IGNORECASE)

Span = tuple[int, int]


def bare_mentions(
    text: str, names: Sequence[Name], taken: Sequence[Span], known: WorkNames
) -> Iterator[Mention]:
    """Yield numbers beside ``names`` that may be labels, none of them in a ``taken`` span."""
    reached = 0
    spans = sorted(taken)
    starts = frozenset(name.start for name in names)
    for name in names:
        languages = _spoken(name, known)
        low = max(reached, name.start - _REACH)
        places = [match.start() for match in _START.finditer(text, low, name.start)]
        behind = _BEHIND_NAME.match(text, name.end)
        after = behind.end() if behind else name.end
        for place in (*places, after):
            if place < reached or _belongs(text, place, spans):
                continue
            found = _labelled(text, place, name, languages, starts)
            if found is not None and found.end > reached:
                reached = found.end
                yield found
        reached = max(reached, name.end)


def _labelled(
    text: str, place: int, name: Name, languages: Languages, starts: frozenset[int]
) -> Mention | None:
    """Return the label at ``place``, if its form or position identifies it as one."""
    if place >= name.end and CHINESE.match(text, place):
        return None if text[place] == "第" else bare_chinese(text, place)
    found = bare_number(text, place, languages, starts)
    if found is None or (place < name.start and found.end > name.start):
        return None
    return found if _tells(text, found) or _is_all(text, found, name) else None


def _tells(text: str, found: Mention) -> bool:
    """Return whether a number has a form that only labels have."""
    item = found.items[0]
    if _CODIFIED.match(text, found.start):
        return "fr" in found.languages
    if not item.parts or _YEAR.fullmatch(item.number):
        return False
    attached = text[item.start + len(item.number) : item.start + len(item.number) + 1]
    return bool(item.parts[0].kind) or attached == "("


def _is_all(text: str, found: Mention, name: Name) -> bool:
    """Return whether a text consists only of a number, its parts and the name of a work.

    The caller checks what follows the name (``144 Code civil suisse``).
    """
    low, high = min(found.start, name.start), max(found.end, name.end)
    between = text[min(found.end, name.end) : max(found.start, name.start)]
    if not _PLAIN.fullmatch(found.items[0].number) or not between.isspace():
        return False
    rest = text[high:] if found.start > name.start else _ending(text[high:])
    return all(_ADORNMENT.fullmatch(side) is not None for side in (text[:low], rest))


def _ending(rest: str) -> str:
    """Return what follows a name, without the adjective of another country."""
    goes_on = lexicon().foreign_words.match(rest)
    return rest[goes_on.end() :] if goes_on else rest


def _spoken(name: Name, known: WorkNames) -> Languages:
    language = known.works[name.work_ids[0]].language.partition("-")[0]
    return frozenset((language, "en"))


def _belongs(text: str, place: int, spans: Sequence[Span]) -> bool:
    """Return whether a position is in a parsed label, or continues a list after one."""
    last = bisect_right(spans, place, key=lambda span: span[0]) - 1
    if last < 0:
        return False
    end = spans[last][1]
    if place < end:
        return True
    gap = text[end:place].strip(" ,;\n\t") if place - end < _REACH else "far"
    return not gap or gap.casefold() in lexicon().ands
