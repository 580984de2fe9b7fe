"""Tokenisation and normalisation, shared by all engines and languages.

Text is converted to *terms* here, in Python; an engine stores the terms joined by spaces, and
splits at spaces. So a word, a number or a citation is the same on every engine, and a highlight can
be traced back to its characters.

The rules:

* Unicode NFKC and case folding everywhere; soft hyphens and zero-width characters are removed.
* An accent is removed where readers omit it (French, English, most of Spanish) and kept where it
makes another letter: Estonian ``õ ä ö ü`` (``süü`` guilt, ``suu`` mouth) and Spanish ``ñ``
(``pena`` penalty, ``peña`` rock). German ``ä ö ü`` equal both ``a o u`` and ``ae oe ue``.
* An apostrophe separates words (``l'article`` contains ``article``); the elided ``l`` is a stop
word.
* A number keeps its inner punctuation (``52-1``, ``2022/2065``, ``1024.35``), loses its thousands
separators (``50,000``), and a paragraph reference yields each level: ``12(1)(a)`` is found by
``12``, ``12(1)`` and ``12(1)(a)``. Estonian superscripts become ``87^1``.
* Chinese is indexed by single characters and pairs and searched by pairs; the numeral of an article
(``第三百九十三条``) becomes digits.
* Stop words are removed from questions only, never from documents, so phrases stay exact.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from corpus.languages.search_words import SearchTable, search_tables, stop_words
from corpus.languages.tables import base_language
from corpus.provision_numbers import chinese_number

ANALYSIS_VERSION = 2
"""Version of the rules, part of every index's schema; a change makes indices outdated."""

MAX_QUERY_TERMS = 128
MAX_TERM_CHARS = 64

_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_CJK_BUT_NUMBER = _CJK.replace("\u4e00-", "\u4e00-\u7b2b\u7b2d-")  # without 第
_ARTICLE = "[零〇一二三四五六七八九十百千两]+(?=[条條])"
_JOINERS = "\u00ad\u200b-\u200d\u2060\ufeff"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LETTER = rf"[^\W\d_{_CJK}{_SUPERSCRIPTS}]"
_TOKEN = re.compile(
    rf"(?P<word>{_LETTER}+(?:[\u0300-\u036f{_JOINERS}]+{_LETTER}*)*)"
    rf"|(?P<numeral>(?<=第){_ARTICLE})"
    rf"|(?P<cjk>(?:[{_CJK_BUT_NUMBER}]+|第(?!{_ARTICLE}))+(?:第(?={_ARTICLE}))?|第(?={_ARTICLE}))"
    rf"|(?P<grouped>(?<!\d)\d{{1,3}}(?:[.,'’\u00a0\u202f\u2009]\d{{3}})+(?!\d))"
    rf"|(?P<number>\d+(?:{_LETTER}{{1,3}}(?!{_LETTER}))?[{_SUPERSCRIPTS}]*"
    rf"(?:[-‐‑–./:]\d+(?:{_LETTER}(?!{_LETTER}))?)*)(?P<levels>(?:[(（]\w{{1,5}}[)）])*)"
)
_IGNORABLE = re.compile(f"[{_JOINERS}]")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"})
_SUPERSCRIPT_DIGITS = str.maketrans(_SUPERSCRIPTS, "0123456789")
_QUOTED = re.compile(r'"([^"]*)"|“([^“”]*)”|„([^„“”]*)[“”]|«([^«»]*)»|「([^「」]*)」')
_OMISSION = re.compile(r"…|\.{3}|\[[^\]]*\]|【[^】]*】|_{2,}")


class Token(NamedTuple):
    """A term, and the characters ``[start, end)`` of the original text that it stands for."""

    term: str
    start: int
    end: int


_Folding = Callable[[str], str]
_Chinese = Callable[[str, int], Iterator[Token]]


@dataclass(frozen=True, slots=True)
class TextQuery:
    """A query for an engine.

    A document matches if it contains each of ``phrases`` (in one of its readings, adjacent and in
    order) and, if there are no phrases, at least one of ``terms``. All of them add to its score.
    """

    terms: tuple[str, ...]
    phrases: tuple[tuple[tuple[str, ...], ...], ...] = ()

    @property
    def wanted(self) -> frozenset[str]:
        """Return every term of the query, in phrases and outside."""
        quoted = (term for phrase in self.phrases for reading in phrase for term in reading)
        return frozenset((*self.terms, *quoted))

    @property
    def empty(self) -> bool:
        """Return whether the query has no term."""
        return not self.terms and not self.phrases


