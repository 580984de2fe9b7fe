"""Find a quotation in a text, and the quotations of a sentence.

Two texts are compared after these normalisations only: Unicode canonical composition (NFC);
invisible characters (:data:`UNSEEN`) are ignored; any run of white space equals any other;
quotation marks and apostrophes of one kind (double, single) are equal, and so are hyphen and
non-breaking hyphen. A quotation may not cut a word or a figure: "lawful" is not found in
"unlawful", nor "5 years" in "15 years" or "2.5 years".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from corpus.languages.character_numerals import numeral_characters

UNSEEN = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Invisible characters (controls, directions, joiners and others), as a regex class."""

SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
"""Scripts that write no spaces between words, as a regex class."""

_DOUBLE = '"“”„‟«»＂「」｢｣﹁﹂〝〞〟❝❞'
_SINGLE = "'‘’‚‛‹›＇『』﹃﹄❛❜`´"
_SAME = str.maketrans(
    dict.fromkeys(_DOUBLE, '"') | dict.fromkeys(_SINGLE, "'") | dict.fromkeys("\u2010\u2011", "-")
)
_UNSEEN = re.compile(f"[{UNSEEN}]")
_RUN = re.compile(rf"(?P<unseen>[{UNSEEN}]+)|(?P<space>\s(?:[\s{UNSEEN}]*\s)?)|[^\s{UNSEEN}]+")
_CLUSTER = re.compile(r".[\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]*")
_LETTER = re.compile(rf"[^\W{SPACELESS}]")
_MASK = "\ufffc"
# An apostrophe stands between the letters of a word; no script without spaces has one.
_QUOTED = re.compile(
    r"\"(?P<double>[^\"]*)(?:\"|\Z)"
    rf"|(?<![^\W{SPACELESS}])'(?P<single>\S(?:.*?\S)??)'(?![^\W{SPACELESS}])"
)


class _Folded(NamedTuple):
    """A normalised text; its character ``i`` comes from ``[starts[i], ends[i])``."""

    text: str
    starts: list[int]
    ends: list[int]


def seen(text: str) -> str:
    """Return a text without the characters of :data:`UNSEEN`."""
    return _UNSEEN.sub("", text)


def quoted_span(quote: str, text: str) -> tuple[int, int] | None:
    """Return the position of ``quote`` in ``text`` (characters), or ``None``."""
    needle = _fold(quote.strip()).text.strip()
    folded = _fold(text)
    at = next(_places(needle, folded.text), None)
    if at is None:
        return None
    return folded.starts[at], folded.ends[at + len(needle) - 1]


def unquoted(text: str, quotes: Iterable[str]) -> str:
    """Return ``text``, normalised, with every occurrence of these quotations masked."""
    folded = _fold(text).text
    for quote in sorted((_fold(quote.strip()).text.strip() for quote in quotes), key=len)[::-1]:
        for at in list(_places(quote, folded)):
            folded = folded[:at] + _MASK * len(quote) + folded[at + len(quote) :]
    return folded


def quotations(text: str, quotes: Iterable[str]) -> list[str]:
    """Return the passages of ``text`` in quotation marks, except the given quotations."""
    whole, masked = _fold(text).text, unquoted(text, quotes)
    found = []
    for match in _QUOTED.finditer(masked):
        start, end = match.span("double" if match["double"] is not None else "single")
        if any(char.isalnum() for char in masked[start:end]):
            found.append(whole[start:end].strip(" '"))
    return found


def _places(needle: str, text: str) -> Iterator[int]:
    """Yield the positions at which the needle occurs as whole words."""
    if not any(char.isalnum() for char in needle):
        return
    at = text.find(needle)
    while at >= 0:
        end = at + len(needle)
        if not _cuts(text[at], text[max(at - 2, 0) : at][::-1]) and not (
            _cuts(text[end - 1], text[end : end + 2])
        ):
            yield at
        at = text.find(needle, at + 1)


def _cuts(edge: str, beyond: str) -> bool:
    """Return whether ``beyond`` continues the word or figure that ends in ``edge``."""
    if not beyond:
        return False
    if unicodedata.combining(beyond[0]):
        return True
    if edge in numeral_characters():
        return beyond[0] in numeral_characters()
    if not _LETTER.match(edge):
        return False
    point = edge.isdigit() and beyond[0] in ".," and beyond[1:].isdigit()
    return point or _LETTER.match(beyond[0]) is not None


@lru_cache(maxsize=64)
def _fold(text: str) -> _Folded:
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _RUN.finditer(text):
        if match["unseen"]:
            continue
        for piece, start, end in _pieces(match):
            parts.append(piece)
            starts += range(start, start + len(piece)) if len(piece) > 1 else (start,)
            ends += range(start + 1, start + len(piece) + 1) if len(piece) > 1 else (end,)
    return _Folded("".join(parts).translate(_SAME), starts, ends)


def _pieces(match: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """Yield a run as pieces with their positions, composed cluster by cluster if needed."""
    start, end = match.span()
    if match["space"]:
        yield " ", start, end
    elif unicodedata.is_normalized("NFC", match[0]):
        yield match[0], start, end
    else:
        for cluster in _CLUSTER.finditer(match[0]):
            for char in unicodedata.normalize("NFC", cluster[0]):
                yield char, start + cluster.start(), start + cluster.end()
