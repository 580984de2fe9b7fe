"""Figures in statutes: sums, rates, periods, prison terms and counts, in digits or in words.

What looks like a figure but is an address is left out: numbers of articles, dates, years, list
marks. The vocabulary of each language is data (``figures.toml``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cache

from corpus.languages.dates import month_names
from corpus.languages.tables import Pattern, read_table, table_language
from corpus.model import Frozen
from corpus.provision_numbers import chinese_number


class FigureKind(StrEnum):
    """What a figure measures."""

    MONEY = "money"
    RATE = "rate"
    PERIOD = "period"
    PRISON = "prison"
    COUNT = "count"


class Figure(Frozen):
    """A figure at ``[start, end)`` (characters) of a text; ``value`` compares, ``text`` reads."""

    kind: FigureKind
    start: int
    end: int
    text: str
    value: str


class FigureTable(Frozen):
    """The words of one language, as regular expressions where they inflect.

    ``joined`` languages write number and unit as one word (``viieaastane``, ``dreijährig``).
    ``reference`` are the words before the number of a provision.
    """

    numbers: dict[str, int]
    joined: bool = False
    money_before: Pattern
    money_after: Pattern
    rate: Pattern
    period: Pattern
    prison: Pattern
    reference: Pattern
    linking: Pattern
    month_link: Pattern = ""


_DIGITS = r"\d{1,3}(?:[ \u00a0\u202f.,]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_GROUPING = re.compile(r"[ \u00a0\u202f.,](?=\d{3}(?!\d))")
_CHINESE = r"(?P<number>[零〇一二两兩三四五六七八九十百千万萬亿億]+|\d[\d,.]*[万萬亿億]?)"
_CHINESE_FIGURES = {
    FigureKind.MONEY: rf"(?:新臺幣|新台幣|人民币|人民幣)?{_CHINESE}\s?元",
    FigureKind.RATE: rf"百分之{_CHINESE}|(?P<percent>\d[\d.]*)\s?[%％]",
    FigureKind.PERIOD: rf"(?<![第同每某年月日\d〇零]){_CHINESE}\s?"
    r"(?:年(?![一二三四五六七八九十\d]+月)|[个個]月|月(?![一二三四五六七八九十\d]+日|份)|日|天|[小]?[时時](?=以|内|內)|星期|[周週])",
    FigureKind.COUNT: rf"(?<![第之]){_CHINESE}(?=[人名倍次家股件])",
}
_CHINESE_PRISON = re.compile("徒刑|拘役|监禁|管制")
_FALLBACK = "en"
_NEAR = 60  # characters around a period in which a word for prison makes it a prison term


def figures(text: str, language: str) -> list[Figure]:
    """Return the figures of a text, in order, without overlaps."""
    found = _chinese(text) if language.startswith("zh") else _spaced(text, language)
    kept: list[Figure] = []
    for figure in sorted(found, key=lambda f: (f.start, -f.end)):
        if not kept or figure.start >= kept[-1].end:
            kept.append(figure)
    return kept


def _chinese(text: str) -> Iterator[Figure]:
    for kind, pattern in _CHINESE_FIGURES.items():
        for match in re.finditer(pattern, text):
            number = match["number"] or match.groupdict()["percent"]
            if (kind is FigureKind.COUNT and number == "一") or re.match(
                r"(1[89]|20)\d\d年", match[0]
            ):
                continue
            near = kind is FigureKind.PERIOD and _CHINESE_PRISON.search(text[match.end() :][:14])
            value = match[0].replace(number, _chinese_value(number), 1)
            yield _figure(FigureKind.PRISON if near else kind, match, value)


def _chinese_value(number: str) -> str:
    try:
        return chinese_number(number)
    except ValueError:  # beyond thousands: compares as written
        return number


def _spaced(text: str, language: str) -> Iterator[Figure]:
    words = _vocabulary(language)
    for kind, pattern in _patterns(language):
        for match in pattern.finditer(text):
            if kind is FigureKind.COUNT and _is_address(text, match, language):
                continue
            near = text[max(match.start() - _NEAR, 0) : match.end() + _NEAR]
            prison = kind is FigureKind.PERIOD and re.search(words.prison, near, re.IGNORECASE)
            number = match["number"]
            value = f"{_value(number, words)}{match[0].replace(number, '', 1).casefold()}"
            yield _figure(FigureKind.PRISON if prison else kind, match, value)


def _figure(kind: FigureKind, match: re.Match[str], value: str) -> Figure:
    return Figure(kind=kind, start=match.start(), end=match.end(), text=match[0], value=value)


def _value(number: str, words: FigureTable) -> str:
    """Return a number as digits, however it is grouped, or spelt in words."""
    if number[0].isdigit():
        return _GROUPING.sub("", number).replace(",", ".")
    parts = [words.numbers.get(part, 0) for part in number.casefold().split("-")]
    return str(sum(parts))


def _is_address(text: str, match: re.Match[str], language: str) -> bool:
    """Tell numbers of provisions, years, days of the month and a mere "one" from counts."""
    words = _vocabulary(language)
    number = match["number"]
    if re.fullmatch(r"(1[789]|20|21)\d\d", number) or _value(number, words) in ("0", "1"):
        return True
    link = rf"(?:[\w.()/-]+\s*(?:,|;|{words.linking})\s*)"
    before = text[max(match.start() - 60, 0) : match.start()]
    if re.search(rf"(?:{words.reference})\s*{link}{{0,4}}$", before, re.IGNORECASE):
        return True
    return _is_month(language).match(text[match.end() :][:20]) is not None


@cache
def _is_month(language: str) -> re.Pattern[str]:
    """Return the pattern of a month right behind the number of its day."""
    known = table_language(language, "dates")
    months = "|".join(month_names(known)) if known else "(?!)"
    link = _vocabulary(language).month_link
    return re.compile(rf"\.?\s*(?:{link})?(?:{months})", re.IGNORECASE)


@cache
def _vocabulary(language: str) -> FigureTable:
    return read_table(table_language(language, "figures") or _FALLBACK, "figures", FigureTable)


@cache
def _patterns(language: str) -> list[tuple[FigureKind, re.Pattern[str]]]:
    """Return the patterns of a language's figures; group ``number`` is the number in each."""
    words = _vocabulary(language)
    spelt = "|".join(sorted(words.numbers, key=len, reverse=True))
    unbound = rf"(?P<number>{_DIGITS}|(?:{spelt})(?:-(?:{spelt}))*)"
    number = rf"(?<![\w.,/(§-]){unbound}"
    gap = r"\s?-?" if words.joined else r"[\s-]"
    sources = [
        (FigureKind.MONEY, rf"(?:{words.money_before})\s?{unbound}"),
        (FigureKind.MONEY, rf"{number}\s?(?:{words.money_after})(?!\w)"),
        (FigureKind.RATE, rf"{number}\s?(?:{words.rate})(?!\w)"),
        (FigureKind.PERIOD, rf"{number}{gap}(?:{words.period})(?!\w)"),
        (FigureKind.COUNT, rf"{number}(?=\s[^\W\d]{{3}})"),
    ]
    return [(kind, re.compile(source, re.IGNORECASE)) for kind, source in sources]
