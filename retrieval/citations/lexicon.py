"""Citation words of all languages in one table, each with its languages.

The meaning of a word depends on the language, and a citation rarely says which it is: ``s`` is an
English section and a German sentence. So a label is parsed in all languages of its first word, and
each further word restricts them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from corpus.languages.citation_words import CitationWords, Kind, Words, citation_words

Languages = frozenset[str]


@dataclass(frozen=True)
class KindWord:
    """A kind word in one language; ``many``: it precedes several numbers."""

    name: str
    kind: Kind
    many: bool


@dataclass(frozen=True)
class Lexicon:
    """Every word, case-folded, with its meaning in each language."""

    tables: Mapping[str, CitationWords]
    kinds: Mapping[str, Mapping[str, KindWord]]
    behind: Mapping[str, Languages]
    parts: Mapping[str, Mapping[str, str]]
    ands: Mapping[str, Languages]
    tos: Mapping[str, Languages]
    following: tuple[tuple[re.Pattern[str], Languages], ...]
    ordinals: Mapping[str, int]
    gap: Mapping[str, Languages]
    instruments: frozenset[str]
    noise: frozenset[str]
    units: frozenset[str]
    abbreviations: frozenset[str]
    title_words: frozenset[str]
    title_starts: frozenset[str]
    title_links: frozenset[str]
    foreign: frozenset[str]
    foreign_words: re.Pattern[str]
    suffix: re.Pattern[str]
    point_word: re.Pattern[str]

    def with_flag(self, name: str) -> Languages:
        """Return the languages with a way of writing numbers (``thousand_points``)."""
        return frozenset(tag for tag, table in self.tables.items() if getattr(table.numbers, name))

    def own(self, jurisdiction: str) -> frozenset[str]:
        """Return the words of ``foreign`` that do not change a jurisdiction."""
        tables = self.tables.values()
        return frozenset(
            word for table in tables for word in table.titles.own.get(jurisdiction, ())
        )

    def speaks_of_parts(self, word: str) -> bool:
        """Return whether a word occurs in labels: a kind, a part, an ordinal."""
        found = word.casefold()
        places = (self.units, self.parts, self.kinds, self.foreign)
        return any(found in some for some in places)


@cache
def lexicon() -> Lexicon:
    """Return the words of all tables; cached."""
    tables = citation_words()
    titles = [table.titles for table in tables.values()]
    return Lexicon(
        tables=tables,
        kinds=_kinds(tables),
        behind=_languages((tag, w) for tag, k in _each_kind(tables) for w in k.behind),
        parts=_parts(tables),
        ands=_languages((tag, w) for tag, table in tables.items() for w in table.and_),
        tos=_languages((tag, w) for tag, table in tables.items() for w in table.to),
        following=tuple(_following(tables)),
        ordinals={w: n for t in tables.values() for w, n in t.numbers.ordinals.items()},
        gap=_languages((tag, w) for tag, table in tables.items() for w in table.of),
        instruments=_union(title.instruments for title in titles),
        noise=_union(table.noise for table in tables.values()),
        units=_union(table.units for table in tables.values()),
        abbreviations=_union(table.abbreviations for table in tables.values()),
        title_words=_union(title.words for title in titles),
        title_starts=_union(title.before for title in titles),
        title_links=_union(title.of for title in titles),
        foreign=_union(title.foreign for title in titles),
        foreign_words=_phrases(word for title in titles for word in title.foreign),
        suffix=_alternatives(t.numbers.suffixes for t in tables.values()),
        point_word=_alternatives(t.numbers.point_words for t in tables.values()),
    )


def _each_kind(tables: Mapping[str, CitationWords]) -> Iterator[tuple[str, Kind]]:
    return ((tag, kind) for tag, table in tables.items() for kind in table.kinds.values())


def _kinds(tables: Mapping[str, CitationWords]) -> dict[str, dict[str, KindWord]]:
    found: dict[str, dict[str, KindWord]] = defaultdict(dict)
    for tag, table in tables.items():
        for name, kind in table.kinds.items():
            for word in kind.many:
                found[word.casefold()][tag] = KindWord(name, kind, many=True)
            for word in kind.words:
                found[word.casefold()][tag] = KindWord(name, kind, many=word in kind.many)
    return dict(found)


def _parts(tables: Mapping[str, CitationWords]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for tag, table in tables.items():
        for name, words in table.parts.items():
            for word in words:
                found[word.casefold()][tag] = name
    return dict(found)


def _languages(pairs: Iterable[tuple[str, str]]) -> dict[str, Languages]:
    found: dict[str, set[str]] = defaultdict(set)
    for tag, word in pairs:
        found[word.casefold()].add(tag)
    return {word: frozenset(tags) for word, tags in found.items()}


def _following(
    tables: Mapping[str, CitationWords],
) -> Iterator[tuple[re.Pattern[str], Languages]]:
    phrases = _languages((tag, w) for tag, table in tables.items() for w in table.following)
    for phrase in sorted(phrases, key=len, reverse=True):
        words = re.escape(phrase).replace(r"\ ", r"\.?\s*")
        yield re.compile(rf"[\s,]*{words}(?!\w)\.?", re.IGNORECASE), phrases[phrase]


def _union(lists: Iterable[Words]) -> frozenset[str]:
    return frozenset(word.casefold() for words in lists for word in words)


def _phrases(words: Iterable[str]) -> re.Pattern[str]:
    """Return the pattern of words after a name, with optional points and spaces."""
    listed = (re.escape(w).replace(r"\.", r"\.?").replace(r"\ ", r"\s?") for w in sorted(words))
    return re.compile(rf"\s+({'|'.join(listed)})(?!\w)", re.IGNORECASE)


def _alternatives(lists: Iterable[Words]) -> re.Pattern[str]:
    words = sorted(_union(lists), key=lambda word: (-len(word), word))
    return re.compile(rf"({'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE)
