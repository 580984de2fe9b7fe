"""Cue words for the role of a date and for the legal issue (``cues.toml``).

A question may mix languages, so the words of all languages are matched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import TypeVar

from pydantic import Field

from corpus.languages.tables import read_tables
from corpus.model import Frozen
from corpus.rules import Issue
from corpus.rules.day_expressions import Role

_CHINESE = "\u3400"
_Name = TypeVar("_Name", bound=StrEnum)


class CueTable(Frozen):
    """The words of one language.

    ``roles`` and ``issues`` hold beginnings of words. A date right behind one of ``instruments``,
    its number (announced by one of ``number_marks``) and one of ``date_links`` names a law.
    """

    instruments: tuple[str, ...] = ()
    number_marks: tuple[str, ...] = ()
    date_links: tuple[str, ...] = ()
    roles: dict[Role, tuple[str, ...]] = Field(default_factory=dict)
    issues: dict[Issue, tuple[str, ...]] = Field(default_factory=dict)


@cache
def role_words() -> Mapping[Role, re.Pattern[str]]:
    """Return, for each role, the pattern of the words that assign it to a date."""
    return _patterns(Role, [table.roles for table in _tables().values()])


@cache
def issue_words() -> Mapping[Issue, re.Pattern[str]]:
    """Return, for each kind of issue, the pattern of the words that indicate it."""
    return _patterns(Issue, [table.issues for table in _tables().values()])


@cache
def law_before_date() -> re.Pattern[str]:
    """Return the pattern of the words for a law right before its date; capitals count."""
    tables = _tables().values()
    words = _any(word for table in tables for word in table.instruments)
    marks = _any(mark for table in tables for mark in table.number_marks)
    links = _any(link for table in tables for link in table.date_links)
    number = rf"(?:\s*(?:{marks})\.?\s*[\w./-]+)?"
    return re.compile(rf"(?<!\w)(?:{words}){number},?\s+(?:(?:{links})\s+)?\Z")


@cache
def _tables() -> Mapping[str, CueTable]:
    return read_tables("cues", CueTable)


def _patterns(
    names: type[_Name], tables: Iterable[Mapping[_Name, tuple[str, ...]]]
) -> dict[_Name, re.Pattern[str]]:
    words = {name: [word for table in tables for word in table.get(name, ())] for name in names}
    return {name: _pattern(every) for name, every in words.items() if every}


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    parts = (
        re.escape(word) if word >= _CHINESE else rf"(?<!\w){re.escape(word)}" for word in words
    )
    return re.compile("|".join(parts), re.IGNORECASE)


def _any(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, dict.fromkeys(words)))
