"""Provision numbers: one key for every way of writing a number."""

from __future__ import annotations

import re
import unicodedata

from corpus.languages.citation_words import (
    keyed_pattern,
    keyed_words,
    kind_behind_pattern,
    kind_pattern,
)

LABEL_KEYS = 3
"""Version of :func:`label_key`; raise it when the function changes, so that works are read again.
"""

_RULE = re.compile(r"^rr?\s+(?=\d)")  # English "r 26.9"; in French "R. 1234-2" the letter counts
_CHINESE = re.compile(
    r"^第\s*(?P<number>[零〇一二三四五六七八九十百千两]+|\d+(?:-\d+)?)\s*[条條](?P<rest>.*)$"
)
_CHINESE_PART = re.compile(r"(之|第)([零〇一二三四五六七八九十百千两]+)")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_UNITS = {"十": 10, "百": 100, "千": 1000}


def label_key(text: str) -> str:
    """Return the comparison key of a label: ``Article L. 52-1``, ``art. L52-1`` give ``l52-1``.

    Kind words of every language (``corpus/languages/*/citations.toml``), dots, spaces and case are
    removed, except the kinds that belong to the number (``Annexe II`` gives ``annexii``); Chinese
    numerals become digits (``第三百九十三条之一`` gives ``393之1``). Punctuation that distinguishes
    numbers (``-``, ``(``, ``/``) stays, and so does a superscript number: ``§ 87¹`` gives ``87^1``,
    which is not ``871``.
    """
    plain = re.sub(r"(?<=\d)\s?\.?[º°ª]", "", text)
    raised = re.sub(rf"(?<=\d)([{_SUPERSCRIPTS}]+)", r"^\1", plain)
    folded = unicodedata.normalize("NFKC", raised).casefold().strip()
    if match := _CHINESE.match(folded):
        return chinese_number(match["number"]) + _chinese_suffix(match["rest"])
    bare = kind_behind_pattern().sub("", _without_kind(folded))
    bare = re.sub(r"\s*[‐‑–—]\s*", "-", bare)
    return re.sub(r"(?<!\d)\.|\.(?!\d)|[\s,:;]+", "", bare)


def _without_kind(folded: str) -> str:
    kind = kind_pattern().match(folded)
    bare = folded[kind.end() :] if kind else _RULE.sub("", folded)
    if keyed := keyed_pattern().match(bare):
        return keyed_words()[keyed[1]] + bare[keyed.end() :]
    return bare


def chinese_number(numeral: str) -> str:
    """Return a Chinese numeral (up to thousands) as decimal digits.

    Raises:
        ValueError: a character is not a numeral.
    """
    if numeral.replace("-", "").isdecimal():
        return numeral
    total, pending = 0, 0
    for char in numeral:
        if char in _UNITS:
            total += (pending or 1) * _UNITS[char]
            pending = 0
        elif char in _DIGITS:
            pending = pending * 10 + _DIGITS[char] if total == 0 and pending else _DIGITS[char]
        else:
            raise ValueError(f"'{char}' in '{numeral}' is not a Chinese numeral")
    return str(total + pending)


def roman_number(numeral: str) -> int:
    """Return the value of a Roman numeral: ``IV`` is 4, ``Ⅳ`` too.

    Raises:
        ValueError: a character is not a Roman digit.
    """
    digits = unicodedata.normalize("NFKC", numeral).upper()
    if not digits or digits.strip("IVXLCDM"):
        raise ValueError(f"'{numeral}' is not a Roman numeral")
    values = [_ROMAN[digit] for digit in digits]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-value if value < after else value for value, after in pairs)


def _chinese_suffix(rest: str) -> str:
    """Return what follows the article with its numerals as digits: ``之1``, ``第2款``."""
    bare = re.sub(r"\s+", "", rest)
    return _CHINESE_PART.sub(lambda part: part[1] + chinese_number(part[2]), bare)
