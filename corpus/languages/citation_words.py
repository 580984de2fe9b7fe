"""Words of citations: one ``citations.toml`` per language.

``docs/citations.md`` documents the fields and how a language is added.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Literal

from pydantic import Field

from corpus.languages.tables import Pattern, read_tables
from corpus.model import Frozen

Words = tuple[str, ...]

Shown = Literal[
    "mark",
    "leading mark",
    "line",
    "paragraph",
    "sentence",
    "first half",
    "last half",
    "proviso",
    "before proviso",
    "not",
]
"""How a text shows a part: by a ``mark``, by a mark with which the text begins (``leading mark``),
by its place among the lines, the paragraphs (lines without a mark) or the sentences; ``not``: a
text does not show it."""


class Kind(Frozen):
    """A kind of provision: ``words`` stand before one number, ``many`` before several.

    A ``keyed`` kind is part of the number (``Annex I`` is not ``I``); ``letters`` admits letters
    and Roman numerals as numbers. Words of ``behind`` follow the number (``1 §``), those of
    ``upper`` the number of what contains it (``3 kap. 1 §``). ``parts`` are the parts that only
    this kind has, ``container`` one that holds provisions and is rarely one itself.
    """

    words: Words
    many: Words = ()
    behind: Words = ()
    upper: Words = ()
    keyed: bool = False
    letters: bool = False
    container: bool = False
    parts: dict[str, Words] = Field(default_factory=dict)


class Numbers(Frozen):
    """How numbers are written.

    ``1.255`` is 1255 with ``thousand_points``; ``24.2`` is paragraph 2 of 24 with ``point_parts``,
    and ``point_words`` may stand for the 2. ``letters_behind``: a capital after a space belongs to
    the number (``L47 A``). ``degree_parts``: ``2°`` is a part. ``roman_parts`` are what ``I 2``
    behind a number means. ``bracket_parts`` are the parts that say no more than their number in
    brackets does (``paragraph (b)``). ``suffixes`` are the ordinals behind a number (``bis``),
    ``ordinals`` words for a number (``premier``).
    """

    thousand_points: bool = False
    point_parts: bool = False
    point_words: Words = ()
    letters_behind: bool = False
    degree_parts: bool = False
    roman_parts: Words = ()
    bracket_parts: Words = ()
    suffixes: Words = ()
    ordinals: dict[str, int] = Field(default_factory=dict)


class Titles(Frozen):
    """How titles of acts continue and are inflected.

    A word of ``words``, ``before`` or ``foreign`` next to a name makes it part of a longer title,
    and so does a word of ``of`` with a capital after it; ``own`` are the words of ``foreign`` that
    do not change the jurisdiction. ``instruments`` stand before official numbers. ``declined`` are
    replacements (pattern, text) that give the title as it stands after "of".
    """

    words: Words
    before: Words
    of: Words
    foreign: Words
    own: dict[str, Words] = Field(default_factory=dict)
    instruments: Words
    declined: tuple[tuple[Pattern, str], ...] = ()


class CitationWords(Frozen):
    """The citation words of one language.

    ``parts`` map the name of a part to its words; ``following`` means "and what follows", ``of``
    stands between label and title, ``noise`` may stand beside a citation, ``units`` speak of parts
    in words that are not read (``second sentence``). ``shown`` says how a text shows a part where
    that is no mark, ``shown_in`` the same for one script (``zh-Hant``). A stop behind one of
    ``abbreviations`` ends no sentence.
    """

    and_: Words = Field(alias="and")
    to: Words
    following: Words
    of: Words
    noise: Words
    units: Words
    kinds: dict[str, Kind]
    parts: dict[str, Words]
    shown: dict[str, Shown] = Field(default_factory=dict)
    shown_in: dict[str, dict[str, Shown]] = Field(default_factory=dict)
    abbreviations: Words = ()
    numbers: Numbers = Numbers()
    titles: Titles


@cache
def citation_words() -> dict[str, CitationWords]:
    """Return the citation words by language.

    Raises:
        SourceError: a table is invalid; names file and field.
    """
    return read_tables("citations", CitationWords)


@cache
def kind_pattern() -> re.Pattern[str]:
    """Return what matches a kind word, of any language, before a number that does not need it."""
    found = {word for kind in _kinds() if not kind.keyed for word in (*kind.words, *kind.many)}
    return re.compile(rf"(?:{_any(found)})(?![^\W\d_])[\s.:]*")


@cache
def kind_behind_pattern() -> re.Pattern[str]:
    """Return what matches a kind word, of any language, behind its number at the end."""
    found = {word for kind in _kinds() for word in kind.behind}
    return re.compile(rf"(?<=[^\W_])[\s.]*(?:{_any(found)})$")


@cache
def keyed_pattern() -> re.Pattern[str]:
    """Return what matches the word of a keyed kind before its number."""
    return re.compile(rf"({_any(keyed_words())})(?![^\W\d_])[\s.]*")


@cache
def keyed_words() -> dict[str, str]:
    """Return the words of keyed kinds with the name of the kind: ``app`` is ``appendix``."""
    return {
        word: name
        for table in citation_words().values()
        for name, kind in table.kinds.items()
        if kind.keyed
        for word in (*kind.words, *kind.many)
    }


def _kinds() -> list[Kind]:
    return [kind for table in citation_words().values() for kind in table.kinds.values()]


def _any(words: Iterable[str]) -> str:
    """Return alternatives, the longest first; one letter alone is a word of English only."""
    kept = {word for word in words if len(word) > 1 or word in "s§"}
    return "|".join(map(re.escape, sorted(kept, key=lambda word: (-len(word), word))))
