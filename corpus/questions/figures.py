"""Figures in statutes: sums, rates, periods, prison terms and counts, in digits or in words.

What looks like a figure but is an address is left out: numbers of articles, dates, years, list
marks. The vocabulary of each language is data (``figures.toml``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from importlib.resources import files

from corpus.compare import compare_texts
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


class Change(Frozen):
    """One figure that an amendment replaced, and the words around it that stayed the same.

    ``lead`` and ``tail`` stand directly before and after the figure in both texts, and find it
    again: see :func:`between`.
    """

    before: Figure
    after: Figure
    lead: str
    tail: str


class _Vocabulary(Frozen):
    """The words of one language, as regular expressions where they inflect.

    ``joined`` languages write number and unit as one word (``viieaastane``, ``dreijährig``).
    ``reference`` are the words before the number of a provision.
    """

    numbers: dict[str, int]
    joined: bool = False
    money_before: str
    money_after: str
    rate: str
    period: str
    prison: str
    reference: str
    linking: str
    months: str


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
_NEAR = 60  # characters around a period in which a word for prison makes it a prison term
_LEAD, _TAIL, _LONGEST_LEAD = 70, 50, 200
_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


def figures(text: str, language: str) -> list[Figure]:
    """Return the figures of a text, in order, without overlaps."""
    found = _chinese(text) if language.startswith("zh") else _spaced(text, language)
    kept: list[Figure] = []
    for figure in sorted(found, key=lambda f: (f.start, -f.end)):
        if not kept or figure.start >= kept[-1].end:
            kept.append(figure)
    return kept


def changed_figures(before: str, after: str, language: str) -> list[Change]:
    """Return the figures that differ between two versions of a text, each with its frame.

    Only a replacement of exactly one figure by one of the same kind counts, and only where the
    words around it stayed and occur once in either text.
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
    """Return what stands between ``lead`` and ``tail``, ``None`` where the frame does not fit."""
    at = text.find(lead)
    if at < 0:
        return None
    start = at + len(lead)
    end = text.find(tail, start) if tail else len(text)
    return text[start:end] if end > start else None


def _replacements(before: str, after: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield the places of each removed stretch and of the addition that follows it."""
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
    """Return the last ``size`` characters, not beginning inside a word."""
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


def _value(number: str, words: _Vocabulary) -> str:
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
    return bool(re.match(rf"\.?\s*(?:{words.months})", text[match.end() :][:20], re.IGNORECASE))


@cache
def _vocabulary(language: str) -> _Vocabulary:
    raw = files(__package__).joinpath("figures.toml").read_text(encoding="utf-8")
    data = tomllib.loads(raw)
    return _Vocabulary.model_validate(data.get(language.partition("-")[0], data["en"]))


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