# -- documents ---------------------------------------------------------------------------------


def tokens(text: str, language: str) -> Iterator[Token]:
    """Yield the terms of a document in ``language``, in order, with their positions."""
    fold = _folding(language)
    for match in _TOKEN.finditer(text):
        yield from _tokens_of(match, fold, _chinese_document)


def normalise(text: str, language: str) -> str:
    """Return the terms of a document joined by spaces, as given to an engine.

    No term contains a space or a line break; repeated words are cached.
    """
    fold = _folding(language)
    pieces = text.replace("\n", " ").split(" ")
    read = [
        _remembered(piece, fold) if len(piece) <= _LONGEST_REMEMBERED else _terms(piece, fold)
        for piece in pieces
    ]
    return " ".join(filter(None, read))


def _terms(piece: str, fold: _Folding) -> str:
    terms: list[str] = []
    for match in _TOKEN.finditer(piece):
        if match.lastgroup == "cjk":
            terms += _characters_and_pairs(match[0])
        else:
            terms += [token.term for token in _tokens_of(match, fold, _chinese_document)]
    return " ".join(terms)


_LONGEST_REMEMBERED = 24
_remembered = lru_cache(maxsize=1 << 17)(_terms)


# -- questions ---------------------------------------------------------------------------------


def text_query(text: str, languages: Sequence[str] = ()) -> TextQuery:
    """Parse a question: quoted passages become phrases, the rest becomes terms.

    A quotation with omissions (``"…, shall […] the court"``) becomes several passages.

    ``languages`` are those of the documents searched; empty means any. A word whose folding depends
    on the language yields each of its forms. ``text`` has no operators, so no input is malformed;
    at most ``MAX_QUERY_TERMS`` distinct terms are kept.
    """
    phrases = []
    for match in _QUOTED.finditer(text):
        for passage in _OMISSION.split(match[match.lastindex or 1]):
            if readings := _readings(passage, languages):
                phrases.append(readings)
    loose = _QUOTED.sub(" ", text) if phrases else text
    return TextQuery(_question_terms(loose, languages), tuple(phrases))


def highlights(text: str, language: str, terms: Collection[str]) -> tuple[tuple[int, int], ...]:
    """Return the spans of ``text`` that match ``terms``, in order, adjacent ones merged."""
    spans: list[tuple[int, int]] = []
    for token in tokens(text, language):
        if token.term not in terms:
            continue
        if spans and token.start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], token.end))
        else:
            spans.append((token.start, token.end))
    return tuple(spans)


