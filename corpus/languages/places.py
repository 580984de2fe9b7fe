"""Place phrases and names (``places.toml``): the jurisdiction and the territory a question names.

A *phrase* says whose law is asked about ("in France", "French law"). A *name* of a town or region
says where the case lies ("a flat in Cardiff"), from which whose law it is follows; so capitals
count, and names of laws that hold a place's name do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from pydantic import Field

from corpus.languages.tables import read_tables
from corpus.model import Frozen

_LETTER = r"[^\W\u3400-\u9fff]"


class PlaceTable(Frozen):
    """Phrases and names of one language that locate a case, by jurisdiction.

    A key may name a part of a jurisdiction: ``uk/W``. ``no_places`` are names that hold one of
    the names and place no case ("Bank of England"). ``elsewhere`` are phrases that locate a case in
    a place of no jurisdiction here ("in Ireland").
    """

    phrases: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    no_places: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


class NamedPlace(Frozen):
    """A place that a question names: its jurisdiction, the part of it where known, the words."""

    jurisdiction: str
    part: str | None
    words: str


def places_named(question: str) -> Mapping[str, str]:
    """Return the jurisdictions that a question names, with the phrase for each."""
    found = ((place, pattern.search(question)) for place, pattern in _phrases().items())
    return {place: match[0] for place, match in found if match}


def cases_placed(question: str) -> tuple[NamedPlace, ...]:
    """Return the towns, regions and parts of jurisdictions that a question names, each once."""
    text = _no_places().sub(_blank, question)
    found = {}
    for place, pattern in _names().items():
        if match := pattern.search(text):
            jurisdiction, _, part = place.partition("/")
            named = NamedPlace(jurisdiction=jurisdiction, part=part or None, words=match[0])
            found[place] = named
    return tuple(found.values())


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def place_elsewhere(question: str) -> str | None:
    """Return the words by which a question locates its case in a place of no jurisdiction here."""
    match = _elsewhere().search(question)
    return match[0] if match else None


def whole_words(words: str) -> str:
    """Return a regular expression that matches ``words`` only as whole words.

    Scripts without spaces have no word boundaries.
    """
    return rf"(?<!{_LETTER})(?:{words})(?!{_LETTER})"


@cache
def _phrases() -> dict[str, re.Pattern[str]]:
    found = _gathered(table.phrases for table in _tables())
    return {place: _pattern(every, re.IGNORECASE) for place, every in found.items()}


@cache
def _names() -> dict[str, re.Pattern[str]]:
    found = _gathered(table.names for table in _tables())
    return {place: _pattern(every) for place, every in found.items()}


@cache
def _no_places() -> re.Pattern[str]:
    """Return the pattern of names that place no case: those listed, and short titles of acts."""
    listed = [name for table in _tables() for name in table.no_places]
    return re.compile(rf"{_pattern(listed).pattern}|\((?:{_LETTER}|[ ,])+\)")


@cache
def _elsewhere() -> re.Pattern[str]:
    return _pattern((each for table in _tables() for each in table.elsewhere), re.IGNORECASE)


def _tables() -> Iterable[PlaceTable]:
    return read_tables("places", PlaceTable).values()


def _gathered(tables: Iterable[Mapping[str, tuple[str, ...]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table in tables:
        for place, own in table.items():
            found.setdefault(place, []).extend(own)
    return found


def _pattern(phrases: Iterable[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=len, reverse=True)
    words = "|".join(re.escape(p).replace(r"\ ", r"\s+") for p in longest_first)
    return re.compile(whole_words(words), flags)
