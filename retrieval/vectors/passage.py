"""What a provision's vector stands for: heading and text, cut where an encoder stops reading."""

from __future__ import annotations

from hashlib import blake2b

from retrieval.query import IndexedText

PASSAGE_VERSION = 1
"""Part of the identity of every kept vector; grows when :func:`passage` changes."""

_BYTES = 2_000  # about 500 tokens in every script; multilingual-e5-small reads 512
_DIGEST_BYTES = 16


def passage(row: IndexedText) -> str:
    """Return what is embedded of a row: heading and text, at most 2,000 bytes of UTF-8.

    Neither the title nor the number: both were tried and lowered the rank of the right provision
    (docs/findings/retrieval.md). Without them a text that comes back under another number, or in
    another version of its work, is embedded once.
    """
    whole = " ".join(part for part in (row.heading, row.text) if part)
    cut = whole.encode("utf-8", "replace")[:_BYTES]
    return cut.decode("utf-8", "ignore")


def digest(text: str) -> bytes:
    """Return the name under which the vector of a passage is kept."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).digest()
