"""Find parts of a citation that were not parsed: a longer title, a subdivision in words, a number.

A citation that was parsed in part is never answered as if it were complete. These functions return
the span beside a label or a name that belongs to the citation and was not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from corpus.model import Work
from retrieval.citations.label_forms import Mention
from retrieval.citations.lexicon import lexicon
from retrieval.citations.work_names import Name, WorkNames, normalise_name

Span = tuple[int, int]

_REACH = 60
_PARENTHESIS = re.compile(r"\s*[(（]([^()（）]{1,60})[)）]")
_NEXT_WORD = re.compile(r"\s+([^\W\d_][\w'’.-]*)")
_LINKED = re.compile(r"\s+(?:la\s+|le\s+|the\s+|los\s+|las\s+|l['’])?([^\W\d_][\w'’-]*|\d+)")
_TITLE_GOES_ON = re.compile(
    r"(?:\s+(?:[A-Z][\w'’]*|and|of|the|\([^()]{1,60}\)|\d+)){1,8}(?!\w)", re.UNICODE
)
_YEAR = re.compile(r"\s+(?:1[6-9]|20)\d\d(?!\w)")
_SECOND_NUMBER = re.compile(r"\s?[-–—/]\s?(?:\d|\(\w)|\s+\d+(?!\w)(?!\.?\s+[^\W\d_]{3})")
_LISTED_NUMBER = re.compile(r"\s*[,;]\s*(?:\d+(?!\w)(?!\.?\d|\.?\s+[^\W\d_]{3})|\(\w{1,3}\))")
_JOINED = re.compile(r"\s*[,;]?\s+([^\W\d_]+)\.?\s+(?:\d+(?![\w.])(?!\s+[^\W\d_]{3})|\(\w{1,3}\))")
_CHINESE_TAIL = re.compile(
    r"\s*[、，及和与與或至到]?\s*第?\s*[(（]?[零〇一二三四五六七八九十百千两\d]+[)）]?\s*[款项項目]|\s*之\s*[\d一二三四五六七八九十]"
)
_PART_IN_WORDS = re.compile(r"[\s,]*([^\W\d_]+)\.?\s*(\(?\d|\(?[a-z]\)|[^\W\d_]+)?", re.IGNORECASE)
_ROMAN_BEHIND = re.compile(r"\s[IVX]{1,5}(?![\w.'’])")
_HEAD = re.compile(r"([^\W\d_]+)\s+(?:of|de|du|des|del|der|van|della)\s+(?:the\s+|l['’]|la\s+)?$")
_TOKEN = re.compile(r"[^\W\d_]+|\d+|[(（][^()（）]{1,40}[)）]|[^\w\s]")
_LAST_LINK = re.compile(r"[\s,]+([^\W\d_]+)['’]?$")
_CJK_GAP = re.compile(r"[\u3400-\u9fff]{1,8}")
_NO_GAP = frozenset(",;:-–—/()（）.°º'’")


def unread_around(text: str, mention: Mention, name: Name | None, names: WorkNames) -> Span | None:
    """Return the span beside a label and its name that belongs to them but was not parsed."""
    head = _head(text, mention.start)
    if name is None:
        return head or _label_tail(text, mention)
    work = names.works[name.work_ids[0]]
    before = _title_head(text, name.start)
    if mention.start >= name.end:
        return head or before or _label_tail(text, mention)
    return head or before or title_tail(text, name, work, names)


def between(text: str, mention: Mention, name: Name, names: WorkNames) -> Span | None:
    """Return the text between a label and a name near it, if it belongs to the citation."""
    low, high = sorted((mention.end, name.start, mention.start, name.end))[1:3]
    gap = text[low:high]
    if high - low > _REACH:
        return None
    stripped = without_links(gap.strip(" ,\t\n"))
    span = (low + gap.index(stripped), low + gap.index(stripped) + len(stripped))
    if name.end <= mention.start:
        inside = _CJK_GAP.fullmatch(stripped)
        spoken = inside and any(unit in stripped for unit in lexicon().units)
        tail = title_tail(text, name, names.works[name.work_ids[0]], names)
        fills = tail is not None and not text[tail[1] : high].strip(" ,:;\t\n")
        return span if spoken else tail if fills else None
    return span if _like_a_citation(stripped) else None


def without_links(gap: str) -> str:
    """Return the text between without linking words at its end (``of the``)."""
    while word := _LAST_LINK.search(gap):
        if not is_link(word[1]):
            break
        gap = gap[: word.start()]
    return gap


def _like_a_citation(gap: str) -> bool:
    tokens = _TOKEN.findall(gap)
    telling = [t for t in tokens if _is_telling(t)]
    return bool(telling) and all(_is_telling(t) or _is_connecting(t) for t in tokens)


def _is_telling(token: str) -> bool:
    words = lexicon()
    folded = token.casefold()
    return (
        token[0].isdigit()
        or token[0] in "(（"
        or words.speaks_of_parts(token)
        or folded in words.title_starts
        or folded in words.foreign
        or (len(token) == 1 and token.isalpha())
    )


def _is_connecting(token: str) -> bool:
    words = lexicon()
    folded = token.casefold()
    linked = (words.ands, words.tos, words.instruments)
    return token in _NO_GAP or is_link(token) or any(folded in some for some in linked)


def is_link(word: str, languages: Iterable[str] | None = None) -> bool:
    """Return whether a word links a label to a title (``du``), in some languages or in any."""
    spoken = lexicon().gap.get(word.casefold())
    if not spoken or (len(word) == 1 and word.isupper()):
        return False
    return languages is None or not spoken.isdisjoint(languages)


def title_tail(text: str, name: Name, work: Work, names: WorkNames) -> Span | None:
    """Return the words after a name that make it the beginning of a longer title."""
    end = name.end
    while found := _PARENTHESIS.match(text, end):
        if not harmless(found[1], work, names):
            return _trimmed(text, end, found.end())
        end = found.end()
    if work.language == "en" and (year := _YEAR.match(text, end)):
        return _trimmed(text, end, year.end())
    if found := lexicon().foreign_words.match(text, end):
        ours = found[1].casefold() in lexicon().own(work.jurisdiction)
        return None if ours else _trimmed(text, end, found.end())
    word = _NEXT_WORD.match(text, end)
    return _longer_title(text, name, end, word, names) if word else None


def _longer_title(
    text: str, name: Name, end: int, word: re.Match[str], names: WorkNames
) -> Span | None:
    words = lexicon()
    folded = word[1].casefold().rstrip(".'’")
    linked = _LINKED.match(text, word.end()) if folded in words.title_links else None
    if linked and not linked[1][0].islower():
        return _trimmed(text, end, linked.end())
    on = _TITLE_GOES_ON.match(text, end)
    if on and any(w.casefold() in words.title_words for w in re.findall(r"[A-Z]\w*", on[0])):
        return _trimmed(text, end, on.end())
    if folded in words.ands:
        word = _NEXT_WORD.match(text, word.end()) or word
    if _is_title_word(text, name, word, names):
        return _trimmed(text, end, word.end())
    return None


def _is_title_word(text: str, name: Name, word: re.Match[str], names: WorkNames) -> bool:
    """Return whether a capitalised word after a title continues it: ``Código Penal Militar``.

    In German every noun is capitalised; a title also ends before a number or abbreviation.
    """
    written = word[1]
    titled = written[:1].isupper() and written[1:2].islower() and text[name.end - 1].islower()
    if not titled or names.works[name.work_ids[0]].language == "de":
        return False
    begins = names.find(text[word.start(1) : word.start(1) + _REACH])
    return written.casefold() not in lexicon().kinds and not (begins and begins[0].start == 0)


def harmless(inside: str, work: Work, names: WorkNames) -> bool:
    """Return whether words in parentheses after a name do not change its meaning."""
    numbered = (
        re.search(r"\d", inside)
        and normalise_name(inside).text in normalise_name(work.citation).text
    )
    if numbered or names.is_name_of(inside, (work.id,)):
        return True
    words = re.findall(r"[^\W\d_]+", inside.casefold())
    changing = (lexicon().units, lexicon().title_starts, lexicon().foreign)
    if any(word in some for word in words for some in changing):
        return False
    return inside[0].islower() and not re.search(r"\d", inside)


def _title_head(text: str, start: int) -> Span | None:
    before = re.search(r"([^\W\d_]+)\s+$", text[max(0, start - 30) : start])
    if before is None or before[1].casefold() not in lexicon().title_starts:
        return None
    return _trimmed(text, start - len(before[0]), start)


def _head(text: str, start: int) -> Span | None:
    """Return a subdivision in words before a label: ``first sentence of s 5``."""
    if found := _title_head(text, start):
        return found
    before = text[max(0, start - 40) : start]
    unit = _HEAD.search(before)
    if unit is None or unit[1].casefold() not in lexicon().units:
        return None
    return _trimmed(text, start - len(before) + unit.start(), start)


def _label_tail(text: str, mention: Mention) -> Span | None:
    """Return the continuation of a label: ``-(3)``, ``, 4``, ``second sentence``."""
    end = mention.end
    found = _chinese_tail(text, mention) or _number_behind(text, end)
    if found is None and "en" not in mention.languages:
        found = _ROMAN_BEHIND.match(text, end)
    if found is not None:
        return _trimmed(text, end, _rest_of_word(text, found.end()))
    words = _PART_IN_WORDS.match(text, end)
    return _part_behind(text, end, words) if words else None


def _chinese_tail(text: str, mention: Mention) -> re.Match[str] | None:
    return _CHINESE_TAIL.match(text, mention.end) if "zh" in mention.languages else None


def _number_behind(text: str, end: int) -> re.Match[str] | None:
    joined = _JOINED.match(text, end)
    if joined and joined[1].casefold() in {*lexicon().ands, *lexicon().tos}:
        return joined
    return _SECOND_NUMBER.match(text, end) or _LISTED_NUMBER.match(text, end)


def _part_behind(text: str, end: int, found: re.Match[str]) -> Span | None:
    """Return a subdivision in words after a label; a kind word with a number is the next label."""
    word, follower = found[1].casefold(), found[2] or ""
    if not lexicon().speaks_of_parts(word):
        return None
    if text[found.end(1) : found.end(1) + 1] == "-" or word in lexicon().foreign:
        return _trimmed(text, end, _rest_of_word(text, found.end(1)))
    if follower and not follower[0].isalpha():
        is_label = word in lexicon().kinds
        return None if is_label else _trimmed(text, end, found.end())
    return _trimmed(text, end, found.end()) if lexicon().speaks_of_parts(follower) else None


def _rest_of_word(text: str, end: int) -> int:
    while end < len(text) and (text[end].isalnum() or text[end] in "-.()"):
        end += 1
    return end


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start] in " ,\t\n":
        start += 1
    while end > start and text[end - 1] in " ,\t\n":
        end -= 1
    return start, end