def _readings(phrase: str, languages: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the distinct term sequences of a phrase under each folding."""
    found = (
        tuple(t.term for t in tokens(phrase, language))[:MAX_QUERY_TERMS]
        for language in _foldings(tuple(languages)).values()
    )
    return tuple(dict.fromkeys(reading for reading in found if reading))


def _question_terms(text: str, languages: Sequence[str]) -> tuple[str, ...]:
    foldings = _foldings(tuple(languages))
    words: dict[str, str] = {}  # each form, with the plain form that stopwords are listed under
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "word":
            if plain := _fold(match[0])[:MAX_TERM_CHARS]:
                words.update((fold(match[0])[:MAX_TERM_CHARS], plain) for fold in foldings)
        else:
            terms = [token.term for token in _tokens_of(match, _fold, _chinese_question)]
            words.update(zip(terms, terms, strict=True))
    drop = _stopwords(words, languages)
    kept = [form for form, plain in words.items() if form not in drop and plain not in drop]
    return tuple((kept or list(words))[:MAX_QUERY_TERMS])


@cache
def _every_stopword() -> frozenset[str]:
    return frozenset[str]().union(*stop_words().values())


def _stopwords(words: dict[str, str], languages: Sequence[str]) -> frozenset[str]:
    """Return the stop words of the language that the question is most likely written in.

    That is the searched language with the most stop words in the question; all of them in a tie.
    """
    forms = words.keys() | set(words.values())
    if forms.isdisjoint(_every_stopword()):
        return frozenset()
    listed = stop_words()
    bases = {base_language(language) for language in languages} or set(listed)
    counts = {base: len(forms & listed[base]) for base in bases if base in listed}
    most = max(counts.values(), default=0)
    return frozenset().union(*(listed[b] for b, n in counts.items() if n == most and n))


# -- terms -------------------------------------------------------------------------------------


def _tokens_of(match: re.Match[str], fold: _Folding, chinese: _Chinese) -> Iterator[Token]:
    kind, text = match.lastgroup, match[0]
    if kind == "word":
        if term := fold(text)[:MAX_TERM_CHARS]:
            yield Token(term, match.start(), match.end())
    elif kind == "cjk":
        yield from chinese(text, match.start())
    elif kind == "numeral":
        yield Token(chinese_number(text), match.start(), match.end())
    elif kind == "grouped":
        yield Token(re.sub(r"\D", "", _fold(text)), match.start(), match.end())
    else:
        yield from _levels(match)


def _levels(match: re.Match[str]) -> Iterator[Token]:
    """Yield a number and each level of its paragraph reference."""
    start, end = match.span("number")
    term = _number(match["number"])
    yield Token(term, start, end)
    for level in re.finditer(r"[(（](\w+)[)）]", match["levels"]):
        term = f"{term}({_fold(level[1])})"[:MAX_TERM_CHARS]
        yield Token(term, start, end + level.end())


def _number(text: str) -> str:
    marked = re.sub(
        rf"[{_SUPERSCRIPTS}]+", lambda m: "^" + m[0].translate(_SUPERSCRIPT_DIGITS), text
    )
    return re.sub("[‐‑–]", "-", _fold(marked))[:MAX_TERM_CHARS]


def _characters_and_pairs(run: str) -> list[str]:
    """Return each character and each pair: ``刑法典`` gives ``刑 刑法 法 法典 典``."""
    pairs = map(str.__add__, run, run[1:])
    return [*(term for both in zip(run, pairs, strict=False) for term in both), run[-1]]


def _chinese_document(run: str, start: int) -> Iterator[Token]:
    for i, term in enumerate(_characters_and_pairs(run)):
        yield Token(term, start + i // 2, start + i // 2 + len(term))


def _chinese_question(run: str, start: int) -> Iterator[Token]:
    """Yield the pairs, or the character if there is only one."""
    for i in range(max(1, len(run) - 1)):
        yield Token(run[i : i + 2], start + i, start + min(i + 2, len(run)))


# -- folding -----------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _foldings(languages: tuple[str, ...]) -> dict[_Folding, str]:
    """Return the distinct foldings of ``languages`` (empty: all), with a language for each."""
    return {_folding(language): language for language in languages or ("", *_own_foldings())}


def _folding(language: str) -> _Folding:
    return _own_foldings().get(base_language(language), _fold)


def _compatible(word: str) -> str:
    word = unicodedata.normalize("NFKC", _IGNORABLE.sub("", word)).casefold()
    return "".join(unicodedata.normalize("NFC", word).translate(_LIGATURES).split())


def _without_marks(word: str, keep: str = "") -> str:
    if word.isascii():
        return word
    return "".join(char if char in keep else _bare(char) for char in word)


def _bare(char: str) -> str:
    parts = unicodedata.normalize("NFD", char)
    return "".join(part for part in parts if not unicodedata.combining(part))


@lru_cache(maxsize=1 << 17)
def _fold(word: str) -> str:
    return _without_marks(_compatible(word))


@cache
def _own_foldings() -> dict[str, _Folding]:
    """Return the folding of each language that does not remove every accent."""
    return {
        language: _folding_of(table)
        for language, table in search_tables().items()
        if table.kept_letters or table.spelt_out
    }


def _folding_of(table: SearchTable) -> _Folding:
    spelt_out = re.compile(table.spelt_out) if table.spelt_out else None

    @lru_cache(maxsize=1 << 16)
    def fold(word: str) -> str:
        bare = _without_marks(_compatible(word), keep=table.kept_letters)
        return spelt_out.sub(lambda pair: pair[0][0], bare) if spelt_out else bare

    return fold
