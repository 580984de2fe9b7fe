"""The names lawyers call works by, and how to spot them beside a label.

Names are compared *squashed*: without spaces, dots, accents, case, apostrophes and book marks, so
``C. civ.``, ``C.civ.`` and ``c civ`` are one name. A place map leads back to the original text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from corpus.model import Work

_DROPPED = re.compile(r"[\s.·'’《》〈〉]")
_FULL_NAME_OF_CHINA = "中华人民共和国"
_TRAILING_PARENTHESIS = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_EU_NUMBER = re.compile(r"(?<![\d/])\d{2,4}/\d{1,4}(?![\d])")
_US_CODE = re.compile(
    r"^(?P<name>\d+(?:cfr|usc))(?:part|pt|§+|sections?|sec)?(?P<low>\d+)(?:-(?P<high>\d+))?"
)
_CJK = re.compile(r"[\u3400-\u9fff]")
_MAY_PRECEDE_CHINESE = frozenset("据依照按和与與及或反在以是了从從由於于对對当當违違現现第")


@dataclass(frozen=True)
class Squashed:
    """A text reduced for comparison; ``places[i]`` is where character ``i`` came from."""

    text: str
    places: tuple[int, ...]

    def index(self, place: int) -> int:
        """Return the first squashed character that comes from ``place`` or later."""
        low, high = 0, len(self.places)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.places[middle] < place else (low, middle)
        return low


def squash(text: str) -> Squashed:
    """Reduce a text for the comparison of names."""
    chars: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if _DROPPED.match(char):
            continue
        for part in unicodedata.normalize("NFKD", char.casefold()):
            if not unicodedata.combining(part):
                chars.append("-" if part in "‐‑–—" else part)
                places.append(place)
    return Squashed("".join(chars), tuple(places))


@dataclass(frozen=True)
class UsRange:
    """The sections of a volume (``12 CFR``, ``29 U.S.C.``) that a work consists of."""

    work_id: str
    low: int
    high: int | None


@dataclass
class WorkNames:
    """Every name of some works. Built once by :func:`work_names`."""

    ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    us: dict[str, list[UsRange]] = field(default_factory=lambda: defaultdict(list))
    lengths: list[int] = field(default_factory=list)
    traditional: set[str] = field(default_factory=set)
    """Ids of works in traditional Chinese."""

    def starting_at(self, text: str, squashed: Squashed, place: int) -> tuple[str, int] | None:
        """Return the longest name that starts at ``place``, and where it ends in ``text``."""
        first = squashed.index(place)
        for length in self.lengths:
            name = squashed.text[first : first + length]
            if len(name) == length and name in self.ids:
                end = squashed.places[first + length - 1] + 1
                if _stands_alone(text, squashed.places[first], end):
                    return name, end
        return None

    def ending_at(self, text: str, squashed: Squashed, place: int) -> tuple[str, int] | None:
        """Return the longest name that ends at ``place``, and where it starts in ``text``."""
        last = squashed.index(place)
        for length in self.lengths:
            name = squashed.text[max(0, last - length) : last]
            if len(name) == length and name in self.ids:
                start = squashed.places[last - length]
                if _stands_alone(text, start, place):
                    return name, start
        return None

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
    """Collect the names of ``works``: titles, aliases, official citations, and what they imply.

    The sequence asked about last is known by its identity, so it must not change; any other is
    compared work by work.
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
    found = WorkNames()
    found.traditional |= {w.id for w in works if w.jurisdiction == "tw" or w.language == "zh-Hant"}
    holders: dict[str, dict[str, None]] = defaultdict(dict)
    for work in works:
        for name in _names(work):
            squashed = squash(name).text
            if len(squashed) >= 2 and not squashed.isdecimal():
                holders[squashed][work.id] = None
            if match := _US_CODE.match(squashed):
                found.us[match["name"]].append(_us_range(work.id, match))
    found.ids.update((name, tuple(ids)) for name, ids in holders.items())
    found.lengths.extend(sorted({len(name) for name in found.ids}, reverse=True))
    return found


def _us_range(work_id: str, match: re.Match[str]) -> UsRange:
    low = int(match["low"])
    if match["high"]:
        return UsRange(work_id, low, int(match["high"]))
    return UsRange(work_id, low, low if "cfr" in match["name"] else None)


def _names(work: Work) -> Iterator[str]:
    written = [work.title, *work.aliases, *work.citation.split(";")]
    yield from written
    for name in written:
        yield _TRAILING_PARENTHESIS.sub("", name)
        yield name.removeprefix(_FULL_NAME_OF_CHINA)
    yield from _genitives(work)
    if work.jurisdiction == "eu":
        yield from _eu_numbers(written)


def _genitives(work: Work) -> Iterator[str]:
    """Yield the title as it stands after "of": some languages decline it."""
    title = work.title
    if work.language == "et":
        yield title + ("u" if title.endswith("k") else "e")
    if work.language == "de":
        declined = re.sub(r"^(\w+)es (?=\w+$)", r"\1en ", title)
        yield from (declined + "s", declined + "es")


def _eu_numbers(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from _EU_NUMBER.findall(name)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether the name is a word of its own; Chinese allows function words around it."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if _CJK.match(text[start]):
        return not _CJK.match(before) or before in _MAY_PRECEDE_CHINESE
    return not before.isalnum() and not (after.isalnum() and not _CJK.match(after))
