"""Whose law a question asks about, where it says so: the phrases are in ``places.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_LETTER = r"[^\W\u3400-\u9fff]"


def places_named(question: str) -> Mapping[str, str]:
    """Return the jurisdictions that a question names, each with the words that name it."""
    found = ((place, pattern.search(question)) for place, pattern in _patterns().items())
    return {place: match[0] for place, match in found if match}


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    raw = files(__package__).joinpath("places.toml").read_text(encoding="utf-8")
    return {place: _pattern(phrases) for place, phrases in tomllib.loads(raw).items()}


def whole_words(words: str) -> str:
    """Return a regular expression for ``words`` (one too) that cuts no word at either end.

    Scripts without spaces have no such ends.
    """
    return rf"(?<!{_LETTER})(?:{words})(?!{_LETTER})"


def _pattern(phrases: list[str]) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=len, reverse=True)
    words = "|".join(re.escape(p).replace(r"\ ", r"\s+") for p in longest_first)
    return re.compile(whole_words(words), re.IGNORECASE)
