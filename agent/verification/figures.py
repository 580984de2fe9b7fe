"""The figures of a sentence, and whether the law it cites holds them.

Four kinds are told apart, because a number means nothing by itself: full *dates*; *numbers of
provisions* (``section 12``, ``第十二条``), compared as labels are; *quantities*, a number with its
unit (``12 months`` is not ``12 days``); and every other *number*. A number spelt out equals its
digits, in English, French, German, Spanish, Estonian and Chinese.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple

from pydantic import Field

from corpus.languages.dates import find_dates
from corpus.languages.numerals import Number, numbers
from corpus.languages.quotation import SPACELESS, seen
from corpus.languages.tables import languages
from corpus.model import Frozen
from corpus.provision_numbers import label_key

_RATE = re.compile(
    r"百分之(?P<han>[零〇一二三四五六七八九十百千万\d.]+)|per\s?cent\b|percent\b|pour\s+cent\b"
    r"|p\. ?100\b|\bprozent\w*|\bv\. ?h\.|vom hundert\b|por ciento\b|por 100\b|\bprotsen\w+",
    re.IGNORECASE,
)
_UNITS = {
    "%": "%",
    "year": r"years?\b|années?\b|jahr\w*|jährig\w*|años?\b|aasta\w*",
    "month": r"months?\b|mois\b|monat\w*|meses\b|kuu(?!s)\w*",
    "week": r"weeks?\b|semaines?\b|woche\w*|wöchig\w*|semanas?\b|nädal\w*",
    "day": r"days?\b|jours?\b|tag(?:e|en|es|s)?\b|tägig\w*|días?\b|päev\w*",
    "hour": r"hours?\b|heures?\b|stunden?\b|stündig\w*|horas?\b|tun[dn]\w*",
    "minute": r"minute[ns]?\b|minutos?\b|minutit?\b",
    "euro": r"euro\w*|eur\b|€",
    "pound": r"pounds?\b|gbp\b|£",
    "dollar": r"dollars?\b|usd\b|(?:us)?\$",
    "mark": r"deutsche\w* mark\b|dm\b",
    "franc": r"francs?\b",
    "kroon": r"kroon\w*|eek\b",
    "peseta": r"pesetas?\b",
    "daily rate": r"tagess[aä]tz\w*|päevamäär\w*|trahviühik\w*|jours-amende",
}
_ONLY_AT_ONCE = {
    "year": r"ans?\b|年",
    "month": r"mes\b|[个個]?月",
    "week": r"[周週](?!岁|歲)|星期",
    "day": "[日天]",
    "hour": "小?[时時]",
    "minute": "分[钟鐘]",
    "yuan": "[元圆圓]",
}
_SYMBOLS = {"€": "euro", "eur": "euro", "£": "pound", "gbp": "pound", "$": "dollar"}
_SYMBOL = re.compile(r"(?:(?<!\w)(?:eur|gbp)|[€£$])(?=\s?$)", re.IGNORECASE)
_REACH = 30  # characters of law between a number and its unit: "three or more calendar months"
_STOP = re.compile(r"[.;:!?。；：！？\n]")

_SINGULAR = (
    r"section|sect?|s|article|art|artículo|artikels?|artikli?\w*|§|regulation|reg|rule|paragraph"
    r"|para|paragrahv\w*|schedule|sch|chapter|chap|chapitre|kapitel|capítulo|peatük\w*|part|partie"
    r"|teil|title|titre|título|annexe?|anexo|anlage|lisa|clause|subsection|absatz|abs|satz|alinéa"
    r"|apartado|lõi[kg]e?\w*|punkti?\w*|nummer|nr|no|n°|n[.º]+|ziffer|subparagraph|recital|appendix"
)
_PLURAL = (
    r"sections|ss|articles|arts|artículos|§§|artikels?|regulations|regs|rules|paragraphs|paras"
    r"|schedules|chapters|chapitres|capítulos|parts|parties|titles|titres|títulos|annexe?s|anexos"
    r"|anlagen|clauses|subsections|absätze|abs|alinéas|apartados|nummern|nrn|recitals|ziffern"
)
_LABEL = (
    r"(?:(?:[lrda]\.?\s?\*{0,2}\s?)?\d+[a-z]{0,3}(?![a-z])(?:[-.^]\d+[a-z]?(?![a-z]))*"
    r"|(?-i:[IVXLC]+\b))"
)
_ITEM = rf"(?:{_LABEL}(?:\s?\([0-9a-z]{{1,5}}\))*|(?:\([0-9a-z]{{1,5}}\))+)"
_LISTED = r"(?:\s*[,;]\s*|\s*[-–]\s*)?(?:\s*(?:and|or|to|et|ou|à|und|oder|bis|y|o|ja|või)\s+)?"
_ADDRESS = re.compile(
    rf"(?<!\w)(?!(?<=['’])s\b)(?:(?:{_PLURAL})(?![^\W\d_])\.?\s?(?P<many>{_ITEM}(?:(?!{_ITEM}){_LISTED}{_ITEM})*)"
    rf"|(?:{_SINGULAR})(?![^\W\d_])\.?\s?(?P<one>{_ITEM}))"
    r"|第\s?(?P<han>[零〇一二三四五六七八九十百千两\d]+(?:-\d+)?)\s?[条條款项項章节節编編]"
    r"(?P<sub>之[零〇一二三四五六七八九十百千\d]+)?",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\(([0-9a-z]{1,5})\)", re.IGNORECASE)
_NUMBERED = re.compile(r"\(([0-9a-z]{1,5})\)|^\s*(\d{1,3}|[a-z])[.)°]", re.I | re.MULTILINE)
_RAISED = re.compile("(?<=[0-9])(?=[⁰¹²³⁴⁵⁶⁷⁸⁹])")
_WORD = re.compile(r"[^\W_]+")
_ALPHABETS = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "GEORGIAN", "LISU"}


class Quantity(NamedTuple):
    """A number with what it counts."""

    value: str
    unit: str


class Figures(Frozen):
    """The figures of a text, kind by kind: what compares, and how it was written.

    ``disguised`` are words that mix alphabets; what they say is not what they seem to say.
    """

    dates: dict[date, str] = Field(default_factory=dict)
    addresses: dict[str, str] = Field(default_factory=dict)
    quantities: dict[Quantity, str] = Field(default_factory=dict)
    numbers: dict[str, str] = Field(default_factory=dict)
    disguised: dict[str, str] = Field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Tell whether there is none."""
        return not any(getattr(self, kind) for kind in Figures.model_fields)

    def without(self, held: Figures) -> list[str]:
        """Return, as written, the figures that ``held`` does not hold."""
        pairs: list[tuple[Mapping[Any, str], Mapping[Any, str]]] = [
            (getattr(self, kind), getattr(held, kind)) for kind in Figures.model_fields
        ]
        missing = (words for mine, law in pairs for key, words in mine.items() if key not in law)
        return list(dict.fromkeys(missing))

    def __or__(self, other: Figures) -> Figures:
        """Return the figures of both."""
        kinds = Figures.model_fields
        return Figures(**{kind: getattr(self, kind) | getattr(other, kind) for kind in kinds})


