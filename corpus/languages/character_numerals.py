"""Numerals written in characters, such as ``三百九十三`` or ``五万``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from corpus.languages.numeral_table import Number, NumeralTable, numeral_table, point
from corpus.languages.tables import languages
from corpus.provision_numbers import chinese_number

_DIGITS = re.compile(r"\d[\d,.]*")


def in_characters(text: str) -> Iterator[Number]:
    """Yield the numbers of a text that are written in characters."""
    for pattern, known in _patterns():
        for match in pattern.finditer(text):
            numeral = match["number"]
            alone = len(numeral) == 1 and not match["ordinal"]
            if alone and not match["unit"]:
                continue
            value = _value(numeral)
            if value is not None:
                yield Number(
                    value=str(value),
                    words=match[0],
                    start=match.start(),
                    end=match.end(),
                    doubtful=alone and numeral in known.doubtful,
                )


def character_value(numeral: str) -> str:
    """Return a numeral, in characters or as digits before one (``5万``), in plain digits.

    A numeral that cannot be parsed is returned unchanged.
    """
    if digits := _DIGITS.match(numeral):
        scale, end = scale_behind(numeral, digits.end())
        plain = digits[0].rstrip(".,").replace(",", "")
        if end < len(numeral) or plain.count(".") > 1:
            return numeral
        return point(f"{float(plain) * scale:.6f}")
    value = _value(numeral)
    return numeral if value is None else str(value)


def scale_behind(text: str, end: int) -> tuple[int, int]:
    """Return the multiplier of a character after a number, and its end; 1 if there is none."""
    match = _scale().match(text, end)
    return (_scales()[match[0].strip()], match.end()) if match else (1, end)


@cache
def numeral_characters() -> str:
    """Return the characters that numerals consist of."""
    return "".join(known.characters for known in _tables())


@cache
def plain_characters() -> str:
    """Return the characters of :func:`numeral_characters` that are not multipliers."""
    return "".join(mark for mark in numeral_characters() if mark not in _scales())


def _value(numeral: str) -> int | None:
    for scale in sorted(set(_scales().values()), reverse=True):
        marks = [mark for mark, value in _scales().items() if value == scale]
        at = max(numeral.rfind(mark) for mark in marks)
        if at >= 0:
            high, low = _value(numeral[:at] or "一"), _value(numeral[at + 1 :] or "零")
            return None if high is None or low is None else high * scale + low
    try:
        return int(chinese_number(numeral.replace("兩", "两")))
    except ValueError:
        return None


@cache
def _tables() -> tuple[NumeralTable, ...]:
    known = (numeral_table(language) for language in languages("numerals"))
    return tuple(table for table in known if table.characters)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], NumeralTable], ...]:
    return tuple(
        (
            re.compile(
                rf"(?P<ordinal>(?:{re.escape(known.ordinal_mark)})?)"
                rf"(?P<number>[{known.characters}]+)(?=(?P<unit>{known.counted or '(?!)'})?)"
            ),
            known,
        )
        for known in _tables()
    )


@cache
def _scales() -> dict[str, int]:
    return {mark: value for known in _tables() for mark, value in known.character_scales.items()}


@cache
def _scale() -> re.Pattern[str]:
    """Return the pattern of a multiplier after digits."""
    return re.compile(rf"\s?[{''.join(_scales())}]" if _scales() else "(?!)")
