"""Figures that a sentence states, and figures in the law that it cites.

Four kinds are compared: full *dates*; *provision numbers* (``section 12``, ``第十二条``), by their
keys; *quantities*, a number with its unit (``12 months`` is not ``12 days``); and every other
*number*. A number in words equals its digits. A sentence may be in any language, so the words of
all languages are matched; they are in ``figures.toml`` and ``numerals.toml``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple

from pydantic import Field

from corpus.languages.addresses import addresses_in
from corpus.languages.dates import find_dates
from corpus.languages.numeral_table import Number
from corpus.languages.numerals import numbers
from corpus.languages.quotation import SPACELESS, seen
from corpus.languages.tables import languages
from corpus.languages.units import symbol_before, unit_of, unit_pattern, with_percent_signs
from corpus.model import Frozen
from corpus.provision_numbers import label_key

_REACH = 30  # characters of law between a number and its unit: "three or more calendar months"
_STOP = re.compile(r"[.;:!?。；：！？\n]")

_NUMBERED = re.compile(r"\(([0-9a-z]{1,5})\)|^\s*(\d{1,3}|[a-z])[.)°]", re.I | re.MULTILINE)
_RAISED = re.compile("(?<=[0-9])(?=[⁰¹²³⁴⁵⁶⁷⁸⁹])")
_WORD = re.compile(r"[^\W_]+")
_ALPHABETS = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "GEORGIAN", "LISU"}


class Quantity(NamedTuple):
    """A number with what it counts."""

    value: str
    unit: str


class Figures(Frozen):
    """The figures of a text by kind: normalised values, with the words as written.

    ``disguised`` are words that mix alphabets and so may not say what they seem to say.
    """

    dates: dict[date, str] = Field(default_factory=dict)
    addresses: dict[str, str] = Field(default_factory=dict)
    quantities: dict[Quantity, str] = Field(default_factory=dict)
    numbers: dict[str, str] = Field(default_factory=dict)
    disguised: dict[str, str] = Field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Return whether there is no figure."""
        return not any(getattr(self, kind) for kind in Figures.model_fields)

    def without(self, held: Figures) -> list[str]:
        """Return, as written, the figures that ``held`` does not contain."""
        pairs: list[tuple[Mapping[Any, str], Mapping[Any, str]]] = [
            (getattr(self, kind), getattr(held, kind)) for kind in Figures.model_fields
        ]
        missing = (words for mine, law in pairs for key, words in mine.items() if key not in law)
        return list(dict.fromkeys(missing))

    def __or__(self, other: Figures) -> Figures:
        """Return the union of both."""
        kinds = Figures.model_fields
        return Figures(**{kind: getattr(self, kind) | getattr(other, kind) for kind in kinds})


def figures_said(text: str, laws: Iterable[str]) -> Figures:
    """Return the figures in a sentence. Dates and provision numbers do not count as numbers too.

    Args:
        text: the sentence.
        laws: languages of the cited law; the sentence may be in any language with number words.
    """
    text = _plain(text)
    dates = find_dates(text)
    bare = _blank(text, [(written.start, written.end) for written in dates])
    addresses = list(addresses_in(bare))
    bare = _blank(bare, [(address.start, address.end) for address in addresses])
    found = numbers(bare, laws, languages("numerals"))
    return Figures(
        dates={written.day: written.words for written in dates},
        addresses={key: address.words for address in addresses for key in address.keys},
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
    """Return the figures in the text of a provision, including all plausible readings.

    In a list (``two or three years``) each number has the unit, a date also counts as its numbers,
    and the number of a paragraph also as a provision number.
    """
    text = _plain(text)
    found = numbers(text, [language])
    addresses = {key: found.words for found in addresses_in(text) for key in found.keys}
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
    """Return a text prepared for reading figures: NFKC, no invisible characters, rates with ``%``.

    Runs of white space become one character, which keeps every pattern here linear.
    """
    said = unicodedata.normalize("NFKC", _RAISED.sub("^", seen(text)))
    said = re.sub(r"\n\s*", "\n", re.sub(r"[^\S\n]+", " ", said))
    return with_percent_signs(said)


def _blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = f"{text[:start]}{';' * (end - start)}{text[end:]}"
    return text


def _before(text: str, number: Number) -> Iterator[tuple[str, str]]:
    if found := symbol_before(text, number.start):
        yield found.unit, text[found.start : number.end]


def _at_once(text: str, number: Number, words: int = 0) -> Iterator[tuple[str, str]]:
    """Yield the unit directly after a number; with ``words``, up to so many words between."""
    between = rf"(?:[^\W\d_]+[\s-]){{0,{0 if number.doubtful else words}}}?"
    if match := unit_pattern(rf"[\s-]{{0,2}}{between}", at_once=True).match(text, number.end):
        yield unit_of(match), text[number.start : match.end()]


def _nearby(text: str, number: Number) -> Iterator[tuple[str, str]]:
    """Yield the first unit in the same clause, up to a few words after the number."""
    end = min(number.end + _REACH, len(text))
    if stop := _STOP.search(text, number.end, end):
        end = stop.start()
    before = rf"(?<![^\W\d_{SPACELESS}])"
    if not number.doubtful and (
        match := unit_pattern(before, at_once=False).search(text, number.end, end)
    ):
        yield unit_of(match), text[number.start : match.end()]


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