def figures_said(text: str, laws: Iterable[str]) -> Figures:
    """Return what a sentence states. A date and a provision's number are no numbers besides.

    Args:
        text: the sentence.
        laws: the languages of the law it cites; it may itself be in any of those with number words.
    """
    text = _plain(text)
    dates = find_dates(text)
    bare = _blank(text, [(written.start, written.end) for written in dates])
    addresses = list(_ADDRESS.finditer(bare))
    bare = _blank(bare, [match.span() for match in addresses])
    found = numbers(bare, laws, languages("numerals"))
    return Figures(
        dates={written.day: written.words for written in dates},
        addresses={key: match[0] for match in addresses for key in _keys(match)},
        quantities={
            Quantity(number.value, unit): words
            for number in found
            for unit, words in (*_before(bare, number), *_at_once(bare, number, words=1))
        },
        numbers={number.value: number.words for number in found if not number.doubtful},
        disguised={word: word for word in _disguised(text)},
    )


@lru_cache(maxsize=64)
def figures_in_law(text: str, language: str) -> Figures:
    """Return what the text of a provision holds, read generously.

    Of a list (``two or three years``) each number has the unit, a date is also its numbers, and
    the number of a paragraph also that of a provision.
    """
    text = _plain(text)
    found = numbers(text, [language])
    addresses = {key: match[0] for match in _ADDRESS.finditer(text) for key in _keys(match)}
    numbered = {label_key(a or b): a or b for a, b in _NUMBERED.findall(text)}
    return Figures(
        dates={written.day: written.words for written in find_dates(text)},
        addresses=numbered | addresses,
        quantities={
            Quantity(number.value, unit): words
            for number in found
            for unit, words in (
                *_before(text, number),
                *_at_once(text, number),
                *_nearby(text, number),
            )
        },
        numbers={number.value: number.words for number in found},
        disguised={word: word for word in _disguised(text)},
    )


