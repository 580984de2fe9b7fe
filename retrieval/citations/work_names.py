"""Names of works, and how to find them in a text.

Names are compared *normalised*: without spaces, dots, accents, case, apostrophes and book title
marks, so ``C. civ.``, ``C.civ.`` and ``c civ`` are one name. A position map leads back to the
original text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from corpus.model import Work
from retrieval.citations.lexicon import lexicon

_DROPPED = re.compile(r"[\s.·'’《》〈〉]")
_FULL_NAME_OF_CHINA = "中华人民共和国"
_TRAILING_PARENTHESIS = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_DATED = re.compile(r"(.*\d.*?), (?=de \d)")
_OFFICIAL_NUMBER = re.compile(r"\d{1,4}/\d{4}\s*(?:Sb|Z\.\s?z)\.")
_CFR_PART = re.compile(r"(?<=CFR )Part \d+$|(?<=C\.F\.R\. )Part \d+$")
_GOES_ON = re.compile(r"\d[./-]\d|.-\w")
_SHORT = 3
_DECLINABLE = 5
_EU_NUMBER = re.compile(r"(?<![\d/])\d{2,4}/\d{1,4}(?![\d])")
_US_CODE = re.compile(
    r"^(?P<name>\d+(?:cfr|usc))(?:part|pt|§+|sections?|sec)?(?P<low>\d+)(?:-(?P<high>\d+))?"
)
_CJK = re.compile(r"[\u3400-\u9fff]")
_MAY_PRECEDE_CHINESE = frozenset("据依照按和与與及或反在以是了从從由於于对對当當违違現现第")


@dataclass(frozen=True)
class NormalisedName:
    """A text normalised for comparison; ``places[i]`` is the position of character ``i``."""

    text: str
    places: tuple[int, ...]


def normalise_name(text: str) -> NormalisedName:
    """Return a text normalised for the comparison of names."""
    chars: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for part in _reduced(char):
            chars.append(part)
            places.append(place)
    return NormalisedName("".join(chars), tuple(places))


@lru_cache(maxsize=4096)
def _reduced(char: str) -> str:
    if _DROPPED.match(char):
        return ""
    parts = unicodedata.normalize("NFKD", char.casefold())
    return "".join("-" if p in "‐‑–—" else p for p in parts if not unicodedata.combining(p))


@dataclass(frozen=True)
class Name:
    """A name of works in a text; several adjacent names count as one."""

    start: int
    end: int
    work_ids: tuple[str, ...]


@dataclass(frozen=True)
class UsRange:
    """The sections of a volume (``12 CFR``, ``29 U.S.C.``) that belong to a work."""

    work_id: str
    low: int
    high: int | None


@dataclass
class WorkNames:
    """All names of some works. Make one with :func:`work_names`."""

    ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    us: dict[str, list[UsRange]] = field(default_factory=lambda: defaultdict(list))
    lengths: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Lengths of the names that begin with two characters, longest first."""
    short: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Spellings of names of up to three letters: ``ET`` is not the French ``et``."""
    dotted: set[str] = field(default_factory=set)
    """Names that end with a point."""
    works: dict[str, Work] = field(default_factory=dict)
    traditional: set[str] = field(default_factory=set)
    """Ids of works in traditional Chinese."""

    def find(self, text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Name]:
        """Return the names in ``text``, the longest at each position, outside ``taken`` spans."""
        normalised = normalise_name(text)
        found: list[Name] = []
        place = 0
        while place < len(normalised.text):
            name = self._at(text, normalised, place)
            if name is None or any(name.start < end and start < name.end for start, end in taken):
                place += 1
                continue
            found.append(name)
            while place < len(normalised.text) and normalised.places[place] < name.end:
                place += 1
        return found

    def _at(self, text: str, normalised: NormalisedName, first: int) -> Name | None:
        lengths = self.lengths.get(normalised.text[first : first + 2])
        start = normalised.places[first]
        if not lengths or not _begins_word(text, start):
            return None
        for length in lengths:
            key = normalised.text[first : first + length]
            if len(key) < length or key not in self.ids:
                continue
            end = normalised.places[first + length - 1] + 1
            if _stands_alone(text, start, end) and self._is_written(key, text[start:end]):
                pointed = key in self.dotted or "." in text[start:end]
                end += pointed and text[end : end + 1] == "."
                return Name(start, end, self.ids[key])
        return None

    def _is_written(self, key: str, written: str) -> bool:
        forms = self.short.get(key)
        return forms is None or written.isupper() or _DROPPED.sub("", written) in forms

    def is_name_of(self, written: str, work_ids: Sequence[str]) -> bool:
        """Return whether a text is another name of one of some works."""
        holders = self.ids.get(normalise_name(written).text, ())
        return any(work in holders for work in work_ids)

    def in_us_code(self, volume: str, number: int) -> tuple[str, ...]:
        """Return the works that may hold a section of a volume (``12cfr``), the closest first."""
        parts = sorted(self.us.get(volume, ()), key=lambda part: -part.low)
        holders = (
            part.work_id
            for part in parts
            if part.low <= number and (part.high is None or number <= part.high)
        )
        return tuple(dict.fromkeys(holders))


_newest: tuple[Sequence[Work], WorkNames] | None = None


def work_names(works: Sequence[Work]) -> WorkNames:
    """Return the names of ``works``: titles, aliases, official citations, and derived forms.

    The last sequence is cached by its identity, so it must not be changed; any other is compared
    work by work.
    """
    global _newest  # noqa: PLW0603 - one assignment, whole or not at all, from any thread
    last = _newest
    if last is not None and last[0] is works:
        return last[1]
    found = _collected(tuple(works))
    _newest = works, found
    return found


@lru_cache(maxsize=8)
def _collected(works: tuple[Work, ...]) -> WorkNames:
    found = WorkNames(works={work.id: work for work in works})
    found.traditional |= {w.id for w in works if w.jurisdiction == "tw" or w.language == "zh-Hant"}
    holders: dict[str, dict[str, None]] = defaultdict(dict)
    lengths: dict[str, set[int]] = defaultdict(set)
    for work in works:
        for name in _names(work):
            key = normalise_name(name).text
            if match := _US_CODE.match(key):
                found.us[match["name"]].append(_us_range(work.id, match))
            if len(key) < 2 or key.isdecimal():
                continue
            holders[key][work.id] = None
            lengths[key[:2]].add(len(key))
            found.dotted |= {key} if name.rstrip().endswith(".") else set()
            if len(key) <= _SHORT and key.isascii():
                found.short[key].add(_DROPPED.sub("", name))
    found.ids.update((name, tuple(ids)) for name, ids in holders.items())
    found.lengths.update((head, tuple(sorted(n, reverse=True))) for head, n in lengths.items())
    return found


def _us_range(work_id: str, match: re.Match[str]) -> UsRange:
    low = int(match["low"])
    if match["high"]:
        return UsRange(work_id, low, int(match["high"]))
    return UsRange(work_id, low, low if "cfr" in match["name"] else None)


def _names(work: Work) -> Iterator[str]:
    written = [work.title, *work.aliases, *work.citation.split(";")]
    for name in written:
        yield name.strip()
        yield _TRAILING_PARENTHESIS.sub("", name)
        yield name.removeprefix(_FULL_NAME_OF_CHINA)
        if dated := _DATED.match(name):
            yield dated[1]
        yield from _OFFICIAL_NUMBER.findall(name)
        if part := _CFR_PART.search(name):
            yield part[0]
    for name in (work.title, *work.aliases):
        yield from _declined(name, work.language)
    if work.jurisdiction == "eu":
        for name in written:
            yield from _EU_NUMBER.findall(name)


def _declined(title: str, language: str) -> Iterator[str]:
    """Yield a title in the inflected form after "of", in languages that have one."""
    table = lexicon().tables.get(language)
    if table is None or len(title) < _DECLINABLE:
        return
    for pattern, text in table.titles.declined:
        declined = re.sub(pattern, text, title, count=1)
        if declined != title:
            yield declined


def _begins_word(text: str, start: int) -> bool:
    before = text[start - 1 : start]
    return not before.isalnum() or bool(_CJK.match(before) or _CJK.match(text[start]))


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Return whether the name is a whole word; in Chinese, function words may adjoin it."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if _CJK.match(text[start]):
        return not _CJK.match(before) or before in _MAY_PRECEDE_CHINESE
    if before.isalnum() or (after.isalnum() and not _CJK.match(after)):
        return False
    return not _GOES_ON.match(text[end - 1 : end + 2])
