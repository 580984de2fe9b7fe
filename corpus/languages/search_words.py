"""Search data of a language (``search.toml``): stop words, letters, spellings, stemmer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from corpus.languages.tables import Pattern, read_tables
from corpus.model import Frozen


class SearchTable(Frozen):
    """One language as it is searched.

    ``stop_words`` are folded as the analysis folds them, and so are ``auxiliary_words``, which are
    searched but say nothing of a question's subject. ``kept_letters`` keep their marks.
    ``spelt_out`` matches what is read as its first letter. ``stemmer`` is the engines' name of a
    stemming filter; without one, words are searched as they are.
    """

    stop_words: str = ""
    auxiliary_words: str = ""
    kept_letters: str = ""
    spelt_out: Pattern | None = None
    stemmer: str | None = None


@cache
def search_tables() -> Mapping[str, SearchTable]:
    """Return the table of each language that has one."""
    return read_tables("search", SearchTable)


@cache
def stop_words() -> Mapping[str, frozenset[str]]:
    """Return, per language, the words that carry no legal content in a question."""
    return {name: frozenset(table.stop_words.split()) for name, table in search_tables().items()}


@cache
def auxiliary_words() -> frozenset[str]:
    """Return the words, of every language, that say nothing of a question's subject."""
    return frozenset(
        word for table in search_tables().values() for word in table.auxiliary_words.split()
    )


@cache
def stemmers() -> Mapping[str, str]:
    """Return the stemming filter of each language that has one."""
    return {name: table.stemmer for name, table in search_tables().items() if table.stemmer}
