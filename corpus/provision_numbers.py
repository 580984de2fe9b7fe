"""How labels of provisions compare: one key for every way of writing a number."""

from __future__ import annotations

import re
import unicodedata

LABEL_KEYS = 2
"""Raise it when :func:`label_key` changes: stored works are then read again."""

_KINDS = re.compile(
    r"^(?:articles?|arts?|artículos?|artikel|sections?|sect|sec|ss?|regulations?|reg|rules?|"
    r"paragraphs?|paras?|paragrahv|schedules?|sch|§+)(?![a-z])[\s.:]*"
)
_RULE = re.compile(r"^rr?\s+(?=\d)")  # English "r 26.9"; in French "R. 1234-2" the letter counts
_CHINESE = re.compile(
    r"^第\s*(?P<number>[零〇一二三四五六七八九十百千两]+|\d+(?:-\d+)?)\s*[条條](?P<rest>.*)$"
)
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_UNITS = {"十": 10, "百": 100, "千": 1000}


def label_key(text: str) -> str:
    """Return the comparison key of a label: ``Article L. 52-1``, ``art. L52-1`` give ``l52-1``.

    Kind words, dots, spaces and case vanish; Chinese numerals become digits
    (``第三百九十三条之一`` gives ``393之1``). Punctuation that distinguishes numbers (``-``, ``(``,
    ``/``) stays, and so does a raised number: ``§ 87¹`` gives ``87^1``, which is not ``871``.
    """
    raised = re.sub(rf"(?<=\d)([{_SUPERSCRIPTS}]+)", r"^\1", text)
    folded = unicodedata.normalize("NFKC", raised).casefold().strip()
    if match := _CHINESE.match(folded):
        return chinese_number(match["number"]) + _chinese_suffix(match["rest"])
    bare = _KINDS.sub("", folded)
    bare = re.sub(r"\s*[‐‑–—]\s*", "-", bare)
    return re.sub(r"(?<!\d)\.|\.(?!\d)|[\s,:;]+", "", bare)


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


def _chinese_suffix(rest: str) -> str:
    bare = re.sub(r"\s+", "", rest)
    if bare.startswith("之") and len(bare) > 1:
        return "之" + chinese_number(bare[1:])
    return bare
