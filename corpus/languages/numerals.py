"""Numbers as people write them: in digits however grouped, in words, in Chinese characters.

The words of each language are data (``numerals.toml``). What cannot be told from an ordinary word
(``one``, ``un``, ``ein``, ``viis``) is a number only beside a unit, and so is marked doubtful.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from corpus.languages.quotation import HAN_NUMERALS, SPACELESS
from corpus.model import Frozen
from corpus.provision_numbers import chinese_number


class Number(Frozen):
    """A number at ``[start, end)``. ``value`` compares: digits, or all of a token like ``12a``."""

    value: str
    words: str
    start: int
    end: int
    doubtful: bool = False


@dataclass(frozen=True, eq=False)
class _Language:
    """The number words of one language (see the comments of ``numerals.toml``)."""

    between: str
    doubtful: Sequence[str]
    words: Mapping[str, int]
    scales: Mapping[str, int]
    joined: str = ""
    abroad: Sequence[str] = ()


_LETTER = rf"[^\W\d_{SPACELESS}]"
_ORDINAL = "st|nd|rd|th|er|re|ère|ème|eme|o"
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
_TENS = range(20, 100, 10)


def numbers(text: str, own: Iterable[str], foreign: Iterable[str] = ()) -> list[Number]:
    """Return the numbers of a text (NFKC), in order, without overlaps.

    Args:
        text: what is read.
        own: the languages it may be in, whose number words count; Chinese characters and digits
            always do.
        foreign: languages whose number words count unless they mean something else in another.
    """
    found = [*_in_digits(text), *_in_han(text)]
    home = {tag.partition("-")[0] for tag in own}
    for name, language in _languages().items():
        if name in home:
            found += _in_words(text, language)
        elif name in foreign:
            words = _in_words(text, language)
            found += [number for number in words if number.words.lower() not in language.abroad]
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
        if head or (tail and not re.fullmatch(_ORDINAL, tail, re.IGNORECASE)):
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


def _in_words(text: str, known: _Language) -> Iterator[Number]:
    group: list[_Piece] = []
    for piece in _pieces(text, known):
        if group and not _joins(group[-1], piece, text[group[-1].end : piece.start], known):
            yield _composed(group, text, known)
            group = []
        group.append(piece)
    if group:
        yield _composed(group, text, known)


def _pieces(text: str, known: _Language) -> Iterator[_Piece]:
    """Yield the number words of a text; of a longer word only if all of it is understood."""
    values, pattern = {**known.words, **known.scales}, _pattern(known)
    for word in re.finditer(r"[^\W\d_]+", text):
        if len(word[0]) > _LONGEST_WORD or not (match := pattern.fullmatch(word[0])):
            continue
        for part in _part(known).finditer(match["number"]):
            start = word.start() + part.start()
            name = part[0].lower()
            yield _Piece(values[name], name in known.scales, start, word.start() + part.end())


def _joins(last: _Piece, piece: _Piece, gap: str, known: _Language) -> bool:
    """Tell whether two number words make one number: ``twenty five``, ``two hundred and six``."""
    if not re.fullmatch(rf"[\s-]{{0,3}}(?:{known.between}[\s-]{{0,3}})?", gap, re.IGNORECASE):
        return False
    together = not re.search(r"\w", gap)
    if piece.is_scale:
        return together
    if last.value >= 100:
        return piece.value < last.value
    if last.value in _TENS:
        return piece.value < 10 or (known.between == "et" and piece.value < 20)
    if last.value == 10:
        return gap == "-" and piece.value in (7, 8, 9)  # dix-sept
    unit_first = last.value < 10 and piece.value in _TENS and gap == known.between
    return unit_first or (last.value == 4 and piece.value == 20 and gap == "-")


def _composed(group: list[_Piece], text: str, known: _Language) -> Number:
    """Add up: a scale multiplies what stands before it, digits too (``5 million``)."""
    start, total, current = group[0].start, 0.0, 0.0
    digits = _BEFORE_SCALE.search(text, max(start - 20, 0), start)
    if group[0].is_scale and digits:
        start, current = digits.start(), float(plain_digits(digits[0]))
    for n, piece in enumerate(group):
        if n and piece.value == 20 and group[n - 1].value == 4:  # quatre-vingt
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
def _languages() -> dict[str, _Language]:
    raw = tomllib.loads((files(__package__) / "numerals.toml").read_text(encoding="utf-8"))
    return {name: _Language(**table) for name, table in raw.items()}


@cache
def _part(known: _Language) -> re.Pattern[str]:
    """Return the pattern of one number word, the longest first."""
    names = sorted((*known.words, *known.scales), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names)), re.IGNORECASE)


@cache
def _pattern(known: _Language) -> re.Pattern[str]:
    """Return the pattern of a word that is a number, with what may follow in the same word."""
    part = f"(?:{_part(known).pattern})"
    if not known.joined:
        return re.compile(f"(?P<number>{part})", re.IGNORECASE)
    inner = rf"{part}(?:(?:{known.between})?{part})*"
    return re.compile(rf"(?P<number>{inner})(?:(?:{known.joined})\w*)?", re.IGNORECASE)
