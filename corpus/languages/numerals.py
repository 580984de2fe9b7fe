"""Numbers as people write them: in digits however grouped, in words, in Chinese characters.

The words of each language are data (its ``numerals.toml``). What cannot be told from an ordinary
word (``one``, ``un``, ``ein``, ``viis``) is a number only beside a unit, and so is marked doubtful.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from pydantic import Field

from corpus.languages.quotation import HAN_NUMERALS, SPACELESS
from corpus.languages.tables import Pattern, base_language, languages, read_table
from corpus.model import Frozen
from corpus.provision_numbers import chinese_number


class Number(Frozen):
    """A number at ``[start, end)``. ``value`` compares: digits, or all of a token like ``12a``."""

    value: str
    words: str
    start: int
    end: int
    doubtful: bool = False


class NumeralTable(Frozen):
    """The number words of one language (``numerals.toml``).

    A scale multiplies the number before it; ``between`` may stand between two words. ``doubtful``
    words mean something else just as often, and are numbers only beside a unit; those ``abroad``
    mean something else in another language. A language that writes number and unit as one word
    says in ``joined`` what may follow the number. ``ordinals`` may follow digits. With
    ``twenties``, tens go on to nineteen and four twenties are eighty (``soixante et onze``,
    ``quatre-vingt``).
    """

    between: Pattern = ""
    doubtful: tuple[str, ...] = ()
    words: dict[str, int] = Field(default_factory=dict)
    scales: dict[str, int] = Field(default_factory=dict)
    joined: Pattern = ""
    abroad: tuple[str, ...] = ()
    ordinals: tuple[str, ...] = ()
    twenties: bool = False


_LETTER = rf"[^\W\d_{SPACELESS}]"
_DIGITS = re.compile(
    rf"(?P<head>(?:{_LETTER}|\.(?<={_LETTER}\.)){{0,6}})"
    r"(?P<number>\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"
    rf"(?P<tail>{_LETTER}*)(?P<scale>\s?[万萬亿億])?"
)
_GROUPING = re.compile(r"[ \u00a0\u202f.,](?=\d{3}(?!\d))")
_HAN = re.compile(
    rf"(?P<ordinal>第?)(?P<number>[{HAN_NUMERALS}]+)"
    r"(?=(?P<unit>[个個]?[年月日天周週時时]|[个個岁歲元圆圓人名倍次家股件份成款项項条條章节節编編位种種级級度%]|分之))?"
)
_HAN_SCALES = (("亿億", 10**8), ("万萬", 10**4))
_BEFORE_SCALE = re.compile(r"(?<![\d.,])\d+(?:[.,]\d+)?(?=\s?$)")
_LONGEST_WORD = 80
_WORD = re.compile(r"[^\W\d_]+")
_TENS = range(20, 100, 10)
_FOUR_TWENTIES = (4, 20)
_TWENTIES = {_FOUR_TWENTIES, (10, 7), (10, 8), (10, 9)}


def numbers(text: str, own: Iterable[str], foreign: Iterable[str] = ()) -> list[Number]:
    """Return the numbers of a text (NFKC), in order, without overlaps.

    Args:
        text: what is read.
        own: the languages it may be in, whose number words count; Chinese characters and digits
            always do.
        foreign: languages whose number words count unless they mean something else in another.
    """
    found = [*_in_digits(text), *_in_han(text)]
    home = {base_language(tag) for tag in own}
    for name in languages("numerals"):
        if name in home:
            found += _in_words(text, name)
        elif name in foreign:
            words, abroad = _in_words(text, name), numeral_table(name).abroad
            found += [number for number in words if number.words.lower() not in abroad]
    kept: list[Number] = []
    for number in sorted(found, key=lambda n: (n.start, -n.end)):
        if not kept or number.start >= kept[-1].end:
            kept.append(number)
    return kept


def plain_digits(number: str) -> str:
    """Return digits however grouped in one form: ``10,000`` and ``10 000`` give ``10000``."""
    return _point(_GROUPING.sub("", number))


def _point(number: str) -> str:
    """Return a number without needless zeros, with a point before its fraction."""
    whole, _, fraction = number.replace(",", ".").partition(".")
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole


def _in_digits(text: str) -> Iterator[Number]:
    for match in _DIGITS.finditer(text):
        head, digits, tail = match["head"], match["number"], match["tail"]
        value, start = plain_digits(digits), match.start("number")
        if head or (tail and not _ordinal().fullmatch(tail)):
            value, start = f"{head}{digits}{tail}".casefold(), match.start()
        elif match["scale"] and value.count(".") < 2:
            value = _scaled(value, 10**8 if match["scale"].strip() in "亿億" else 10**4)
        yield Number(value=value, words=match[0].strip(), start=start, end=match.end())


def _scaled(value: str, scale: int) -> str:
    return _point(f"{float(value) * scale:.6f}")


def _in_han(text: str) -> Iterator[Number]:
    for match in _HAN.finditer(text):
        numeral = match["number"]
        alone = len(numeral) == 1 and not match["ordinal"]
        if alone and not match["unit"]:
            continue
        value = _han_value(numeral)
        if value is not None:
            yield Number(
                value=str(value),
                words=match[0],
                start=match.start(),
                end=match.end(),
                doubtful=alone and numeral == "一",
            )


def _han_value(numeral: str) -> int | None:
    for marks, scale in _HAN_SCALES:
        left, mark, right = _cut(numeral, marks)
        if mark:
            high, low = _han_value(left or "一"), _han_value(right or "零")
            return None if high is None or low is None else high * scale + low
    try:
        return int(chinese_number(numeral.replace("兩", "两")))
    except ValueError:
        return None


def _cut(numeral: str, marks: str) -> tuple[str, str, str]:
    at = next((n for n in range(len(numeral) - 1, -1, -1) if numeral[n] in marks), -1)
    return (numeral[:at], numeral[at], numeral[at + 1 :]) if at >= 0 else (numeral, "", "")


class _Piece(NamedTuple):
    """One number word, perhaps inside a longer word."""

    value: int
    is_scale: bool
    start: int
    end: int


def _in_words(text: str, language: str) -> Iterator[Number]:
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
    """Yield the number words of a text; of a longer word only if all of it is understood."""
    values, scales = _values(language), numeral_table(language).scales
    part, pattern = _part(language), _pattern(language)
    for word in _WORD.finditer(text):
        if len(word[0]) > _LONGEST_WORD or not (match := pattern.fullmatch(word[0])):
            continue
        for found in part.finditer(match["number"]):
            start, name = word.start() + found.start(), found[0].lower()
            yield _Piece(values[name], name in scales, start, word.start() + found.end())


def _joins(last: _Piece, piece: _Piece, gap: str, known: NumeralTable) -> bool:
    """Tell whether two number words make one number: ``twenty five``, ``two hundred and six``."""
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
    """Add up: a scale multiplies what stands before it, digits too (``5 million``)."""
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
        value=_point(f"{total + current:.6f}"),
        words=words,
        start=start,
        end=group[-1].end,
        doubtful=words.lower() in known.doubtful,
    )


@cache
def numeral_table(language: str) -> NumeralTable:
    """Return the number words of a language.

    Raises:
        SourceError: there are none; see :func:`corpus.languages.tables.languages`.
    """
    return read_table(language, "numerals", NumeralTable)


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
