"""What every engine stores of a row, in the same form, so that they answer the same."""

from __future__ import annotations

from hashlib import blake2b

from retrieval.query import Hit, IndexedText

STORED = frozenset(Hit.model_fields.keys() & IndexedText.model_fields.keys())
"""The fields of a row that a hit gives back."""

EVERYWHERE = "*"
"""The territory of a text without one."""


def extents(extent: str | None) -> list[str]:
    """Return the territories of a row; a text without one applies everywhere."""
    return extent.split("+") if extent else [EVERYWHERE]


def number(name: str) -> int:
    """Return a 63-bit number for an id: the same on every machine, to order equal scores by."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> 1


def stems_field(language: str) -> str:
    """Return the field that holds the stemmed terms of a language."""
    return f"stems_{language}"
