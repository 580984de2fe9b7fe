"""The words of the interface in the reader's language, read from one catalogue file for each.

A catalogue is TOML: a key is a section and a name (``search.nothing``), its value a sentence with
``{names}`` for what is filled in. A sentence that depends on a number has one form for each plural
category of the language (``one``, ``other``) and is chosen by ``count``. Every catalogue has the
same keys with the same names. Dates, numbers and plural categories follow CLDR (Babel).

The language is that of :func:`in_language`; outside it is English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from importlib.resources import files

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

Entry = str | Mapping[str, str]
"""A sentence, or its forms by plural category."""

LOCALES = {"en": "en_GB", "fr": "fr_FR", "de": "de_DE"}
"""The languages that have a catalogue, each with the locale of its dates and numbers."""
SOURCE = "en"

_language: ContextVar[str] = ContextVar("inforce_language", default=SOURCE)


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Use a language of :data:`LOCALES` inside the context; any other one is English."""
    token = _language.set(language if language in LOCALES else SOURCE)
    try:
        yield
    finally:
        _language.reset(token)


def language() -> str:
    """Return the code of the present language."""
    return _language.get()


def nearest(locale: str | None) -> str:
    """Return the language of a browser's locale (``fr-CH``), or English where there is none."""
    asked = (locale or "").replace("_", "-").partition("-")[0].lower()
    return asked if asked in LOCALES else SOURCE


def word(key: str, /, **values: date | int | str) -> str:
    """Return the sentence of a key in the present language.

    Args:
        key: a key of the catalogues.
        values: what is filled in: dates and numbers are written as the language writes them;
            ``count`` chooses the plural form.

    Raises:
        KeyError: no catalogue has the key.
    """
    entry = catalogue(language())[key]
    form = entry if isinstance(entry, str) else entry.get(_plural(values["count"]), entry["other"])
    return form.format_map({name: said(value) for name, value in values.items()})


def has_word(key: str) -> bool:
    """Return whether the catalogues have a key."""
    return key in catalogue(SOURCE)


def said(value: date | int | str) -> str:
    """Return a date or a number as the present language writes it; text is unchanged."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(format_decimal(value, locale=_locale()))
    written = str(format_date(value, "long", locale=_locale()))
    first_in_french = language() == "fr" and value.day == 1
    return written.replace("1", "1er", 1) if first_in_french else written


def decimal(value: float, places: int) -> str:
    """Return a number with so many decimal places as the present language writes it."""
    form = f"0.{'0' * places}" if places else "0"
    return str(format_decimal(value, format=form, locale=_locale()))


def percent(share: float) -> str:
    """Return a share of one as a whole percentage as the present language writes it."""
    return str(format_percent(share, locale=_locale()))


@cache
def catalogue(language: str) -> Mapping[str, Entry]:
    """Return the catalogue of a language: each key with its sentence or its plural forms."""
    text = (files("ui") / "languages" / f"{language}.toml").read_text(encoding="utf-8")
    return {
        f"{section}.{name}": entry
        for section, entries in tomllib.loads(text).items()
        for name, entry in entries.items()
    }


def plural_categories(language: str) -> set[str]:
    """Return the plural categories that a language has for whole numbers up to a million."""
    rule = Locale.parse(LOCALES[language]).plural_form
    return {rule(number) for number in (*range(200), 1_000, 10_000)}


def _plural(count: date | int | str) -> str:
    if not isinstance(count, int):
        raise TypeError(f"count is {count!r}, no number")
    return str(_locale().plural_form(count))


def _locale() -> Locale:
    return Locale.parse(LOCALES[language()])
