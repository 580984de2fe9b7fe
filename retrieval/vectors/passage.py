"""The passage of a provision that is embedded: heading and text, up to a length limit."""

from __future__ import annotations

from hashlib import blake2b

from retrieval.query import IndexedText

PASSAGE_VERSION = 1
"""Version of :func:`passage`, part of the identity of every stored vector."""

_BYTES = 1_000  # about 250 tokens in every script
_DIGEST_BYTES = 16


def passage(row: IndexedText) -> str:
    """Return what is embedded of a row: heading and text, at most 1,000 bytes of UTF-8.

    Title and number are left out: both were tried and lowered the rank of the right provision
    (docs/findings/retrieval.md). Without them a text that occurs under another number, or in
    another version of its work, is embedded once.
    """
    return embedded(row.heading, row.text)


def embedded(heading: str | None, text: str) -> str:
    """Return what is embedded of a heading and a text under it, as :func:`passage` does."""
    whole = " ".join(part for part in (heading, text) if part)
    cut = whole.encode("utf-8", "replace")[:_BYTES]
    return cut.decode("utf-8", "ignore")


def kept_as(identity: str) -> str:
    """Return the name under which an encoder's vectors of passages are kept."""
    return f"{identity}/passage-{PASSAGE_VERSION}"


def digest(text: str) -> bytes:
    """Return the digest under which the vector of a passage is stored."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES).digest()
