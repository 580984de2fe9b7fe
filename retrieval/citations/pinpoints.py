"""Whether a text holds the part of it that a citation points to."""

from __future__ import annotations

import re

_NUMBERS = ("1", "2")
_LETTERS = ("a", "b")
_ROMAN = ("i", "ii")


def holds(text: str, part: str) -> bool | None:
    """Tell whether ``text`` has a part (``(20)``, ``abs2``, ``letraa``).

    ``None``: the text is not divided by marks that such a part could bear, so nobody can tell.
    """
    number = re.search(r"(\d+[a-z]*|[a-z]+)\)?$", part)
    if number is None:
        return None
    wanted = number[1] if part.startswith("(") else _own_number(part)
    if not wanted:
        return None
    if _marked(text, wanted):
        return True
    return False if all(_marked(text, first) for first in _siblings(wanted)) else None


def _own_number(part: str) -> str:
    """Return the number of a part that is named by a word: 2 of ``abs2``, b of ``.b``."""
    found = re.search(r"\d+[a-z]?$", part) or re.search(r"(?<=^\.)[a-z]$", part)
    return found[0] if found else ""


def _siblings(wanted: str) -> tuple[str, ...]:
    if wanted[0].isdigit():
        return _NUMBERS
    return _ROMAN if len(wanted) > 1 else _LETTERS


def _marked(text: str, number: str) -> bool:
    """Tell whether a number stands as the mark of a part: ``(2)``, or ``2.`` at a line's start."""
    escaped = re.escape(number)
    marks = rf"(?<![\w)])\({escaped}\)|^\s*{escaped}[.)]\s"
    return re.search(marks, text, re.MULTILINE | re.IGNORECASE) is not None
