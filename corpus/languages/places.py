"""Place phrases (``places.toml``): the jurisdiction that a question names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from corpus.languages.tables import read_tables
from corpus.model import Frozen

_LETTER = r"[^\W\u3400-\u9fff]"


class PlaceTable(Frozen):
    """Phrases of one language that locate a case, by jurisdiction."""

    phrases: dict[str, tuple[str, ...]]


def places_named(question: str) -> Mapping[str, str]:
    """Return the jurisdictions that a question names, with the phrase for each."""
    found = ((place, pattern.search(question)) for place, pattern in _patterns().items())
    return {place: match[0] for place, match in found if match}


def places_known() -> frozenset[str]:
    """Return the jurisdictions that a question can name."""
    return frozenset(_patterns())


def whole_words(words: str) -> str:
    """Return a regular expression that matches ``words`` only as whole words.

    Scripts without spaces have no word boundaries.
    """
    return rf"(?<!{_LETTER})(?:{words})(?!{_LETTER})"


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    phrases: dict[str, list[str]] = {}
    for table in read_tables("places", PlaceTable).values():
        for place, own in table.phrases.items():
            phrases.setdefault(place, []).extend(own)
    return {place: _pattern(every) for place, every in phrases.items()}


def _pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(phrases, key=len, reverse=True)
    words = "|".join(re.escape(p).replace(r"\ ", r"\s+") for p in longest_first)
    return re.compile(whole_words(words), re.IGNORECASE)
