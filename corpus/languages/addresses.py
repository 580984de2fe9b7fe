"""Provision numbers in a text of any language: ``section 12``, ``第十二条``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from corpus.languages.character_numerals import plain_characters
from corpus.languages.figure_words import figure_tables
from corpus.provision_numbers import label_key

_LABEL = (
    r"(?:(?:[lrda]\.?\s?\*{0,2}\s?)?\d+[a-z]{0,3}(?![a-z])(?:[-.^]\d+[a-z]?(?![a-z]))*"
    r"|(?-i:[IVXLC]+\b))"
)
_ITEM = rf"(?:{_LABEL}(?:\s?\([0-9a-z]{{1,5}}\))*|(?:\([0-9a-z]{{1,5}}\))+)"
_EACH_ITEM = re.compile(_ITEM, re.IGNORECASE)
_BRACKETED = re.compile(r"\(([0-9a-z]{1,5})\)", re.IGNORECASE)


class Address(NamedTuple):
    """Provisions named together: the text, its position, and the key of each number.

    A subdivision in brackets has its own key.
    """

    words: str
    start: int
    end: int
    keys: tuple[str, ...]


def addresses_in(text: str) -> Iterator[Address]:
    """Yield the provision numbers that a text names."""
    for match in _address().finditer(text):
        yield Address(match[0], *match.span(), tuple(_keys(match["many"] or match["one"])))
    for pattern, written in _whole():
        for match in pattern.finditer(text):
            said = written.format(number=match["number"], sub=match["sub"] or "")
            yield Address(match[0], *match.span(), (label_key(said),))


def _keys(items: str) -> Iterator[str]:
    for item in _EACH_ITEM.findall(items):
        bare = _BRACKETED.sub("", item).strip()
        yield from (label_key(part) for part in (bare, *_BRACKETED.findall(item)) if part)


@cache
def _address() -> re.Pattern[str]:
    tables = [table.addresses for table in figure_tables().values()]
    singular = _any(table.singular for table in tables)
    plural = _any(table.plural for table in tables)
    links = _any(table.links for table in tables)
    listed = rf"(?:\s*[,;]\s*|\s*[-–]\s*)?(?:\s*(?:{links})\s+)?"
    many = rf"(?P<many>{_ITEM}(?:(?!{_ITEM}){listed}{_ITEM})*)"
    return re.compile(
        rf"(?<!\w)(?!(?<=['’])s\b)(?:(?:{plural})(?![^\W\d_])\.?\s?{many}"
        rf"|(?:{singular})(?![^\W\d_])\.?\s?(?P<one>{_ITEM}))",
        re.IGNORECASE,
    )


@cache
def _whole() -> tuple[tuple[re.Pattern[str], str], ...]:
    numeral = rf"[{plain_characters()}\d]+"
    tables = (table.addresses for table in figure_tables().values())
    return tuple(
        (re.compile(table.whole.replace("{numeral}", numeral)), table.written)
        for table in tables
        if table.whole
    )


def _any(patterns: Iterable[str]) -> str:
    return "|".join(filter(None, dict.fromkeys(patterns))) or "(?!)"
