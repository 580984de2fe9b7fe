"""Locate the subdivision of a text that a citation names: paragraph, point, sentence.

The language tables (``[shown]`` in ``corpus/languages/*/citations.toml``) say how a text marks a
subdivision: by a mark, or by its position among lines or sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal

from corpus.languages.citation_words import Shown
from corpus.model import Frozen
from corpus.provision_numbers import label_key
from retrieval.citations.lexicon import lexicon
from retrieval.citations.outline import Division, outline

Span = tuple[int, int]

_CHINESE_PART = re.compile(r"第(\d+)(.)")
_MARKED = re.compile(r"\(|\.(?=\D)|\d+°$")
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_STOP = re.compile(r"[.!?]+[\"'“”»)\]]*(?=\s+[^\Wa-zà-ÿ\d])|[。！？](?=.)", re.DOTALL)
_LAST_WORD = re.compile(r"[^\W_]+$")


class Pinpoint(Frozen):
    """A cited subdivision of a provision (``(b)(1)``), and its position in the text."""

    cited: str
    start: int
    end: int


@dataclass(frozen=True)
class Located:
    """Position of the subdivisions of a citation.

    ``span`` is ``None`` if they were not found: ``missing`` is a subdivision that the text
    certainly lacks; for those in ``unsure`` this is unknown, since the text has no such marks.
    """

    span: Span | None
    missing: str | None = None
    unsure: tuple[str, ...] = ()


def locate(text: str, parts: Sequence[str], language: str) -> Located:
    """Find the parts of a citation in a text, from the outermost to the innermost.

    Args:
        text: the provision.
        parts: their keys: ``(b)``, ``abs2``, ``satz1``, ``第2項``.
        language: of the work; parts may be named in another one.
    """
    scope = _Scope(text, (0, len(text)), outline(text))
    for place, part in enumerate(parts):
        name, number = _split(part)
        found = _FINDERS[_shown(name, language)](scope, number)
        if found is False:
            return Located(None, missing=part)
        if found is None:
            return Located(None, unsure=tuple(parts[place:]))
        scope = found
    start, end = _trimmed(text, scope.span)
    return Located((start, end))


def cited_parts(parts: Sequence[str]) -> str:
    """Return the keys of parts as one reads them: ``(b)(1)``, ``abs2 satz1``."""
    joined = "".join(part if part[0] in "(.第" else f" {part}" for part in parts)
    return joined.strip()


@dataclass(frozen=True)
class _Scope:
    """A stretch of a text, and the divisions in it."""

    text: str
    span: Span
    divisions: Sequence[Division]

    def within(self, span: Span) -> _Scope:
        """Return a stretch inside this one."""
        inner = [d for d in self.divisions if span[0] <= d.start < span[1]]
        return _Scope(self.text, span, inner)

    def into(self, division: Division) -> _Scope:
        """Return what one division holds."""
        return _Scope(self.text, (division.start, division.end), division.divisions)

    @property
    def words(self) -> Span:
        """The stretch without the mark at its beginning."""
        start, end = self.span
        mark = re.compile(r"\s*(?:[(（]\w{1,6}[)）]\s*)+|\s*\w{1,3}[.)°]\s").match(self.text, start)
        return (mark.end() if mark else start, end)


_Found = _Scope | Literal[False] | None
"""A stretch; ``False``: it is surely not there; ``None``: nobody can tell."""


def _by_mark(scope: _Scope, number: str) -> _Found:
    """Find a marked part among the divisions, or one level deeper."""
    level: Sequence[Division] = scope.divisions
    alike: list[Division] = []
    for _ in range(2):
        found = [d for d in level if _is(d, number)]
        if found:
            return scope.into(min(found, key=lambda d: d.number.isupper()))
        alike += [d for d in level if _is_like(d, number)]
        level = [inner for division in level for inner in division.divisions]
    return False if len(alike) > 1 else None


def _by_leading_mark(scope: _Scope, number: str) -> _Found:
    """Find a marked paragraph of a text whose marks number all of it, not the items of a list."""
    start, end = _trimmed(scope.text, scope.span)
    leads = scope.divisions and scope.divisions[0].start == start
    return _by_mark(scope, number) if leads and end else None


def _by_line(scope: _Scope, number: str) -> _Found:
    return _counted(scope, number, [m.span() for m in _LINE.finditer(scope.text, *scope.words)])


def _by_paragraph(scope: _Scope, number: str) -> _Found:
    """Count the lines that bear no mark, each with the items behind it."""
    marked = {division.start for division in scope.divisions}
    lines = (match.start() for match in _LINE.finditer(scope.text, *scope.words))
    starts = [at for at in lines if _trimmed(scope.text, (at, scope.span[1]))[0] not in marked]
    return _counted(scope, number, list(pairwise([*starts, scope.span[1]])))


def _by_sentence(scope: _Scope, number: str) -> _Found:
    found = list(_sentences(scope.text, *scope.words))
    return _counted(scope, number, found, alone=scope.span != (0, len(scope.text)))


def _counted(scope: _Scope, number: str, spans: Sequence[Span], *, alone: bool = False) -> _Found:
    """Return one of some stretches by its number; one ``alone`` shows that there is no second."""
    place = int(number) if number.isdecimal() else 0
    if 0 < place <= len(spans):
        return scope.within(spans[place - 1])
    return False if place and (len(spans) > 1 or alone) else None


def _half(scope: _Scope, *, first: bool) -> _Found:
    """Return the first or the last half of a provision that a semicolon or a stop divides."""
    start, end = scope.words
    for stop in ("；", "。"):
        place = scope.text.find(stop, start, end - 1) + 1
        if place:
            return scope.within((start, place) if first else (place, end))
    return None


def _proviso(scope: _Scope, *, inside: bool) -> _Found:
    """Return the proviso (from 但) or what stands before it."""
    start, end = scope.words
    found = re.compile(r"(?<=[，。；])但").search(scope.text, start, end)
    if found is None:
        return None
    return scope.within((found.start(), end) if inside else (start, found.start()))


_FINDERS: dict[Shown, Callable[[_Scope, str], _Found]] = {
    "mark": _by_mark,
    "leading mark": _by_leading_mark,
    "line": _by_line,
    "paragraph": _by_paragraph,
    "sentence": _by_sentence,
    "first half": lambda scope, _: _half(scope, first=True),
    "last half": lambda scope, _: _half(scope, first=False),
    "proviso": lambda scope, _: _proviso(scope, inside=True),
    "before proviso": lambda scope, _: _proviso(scope, inside=False),
    "not": lambda *_: None,
}


def _is(division: Division, number: str) -> bool:
    if division.kind == "han":
        return number == str(division.value)
    return label_key(division.number) == number


def _is_like(division: Division, number: str) -> bool:
    """Tell whether a division is counted as a part is: by figures or by letters."""
    return (division.kind in ("digit", "han")) == number[:1].isdigit()


def _split(part: str) -> tuple[str, str]:
    """Return the name of a part (empty for brackets) and its number: ``abs2`` is abs and 2."""
    if chinese := _CHINESE_PART.fullmatch(part):
        return chinese[2], chinese[1]
    if _MARKED.match(part) or part[0] in "-.":
        return "", part.strip("(.-)°")
    name = next((name for name in _names() if part.startswith(name)), part)
    return name, part[len(name) :]


def _shown(name: str, language: str) -> Shown:
    """Return how texts in a language show a part; one named in another language as there."""
    tables = lexicon().tables
    base = language.partition("-")[0]
    own = tables.get(base)
    if own is not None and name in (script := own.shown_in.get(language, {})):
        return script[name]
    for table in (own, *tables.values()):
        if table is not None and name in table.parts:
            return table.shown.get(name, "mark")
    return "mark"


@cache
def _names() -> tuple[str, ...]:
    """Return the names of parts of all languages, the longest first."""
    tables = lexicon().tables.values()
    kinds = (kind for table in tables for kind in table.kinds.values())
    named = {name for table in tables for name in table.parts}
    named |= {name for kind in kinds for name in kind.parts}
    return tuple(sorted(named, key=lambda name: (-len(name), name)))


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the sentences of a stretch; a stop behind an abbreviation ends none."""
    reached = start
    for stop in _STOP.finditer(text, start, end):
        word = _LAST_WORD.search(text, max(start, stop.start() - 20), stop.start())
        if word is None or not _abbreviated(word[0]):
            yield reached, stop.end()
            reached = stop.end()
    if text[reached:end].strip():
        yield reached, end


def _abbreviated(word: str) -> bool:
    words, folded = lexicon(), word.casefold()
    if len(word) == 1 or (word.isdigit() and len(word) < 3):
        return True
    return folded in words.abbreviations or folded in words.parts or folded in words.kinds


def _trimmed(text: str, span: Span) -> Span:
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
