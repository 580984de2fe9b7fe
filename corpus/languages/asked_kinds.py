"""What a question asks for (an amount, an age, a period, ...) and whether a text states it.

The words are in each ``asking.toml``. Languages mix freely: a question is read by the words of all;
a text of law is read by those of its own language. Figures and their units are read as in
:mod:`corpus.languages.stated_figures`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache

from pydantic import Field

from corpus.languages.figure_words import figure_tables
from corpus.languages.numerals import numbers
from corpus.languages.places import whole_words
from corpus.languages.stated_figures import figures_in_law
from corpus.languages.tables import Pattern, read_tables, table_language
from corpus.model import Frozen


class AskedKind(StrEnum):
    """A kind of thing that a question may ask for."""

    AMOUNT = "amount"  # of money or of another measure
    RATE = "rate"
    AGE = "age"
    DURATION = "duration"
    NUMBER = "number"
    PENALTY = "penalty"
    SPEED = "speed"


class AskingTable(Frozen):
    """The words of one language: regular expressions per kind.

    ``asked`` are words of a question; ``stated`` those of a law, for kinds that a figure and its
    unit do not settle.
    """

    asked: dict[AskedKind, Pattern]
    stated: dict[AskedKind, Pattern] = Field(default_factory=dict)


def asked_kinds(question: str) -> frozenset[AskedKind]:
    """Return what a question in any language asks for; empty where it asks for none of these."""
    return frozenset(kind for kind, words in _asked().items() if words.search(question))


def stated_kinds(text: str, language: str) -> frozenset[AskedKind]:
    """Return what a text of law in ``language`` states, by its figures and its words."""
    found = {kind for kind, words in _stated(language).items() if words.search(text)}
    return frozenset(found.union(_by_figures(text, language)))


def _by_figures(text: str, language: str) -> Iterable[AskedKind]:
    """Yield what the figures of a text state by their units; a bare number is an amount too.

    A word that may be a number (``one``, ``un``) is one only beside a unit.
    """
    quantities = figures_in_law(text, language).quantities
    units = {quantity.unit for quantity in quantities}
    periods = _period_units()
    counted = {quantity.value for quantity in quantities if quantity.unit in periods}
    bare = {number.value for number in numbers(text, [language]) if not number.doubtful}
    if bare:
        yield AskedKind.NUMBER
    if units & periods:
        yield AskedKind.DURATION
    if not units.isdisjoint({"rate", "percentage_point"}):
        yield AskedKind.RATE
    if units - periods or bare - counted:
        yield AskedKind.AMOUNT


@cache
def _period_units() -> frozenset[str]:
    return frozenset(unit for table in figure_tables().values() for unit in table.period)


@cache
def _asked() -> Mapping[AskedKind, re.Pattern[str]]:
    tables = _tables().values()
    return {
        kind: _pattern(table.asked[kind] for table in tables if kind in table.asked)
        for kind in AskedKind
    }


@cache
def _stated(language: str) -> Mapping[AskedKind, re.Pattern[str]]:
    name = table_language(language, "asking")
    table = _tables()[name].stated if name else {}
    return {kind: _pattern([words]) for kind, words in table.items()}


@cache
def _tables() -> Mapping[str, AskingTable]:
    return read_tables("asking", AskingTable)


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(whole_words("|".join(words)), re.IGNORECASE)
