"""Figures in statutes: sums, rates, periods, prison terms and counts, in digits or in words.

Numbers that are not figures are left out: article numbers, dates, years, list marks. The words of
each language are data (``figures.toml`` and ``numerals.toml``);
:mod:`corpus.languages.stated_figures` reads the figures of a sentence by kind, from the same
tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from corpus.languages.character_numerals import character_value, numeral_characters
from corpus.languages.dates import month_names
from corpus.languages.figure_words import FigureKind, FigureTable, figure_table
from corpus.languages.numeral_table import numeral_table
from corpus.languages.numerals import number_words, plain_digits
from corpus.languages.tables import table_language
from corpus.model import Frozen


class Figure(Frozen):
    """A figure at ``[start, end)`` of a text; ``value`` is normalised, ``text`` as written."""

    kind: FigureKind
    start: int
    end: int
    text: str
    value: str


_Spelt = tuple[int, int, str]  # a number's start, end and value

_DIGITS = re.compile(r"\d{1,3}(?:[ \u00a0\u202f.,]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?")
_YEAR = re.compile(r"(?:1[789]|20|21)\d\d")
_BOUND = re.compile(r"[\w.,/(§-]")  # right before what is no number by itself
_COUNTS = re.compile(r"(?=\s[^\W\d]{3})")


def figures(text: str, language: str) -> list[Figure]:
    """Return the figures of a text, in order, without overlaps."""
    words = figure_table(language)
    found = _whole(text, words) if words.patterns else _composed(text, language, words)
    kept: list[Figure] = []
    for figure in sorted(found, key=lambda f: (f.start, -f.end)):
        if not kept or figure.start >= kept[-1].end:
            kept.append(figure)
    return kept


def _whole(text: str, words: FigureTable) -> Iterator[Figure]:
    """Yield the figures of a script without spaces between words."""
    for kind, patterns in words.patterns.items():
        for pattern in patterns:
            for match in _with_number(pattern).finditer(text):
                value = match[0].replace(match["number"], character_value(match["number"]), 1)
                yield _figure(kind, text, *match.span(), value, words)


def _composed(text: str, language: str, words: FigureTable) -> Iterator[Figure]:
    """Yield a number with its currency symbol or unit, or alone."""
    for start, end, value in _numbers(text, language):
        if symbol := _symbol(language).search(text, max(start - 8, 0), start):
            said = f"{value}{symbol[0].casefold()}"
            yield _figure(FigureKind.MONEY, text, symbol.start(), end, said, words)
        if start and _BOUND.match(text[start - 1]):
            continue
        for kind, pattern in _behind(language):
            match = pattern.match(text, end)
            if match is None or (
                kind is FigureKind.COUNT and _is_address(text, start, end, value, language)
            ):
                continue
            said = f"{value}{match[0].casefold()}"
            yield _figure(kind, text, start, match.end(), said, words)


def _figure(  # noqa: PLR0913
    kind: FigureKind, text: str, start: int, end: int, value: str, words: FigureTable
) -> Figure:
    if kind is FigureKind.PERIOD and _is_prison(text, start, end, words):
        kind = FigureKind.PRISON
    return Figure(kind=kind, start=start, end=end, text=text[start:end], value=value)


def _is_prison(text: str, start: int, end: int, words: FigureTable) -> bool:
    near = text[max(start - words.prison_before, 0) : end + words.prison_after]
    if not words.prison_before:
        near = near[end - start :]
    return re.search(words.prison, near, re.IGNORECASE) is not None


def _numbers(text: str, language: str) -> Iterator[_Spelt]:
    """Yield numbers in digits and in the words of the language."""
    for match in _DIGITS.finditer(text):
        yield match.start(), match.end(), plain_digits(match[0])
    known = table_language(language, "numerals")
    for number in number_words(text, known) if known else ():
        yield number.start, number.end, number.value


def _is_address(text: str, start: int, end: int, value: str, language: str) -> bool:
    """Return whether a number is a provision number, a year, a day of the month or a mere "one"."""
    if _YEAR.fullmatch(text[start:end]) or value in ("0", "1"):
        return True
    if _address(language).search(text[max(start - 60, 0) : start]):
        return True
    return _month(language).match(text[end:][:20]) is not None


@cache
def _address(language: str) -> re.Pattern[str]:
    """Return the pattern of words before a number that is not a count."""
    words = figure_table(language).addresses
    link = rf"(?:[\w.()/-]+\s*(?:,|;|{words.lists})\s*)"
    return re.compile(rf"(?:{words.uncounted})\s*{link}{{0,4}}$", re.IGNORECASE)


@cache
def _month(language: str) -> re.Pattern[str]:
    """Return the pattern of a month name after the number of its day."""
    known = table_language(language, "dates")
    months = _any(month_names(known) if known else (), escape=True)
    link = figure_table(language).month_link
    return re.compile(rf"\.?\s*(?:{link})?(?:{months})", re.IGNORECASE)


@cache
def _symbol(language: str) -> re.Pattern[str]:
    """Return the pattern of a currency symbol before a number."""
    symbols = sorted(figure_table(language).symbols, key=len, reverse=True)
    return re.compile(rf"(?:{_any(symbols, escape=True)})\s?$", re.IGNORECASE)


@cache
def _behind(language: str) -> list[tuple[FigureKind, re.Pattern[str]]]:
    """Return the patterns after a number by which its kind is recognised."""
    words = figure_table(language)
    periods = _units(words, words.period)
    known = table_language(language, "numerals")
    gap = r"\s?-?" if known and numeral_table(known).joined else r"[\s-]"
    link = f"(?:{words.scale_link})?"
    sources = [
        (FigureKind.MONEY, rf"\s?{link}(?:{_units(words, words.money)})(?!\w)"),
        (FigureKind.RATE, rf"\s?(?:%|{_units(words, words.rate)})(?!\w)"),
        (
            FigureKind.PERIOD,
            rf"{gap}(?:{words.qualifiers})?(?:{periods})(?:{words.after_period})?(?!\w)",
        ),
    ]
    found = [(kind, re.compile(source, re.IGNORECASE)) for kind, source in sources]
    return [*found, (FigureKind.COUNT, _COUNTS)]


def _units(words: FigureTable, units: dict[str, str]) -> str:
    """Return the pattern of some units, including those recognised only next to the number."""
    close = (pattern for name, pattern in words.close.items() if name in units)
    return _any([*units.values(), *close])


@cache
def _with_number(pattern: str) -> re.Pattern[str]:
    number = rf"(?P<number>[{numeral_characters()}]+|\d[\d,.]*[{numeral_characters()}]?)"
    return re.compile(pattern.replace("{number}", number), re.IGNORECASE)


def _any(parts: Iterable[str], *, escape: bool = False) -> str:
    return "|".join(map(re.escape, parts) if escape else parts) or "(?!)"
