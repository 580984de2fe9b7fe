"""Patterns of labels, and the data parsed from them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from retrieval.citations.lexicon import Languages

RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
CORE = (
    r"(?:(?:L\.?\s?O|[LRDA])\.?\s?\*{0,2}\s?(?=\d)|[A-Z]{1,2}(?=\d))?\d+"
    rf"(?:(?!ff)[A-Za-z]{{1,3}}(?![^\W\d_]))?[{RAISED}]*"
    rf"(?:[-‐‑–./^]\d+(?:[A-Za-z]{{1,2}}(?![^\W\d_]))?[{RAISED}]*)*"
)
NUMBER = re.compile(CORE, re.IGNORECASE)
LETTERS = re.compile(rf"(?:[IVXLC]+|[A-Z])(?:-\d+)?(?![\w'’])|{CORE}")
COMMENT = re.compile(rf"app\.?\s?[A-Z](?!\w)|{CORE}", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+|§+")
WORD_THEN = re.compile(r"([\s,]*)([^\W\d_]+|§)(\.?\s*)")
BRACKET = re.compile(
    r"\s?\((\d{1,3}(?:\.\d+)?[A-Za-z]{0,3}|[A-Za-z])\)|\(([A-Za-z]{2}|[ivxlIVXL]{1,6})\)"
)
PART_NUMBER = re.compile(
    rf"\(?(\d{{1,3}}(?:er|[a-z])?[{RAISED}]*|([a-z])\2?|[ivxl]{{1,5}})\)?(?![\w'’])\.?[º°ª]?",
    re.IGNORECASE,
)
ROMAN = re.compile(r"\s?([IVX]{1,5}|[Ⅰ-Ⅹ])(?![\w.])(?:\s(\d{1,2})(?![\w.]))?")
DEGREE = re.compile(r"[\s,]*(\d{1,2})°")
ORDINAL = re.compile(r"\s?\.?[º°ª]")
LETTER_BEHIND = re.compile(r"\s([A-Z])(?![\w.'’])")
POINT_LETTER = re.compile(r"\.([a-z])\)")
ITEM_OF_COMMENT = re.compile(r"-\d+|\.[ivxlA-Z\d]+(?!\w)")
LAST_NUMBER = re.compile(r"\s*(\d+)")
COMMA = re.compile(r"\s*[,;]\s*")
DASH = re.compile(r"\s*[–—-]\s*(?=\d)")
DASHED = re.compile(r"(\d+)\s?[-–—‐‑]\s?(\d+)")
UPPER = re.compile(r"(\d+(?:\s?[a-z](?![^\W\d_]))?)\s*([^\W\d_]+)\.?\s*$", re.IGNORECASE)
BEHIND = re.compile(r"(\d+(?:\s?[a-z])?)\.?\s?$", re.IGNORECASE)
CHAPTER_OF = re.compile(r"\.?\s*\d+\s?[a-z]?\s*§(?!\s*\d)")
DECREED = re.compile(r"[RD]\.\s?\d{3,}-\d")  # a French number, not the word "rule"
OF = re.compile(r"\s+de\s+l['’]|\s+(?:of|to|du|des?|der|del|de la)\s+(?:the\s+|la\s+)?")
HAN = "零〇一二三四五六七八九十百千两"
CHINESE = re.compile(
    rf"第?\s*(?P<number>[{HAN}]+|\d+(?:-\d+)?)(?:\s*之\s*(?P<inner>[{HAN}]+|\d+))?\s*[条條](?!例)"
    rf"(?:\s*之\s*(?P<sub>[{HAN}]+|\d+))?"
)
CHINESE_PART = re.compile(
    rf"\s*(?:第\s*[(（]?([{HAN}]+|\d+)[)）]?\s*(款|项|項|目)|(前段|中段|後段|后段|但書|但书|本文))"
)
CHINESE_RANGE = re.compile(r"\s*[至到]\s*(?=第)")


@dataclass(frozen=True)
class Part:
    """A subdivision of a provision: its ``kind`` (empty for brackets) and its number as written."""

    kind: str
    number: str


@dataclass(frozen=True)
class Item:
    """One label: the number with its words, its parts, and its position.

    ``through`` is the last number of a range, or ``ff`` for "and following".
    """

    number: str
    start: int
    end: int
    parts: tuple[Part, ...] = ()
    through: str | None = None


@dataclass(frozen=True)
class Mention:
    """Labels written together, and the works they may belong to (empty: no name beside them)."""

    items: tuple[Item, ...]
    start: int
    end: int
    kind: str
    languages: Languages
    work_ids: tuple[str, ...] = ()
    name: tuple[int, int] | None = None
    unread: tuple[int, int] | None = None

    @property
    def whole(self) -> tuple[int, int]:
        """Return the span of labels and name."""
        low, high = self.name or (self.start, self.end)
        return min(low, self.start), max(high, self.end)
