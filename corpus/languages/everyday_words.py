"""Everyday words and the words of law for the same thing (``everyday.toml``).

People are sacked by their boss; the law has employees dismissed by employers. The table of a
language lists, for words of law, the beginnings of what people say. It is read in the language
that the question seems to be in, and in all where that cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from corpus.languages.guessed_language import guessed_language
from corpus.languages.tables import read_tables
from corpus.model import Frozen

_CHINESE = "\u3400"


class EverydayTable(Frozen):
    """One language: words of law, each with the beginnings of everyday expressions for them."""

    law_words: dict[str, tuple[str, ...]]


def words_of_law(question: str) -> str:
    """Return the words of law for what a question says in everyday words; empty without any."""
    said, own = question.casefold(), guessed_language(question)
    tables = [table for name, table in _tables().items() if own in (name, None)]
    return " ".join(law for table in tables for law, words in table.items() if words.search(said))


@cache
def _tables() -> Mapping[str, Mapping[str, re.Pattern[str]]]:
    return {
        language: {law: _pattern(words) for law, words in table.law_words.items()}
        for language, table in read_tables("everyday", EverydayTable).items()
    }


def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    parts = (
        re.escape(word.casefold()) if word >= _CHINESE else rf"(?<!\w){re.escape(word.casefold())}"
        for word in words
    )
    return re.compile("|".join(parts))
