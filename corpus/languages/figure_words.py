"""The words of figures in each language (``figures.toml``): units, symbols, words of provisions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from pydantic import Field

from corpus.languages.tables import Pattern, read_tables, table_language
from corpus.model import Frozen

_FALLBACK = "en"
_NEVER = "(?!)"


class FigureKind(StrEnum):
    """What a figure measures."""

    MONEY = "money"
    RATE = "rate"
    PERIOD = "period"
    PRISON = "prison"
    COUNT = "count"


class AddressTable(Frozen):
    """How one language names provisions by number.

    ``singular`` stands before one number, ``plural`` before several joined by ``links``. ``whole``
    is a whole expression with ``{numeral}``, its number in the group ``number`` and what follows it
    in ``sub``, which ``written`` puts together as a label. A number behind ``uncounted``, or in a
    list joined by ``lists`` that such a word begins, counts nothing.
    """

    singular: Pattern = ""
    plural: Pattern = ""
    links: Pattern = ""
    whole: Pattern = ""
    written: str = "{number}{sub}"
    uncounted: Pattern = _NEVER
    lists: Pattern = _NEVER


class FigureTable(Frozen):
    """The words around figures in one language.

    ``rate``, ``period``, ``money`` and ``units`` hold a regular expression per unit; the same unit
    has the same name in every language. Those of ``close`` are read only right behind the number.
    ``symbols`` stand before a number and name its unit, ``rate_before`` announces a rate.
    ``qualifiers`` may stand before, ``after_period`` behind the unit of a period, ``scale_link``
    between millions and their unit, ``month_link`` between a day and its month. A period within
    ``prison_before`` and ``prison_after`` characters of ``prison`` is a prison term. ``patterns``
    are whole figures with ``{number}``, for scripts that do not divide words. ``denial`` matches a
    word that denies what is stated, but not one that sets a limit (``not more than``).
    """

    qualifiers: Pattern = ""
    after_period: Pattern = ""
    scale_link: Pattern = ""
    month_link: Pattern = ""
    prison: Pattern = _NEVER
    prison_before: int = 60
    prison_after: int = 60
    rate: dict[str, Pattern] = Field(default_factory=dict)
    rate_before: dict[str, Pattern] = Field(default_factory=dict)
    period: dict[str, Pattern] = Field(default_factory=dict)
    money: dict[str, Pattern] = Field(default_factory=dict)
    units: dict[str, Pattern] = Field(default_factory=dict)
    close: dict[str, Pattern] = Field(default_factory=dict)
    symbols: dict[str, str] = Field(default_factory=dict)
    patterns: dict[FigureKind, tuple[Pattern, ...]] = Field(default_factory=dict)
    denial: Pattern = _NEVER
    addresses: AddressTable = AddressTable()


@cache
def figure_tables() -> Mapping[str, FigureTable]:
    """Return the table of each language that has one."""
    return read_tables("figures", FigureTable)


def figure_table(language: str) -> FigureTable:
    """Return the table of a language, of its main language, or else English."""
    return figure_tables()[table_language(language, "figures") or _FALLBACK]
