"""Numbers in text: in digits with any grouping, in words, in Chinese characters.

The words of each language are data (``numerals.toml``). Words that are also ordinary words
(``one``, ``un``, ``ein``, ``viis``) are marked doubtful: they are numbers only before a unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from corpus.languages.character_numerals import in_characters, scale_behind
from corpus.languages.numeral_table import Number, NumeralTable, numeral_table, point
from corpus.languages.quotation import SPACELESS
from corpus.languages.tables import base_language, languages

_LETTER = rf"[^\W\d_{SPACELESS}]"
_DIGITS = re.compile(
    rf"(?P<head>(?:{_LETTER}|\.(?<={_LETTER}\.)){{0,6}})"
    r"(?P<number>\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"
    rf"(?P<tail>{_LETTER}*)"
)
_GROUPING = re.compile(r"[ \u00a0\u202f.,](?=\d{3}(?!\d))")
_BEFORE_SCALE = re.compile(r"(?<![\d.,])\d+(?:[.,]\d+)?(?=\s?$)")
_LONGEST_WORD = 80
_WORD = re.compile(r"[^\W\d_]+")
_TENS = range(20, 100, 10)
_FOUR_TWENTIES = (4, 20)
_TWENTIES = {_FOUR_TWENTIES, (10, 7), (10, 8), (10, 9)}


def numbers(text: str, own: Iterable[str], foreign: Iterable[str] = ()) -> list[Number]:
    """Return the numbers of a text (NFKC), in order, without overlaps.

    Args:
        text: the text.
        own: its possible languages, whose number words count; digits and Chinese characters always
            do.
        foreign: languages whose number words count unless they mean something else in another.
    """
    found = [*_in_digits(text), *in_characters(text)]
    home = {base_language(tag) for tag in own}
    for name in languages("numerals"):
        if not numeral_table(name).words:
            continue
        if name in home:
            found += number_words(text, name)
        elif name in foreign:
            words, abroad = number_words(text, name), numeral_table(name).abroad
            found += [number for number in words if number.words.lower() not in abroad]
    kept: list[Number] = []
    for number in sorted(found, key=lambda n: (n.start, -n.end)):
        if not kept or number.start >= kept[-1].end:
            kept.append(number)
    return kept


def plain_digits(number: str) -> str:
    """Return digits without grouping: ``10,000`` and ``10 000`` give ``10000``."""
    return point(_GROUPING.sub("", number))


def _in_digits(text: str) -> Iterator[Number]:
    for match in _DIGITS.finditer(text):
        head, digits, tail = match["head"], match["number"], match["tail"]
        value, start = plain_digits(digits), match.start("number")
        if head or (tail and not _ordinal().fullmatch(tail)):
            value, start = f"{head}{digits}{tail}".casefold(), match.start()
            yield Number(value=value, words=match[0].strip(), start=start, end=match.end())
            continue
        scale, end = scale_behind(text, match.end())
        if scale > 1 and value.count(".") < 2:
            value = point(f"{float(value) * scale:.6f}")
        words = text[match.start() : end].strip()
        yield Number(value=value, words=words, start=start, end=end)


class _Piece(NamedTuple):
    """One number word, perhaps inside a longer word."""

    value: int
    is_scale: bool
    start: int
    end: int


def number_words(text: str, language: str) -> Iterator[Number]:
    """Yield the numbers written in the words of a language."""
    group: list[_Piece] = []
    known = numeral_table(language)
    for piece in _pieces(text, language):
        if group and not _joins(group[-1], piece, text[group[-1].end : piece.start], known):
            yield _composed(group, text, known)
            group = []
        group.append(piece)
    if group:
        yield _composed(group, text, known)


def _pieces(text: str, language: str) -> Iterator[_Piece]:
    """Yield the number words of a text; parts of a longer word only if all of it is known."""
    values, scales = _values(language), numeral_table(language).scales
    part, pattern = _part(language), _pattern(language)
    for word in _WORD.finditer(text):
        if len(word[0]) > _LONGEST_WORD or not (match := pattern.fullmatch(word[0])):
            continue
        for found in part.finditer(match["number"]):
            start, name = word.start() + found.start(), found[0].lower()
            yield _Piece(values[name], name in scales, start, word.start() + found.end())


def _joins(last: _Piece, piece: _Piece, gap: str, known: NumeralTable) -> bool:
    """Return whether two number words form one number: ``twenty five``, ``two hundred and six``."""
    if not re.fullmatch(rf"[\s-]{{0,3}}(?:{known.between}[\s-]{{0,3}})?", gap, re.IGNORECASE):
        return False
    together = not re.search(r"\w", gap)
    if piece.is_scale:
        return together
    if last.value >= 100:
        return piece.value < last.value
    if last.value in _TENS:
        return piece.value < (20 if known.twenties else 10)
    if known.twenties and gap == "-":
        return (last.value, piece.value) in _TWENTIES
    return last.value < 10 and piece.value in _TENS and gap == known.between


def _composed(group: list[_Piece], text: str, known: NumeralTable) -> Number:
    """Return the value of number words: scales multiply what is before them (``5 million``)."""
    start, total, current = group[0].start, 0.0, 0.0
    digits = _BEFORE_SCALE.search(text, max(start - 20, 0), start)
    if group[0].is_scale and digits:
        start, current = digits.start(), float(plain_digits(digits[0]))
    for n, piece in enumerate(group):
        if known.twenties and n and (group[n - 1].value, piece.value) == _FOUR_TWENTIES:
            current += 76
        elif not piece.is_scale:
            current += piece.value
        elif piece.value == 100:
            current = (current or 1) * 100
        else:
            total, current = total + (current or 1) * piece.value, 0
    words = text[start : group[-1].end]
    return Number(
        value=point(f"{total + current:.6f}"),
        words=words,
        start=start,
        end=group[-1].end,
        doubtful=words.lower() in known.doubtful,
    )


@cache
def _values(language: str) -> dict[str, int]:
    known = numeral_table(language)
    return {**known.words, **known.scales}


@cache
def _part(language: str) -> re.Pattern[str]:
    """Return the pattern of one number word, the longest first."""
    names = sorted(_values(language), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names)) or "(?!)", re.IGNORECASE)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    """Return the pattern of a word that is a number, with what may follow in the same word."""
    known, part = numeral_table(language), f"(?:{_part(language).pattern})"
    if not known.joined:
        return re.compile(f"(?P<number>{part})", re.IGNORECASE)
    inner = rf"{part}(?:(?:{known.between})?{part})*"
    return re.compile(rf"(?P<number>{inner})(?:(?:{known.joined})\w*)?", re.IGNORECASE)


@cache
def _ordinal() -> re.Pattern[str]:
    """Return the pattern of what may follow the digits of an ordinal, in any language."""
    endings = (e for language in languages("numerals") for e in numeral_table(language).ordinals)
    return re.compile("|".join(map(re.escape, endings)), re.IGNORECASE)
