"""Comparison keys of a cited label, from the most exact to what contains it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from corpus.languages.citation_words import Numbers
from corpus.model import Work
from corpus.provision_numbers import chinese_number, label_key
from retrieval.citations.label_forms import Item, Mention, Part
from retrieval.citations.lexicon import lexicon

_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")
_POINTED = re.compile(r"(\d+)\.(\d{1,2})")
_CHINESE_PARTS = frozenset("款项項目")


def citation_keys(
    item: Item, mention: Mention, work: Work
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys of a label and the keys of its parts.

    A label is in the language of its work, or in the only language that its words belong to.
    """
    tag = _tag(mention, work)
    table = lexicon().tables.get(tag or "")
    numbers = table.numbers if table else Numbers()
    number, parts = _number(item, numbers)
    tails = tuple(_part_key(part, tag) for part in parts)
    whole = label_key(number)
    exact = [whole + "".join(tails[:count]) for count in range(len(tails), 0, -1)]
    spelled = list(_spellings(whole))
    if number != item.number and not item.number.startswith(f"{number}."):
        spelled.append(item.number)
    return tuple(dict.fromkeys([*exact, *spelled])), tails


def _tag(mention: Mention, work: Work) -> str | None:
    base = work.language.partition("-")[0]
    if base in mention.languages:
        return base
    return next(iter(mention.languages)) if len(mention.languages) == 1 else None


def _number(item: Item, numbers: Numbers) -> tuple[str, tuple[Part, ...]]:
    """Parse the points in a number by the rules of its language: ``1.255`` or ``24.2``."""
    if numbers.thousand_points and _THOUSANDS.fullmatch(item.number):
        return item.number.replace(".", ""), item.parts
    pointed = _POINTED.fullmatch(item.number) if numbers.point_parts else None
    if pointed:
        return pointed[1], (Part(".", pointed[2]), *item.parts)
    return item.number, item.parts


def _part_key(part: Part, tag: str | None) -> str:
    """Return the key of a part: ``abs2``, ``(a)``, ``第1項``."""
    if part.kind in _CHINESE_PARTS:
        return f"第{chinese_number(part.number)}{part.kind}"
    if part.kind.startswith("roman"):
        return _roman_key(part, tag)
    number = label_key(part.number)
    signs = {
        "": f"({number})",
        ".": f".{number}" if number.isdecimal() else number,
        "-": part.number.lower(),
        "°": f"{number}°",
    }
    return signs.get(part.kind, part.kind + number)


def _roman_key(part: Part, tag: str | None) -> str:
    table = lexicon().tables["zh" if tag == "zh" else "de"]
    word = table.numbers.roman_parts[int(part.kind[-1])]
    return f"第{part.number}{word}" if tag == "zh" else f"{word}{part.number}"


def _spellings(key: str) -> Iterator[str]:
    """Yield other spellings of one number: ``1er`` is 1, ``91之1`` is 91-1."""
    yield key
    if key == "1":
        yield "1er"
    elif key == "1er":
        yield "1"
    if "之" in key:
        yield key.replace("之", "-")
    elif re.fullmatch(r"\d+-\d+", key):
        yield key.replace("-", "之")
