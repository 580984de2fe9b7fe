"""Units of figures in a text that may be in any language, by the names of ``figures.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from corpus.languages.character_numerals import numeral_characters
from corpus.languages.figure_words import figure_tables

_PERCENT = "%"
_SYMBOL_REACH = 5  # characters before a number in which its symbol begins


_FAR = tuple(map(attrgetter, ("rate", "period", "units", "money")))
_CLOSE = attrgetter("close")


class UnitSymbol(NamedTuple):
    """The unit that a symbol stands for, and the symbol's position."""

    unit: str
    start: int


def with_percent_signs(text: str) -> str:
    """Return a text with every form of "per cent" replaced by ``%``."""
    return _percent().sub(lambda match: f"{match['number']}%" if match["number"] else "%", text)


def symbol_before(text: str, end: int) -> UnitSymbol | None:
    """Return the symbol directly before a number that starts at ``end``."""
    match = _symbol().search(text, max(end - _SYMBOL_REACH, 0), end)
    return UnitSymbol(_symbols()[match[0].casefold()], match.start()) if match else None


@cache
def unit_pattern(before: str, *, at_once: bool) -> re.Pattern[str]:
    """Return the pattern of any unit after ``before``, which is a pattern too.

    Args:
        before: pattern of what precedes the unit.
        at_once: include units that are recognised only directly after the number.
    """
    units = {_PERCENT: [_PERCENT]}
    for kind in _FAR + (_CLOSE,) * at_once:
        for table in figure_tables().values():
            for name, pattern in kind(table).items():
                units.setdefault(name, []).append(pattern)
    groups = (f"(?P<{_group(name)}>{_any(patterns)})" for name, patterns in units.items())
    return re.compile(f"{before}(?:{'|'.join(groups)})", re.IGNORECASE)


def unit_of(match: re.Match[str]) -> str:
    """Return the name of the unit in a match of :func:`unit_pattern`."""
    return str(match.lastgroup)


def _group(unit: str) -> str:
    return "rate" if unit == _PERCENT else unit.replace(" ", "_")


@cache
def _percent() -> re.Pattern[str]:
    tables = figure_tables().values()
    before = _any(table.rate_before.get(_PERCENT, "") for table in tables)
    behind = _any(table.rate.get(_PERCENT, "") for table in tables)
    number = rf"(?P<number>[{numeral_characters()}\d.]+)"
    return re.compile(rf"(?:{before}){number}|(?<![^\W\d_])(?:{behind})", re.IGNORECASE)


@cache
def _symbols() -> dict[str, str]:
    every = (pair for table in figure_tables().values() for pair in table.symbols.items())
    return {symbol.casefold(): unit for symbol, unit in every}


@cache
def _symbol() -> re.Pattern[str]:
    longest_first = sorted(_symbols(), key=len, reverse=True)
    letters = _any(re.escape(symbol) for symbol in longest_first if symbol[0].isalpha())
    signs = _any(re.escape(symbol) for symbol in longest_first if not symbol[0].isalpha())
    return re.compile(rf"(?:(?<!\w)(?:{letters})|{signs})(?=\s?$)", re.IGNORECASE)


def _any(patterns: Iterable[str]) -> str:
    return "|".join(filter(None, dict.fromkeys(patterns))) or "(?!)"