def _plain(text: str) -> str:
    """Return a text as its figures are read: NFKC, nothing unseen, rates written with ``%``.

    Runs of white space become one character, which also keeps every pattern here linear.
    """
    said = unicodedata.normalize("NFKC", _RAISED.sub("^", seen(text)))
    said = re.sub(r"\n\s*", "\n", re.sub(r"[^\S\n]+", " ", said))
    return _RATE.sub(lambda match: f"{match['han']}%" if match["han"] else "%", said)


def _blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = f"{text[:start]}{';' * (end - start)}{text[end:]}"
    return text


def _keys(match: re.Match[str]) -> Iterator[str]:
    """Yield the number of each provision named, and each part in brackets by itself."""
    if match["han"]:
        yield label_key(f"第{match['han']}条{match['sub'] or ''}")
        return
    for item in re.findall(_ITEM, match["many"] or match["one"], re.IGNORECASE):
        bare = _BRACKETED.sub("", item).strip()
        yield from (label_key(part) for part in (bare, *_BRACKETED.findall(item)) if part)


def _before(text: str, number: Number) -> Iterator[tuple[str, str]]:
    if match := _SYMBOL.search(text, max(number.start - 5, 0), number.start):
        yield _SYMBOLS[match[0].casefold()], text[match.start() : number.end]


def _at_once(text: str, number: Number, words: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the unit directly behind a number; with ``words``, so many may stand between."""
    between = rf"(?:[^\W\d_]+[\s-]){{0,{0 if number.doubtful else words}}}?"
    if match := _unit_pattern(rf"[\s-]{{0,2}}{between}", at_once=True).match(text, number.end):
        yield _unit(match), text[number.start : match.end()]


def _nearby(text: str, number: Number) -> Iterator[tuple[str, str]]:
    """Yield the first unit in the same clause, a few words on."""
    end = min(number.end + _REACH, len(text))
    if stop := _STOP.search(text, number.end, end):
        end = stop.start()
    before = rf"(?<![^\W\d_{SPACELESS}])"
    if not number.doubtful and (
        match := _unit_pattern(before, at_once=False).search(text, number.end, end)
    ):
        yield _unit(match), text[number.start : match.end()]


@cache
def _unit_pattern(before: str, *, at_once: bool) -> re.Pattern[str]:
    names = dict.fromkeys([*_UNITS, *_ONLY_AT_ONCE] if at_once else _UNITS)
    groups = []
    for name in names:
        known = [_UNITS.get(name), _ONLY_AT_ONCE.get(name) if at_once else None]
        alternatives = "|".join(pattern for pattern in known if pattern)
        groups.append(f"(?P<{_group(name)}>{alternatives})")
    return re.compile(f"{before}(?:{'|'.join(groups)})", re.IGNORECASE)


def _group(unit: str) -> str:
    return "rate" if unit == "%" else unit.replace(" ", "_")


def _unit(match: re.Match[str]) -> str:
    return str(match.lastgroup)


def _disguised(text: str) -> Iterator[str]:
    """Yield words that mix alphabets, such as a Latin word with a Cyrillic letter in it."""
    for match in _WORD.finditer(text):
        if not match[0].isascii() and len({_alphabet(char) for char in match[0]} - {""}) > 1:
            yield match[0]


@cache
def _alphabet(char: str) -> str:
    """Return the alphabet of a letter; a digit counts as Latin, and Chinese has none."""
    name = "LATIN" if char.isdigit() else unicodedata.name(char, "").partition(" ")[0]
    return name if name in _ALPHABETS else ""
