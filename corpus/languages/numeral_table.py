"""A number found in a text, and the words of numbers in each language (``numerals.toml``)."""

from __future__ import annotations

from functools import cache

from pydantic import Field

from corpus.languages.tables import Pattern, read_table
from corpus.model import Frozen


class Number(Frozen):
    """A number at ``[start, end)``; ``value`` is normalised: digits, or a token like ``12a``."""

    value: str
    words: str
    start: int
    end: int
    doubtful: bool = False


class NumeralTable(Frozen):
    """The number words of one language (``numerals.toml``).

    A scale multiplies the number before it; ``between`` may stand between two words. ``doubtful``
    words mean something else just as often, and are numbers only beside a unit; those ``abroad``
    mean something else in another language. A language that writes number and unit as one word
    says in ``joined`` what may follow the number. ``ordinals`` may follow digits. With
    ``twenties``, tens go on to nineteen and four twenties are eighty (``soixante et onze``,
    ``quatre-vingt``).

    A script with ``characters`` for numerals says which of them multiply what stands before
    (``character_scales``), what makes an ordinal (``ordinal_mark``), and what must follow a single
    character that is a number (``counted``).
    """

    between: Pattern = ""
    doubtful: tuple[str, ...] = ()
    words: dict[str, int] = Field(default_factory=dict)
    scales: dict[str, int] = Field(default_factory=dict)
    joined: Pattern = ""
    abroad: tuple[str, ...] = ()
    ordinals: tuple[str, ...] = ()
    twenties: bool = False
    characters: str = ""
    character_scales: dict[str, int] = Field(default_factory=dict)
    ordinal_mark: str = ""
    counted: Pattern = ""


@cache
def numeral_table(language: str) -> NumeralTable:
    """Return the number words of a language.

    Raises:
        SourceError: there are none; see :func:`corpus.languages.tables.languages`.
    """
    return read_table(language, "numerals", NumeralTable)


def point(number: str) -> str:
    """Return a number without superfluous zeros, with a decimal point."""
    whole, _, fraction = number.replace(",", ".").partition(".")
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole
