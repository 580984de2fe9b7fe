"""Compute the vectors that are missing for a state of the corpus, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from retrieval.query import IndexedText
from retrieval.vectors.encoder import Encoder
from retrieval.vectors.kept_vectors import KeptVectors
from retrieval.vectors.passage import digest, passage
from retrieval.vectors.quantised import quantised, read_codes
from retrieval.vectors.shipped import shipped

_COMMITTED = 32  # texts of one batch: some seconds of work that a killed build repeats
_LOOKED_UP = 2_000

_T = TypeVar("_T")
Advance = Callable[[int, int | None, str], None]


def missing(rows: Iterable[IndexedText], kept: KeptVectors) -> dict[bytes, str]:
    """Return the passages of ``rows`` without a stored vector, by digest; each once."""
    lacking: dict[bytes, str] = {}
    for some in _parts(rows, _LOOKED_UP):
        texts = {digest(text): text for text in map(passage, some)}
        known = kept.held(texts)
        lacking |= {name: text for name, text in texts.items() if name not in known}
    return lacking


def embed(
    rows: Iterable[IndexedText], encoder: Encoder, kept: KeptVectors, progress: Advance
) -> int:
    """Compute and store the missing vectors of ``rows``; return the number of distinct passages.

    Raises:
        EncoderError: the encoder failed; vectors computed before are kept.
        StoreError: the file cannot be written.
    """
    lacking = _unshipped(missing(rows, kept), kept)
    done = 0
    progress(done, len(lacking), "texts")
    for some in _parts(lacking.items(), _COMMITTED):
        names, texts = zip(*some, strict=True)
        kept.keep(names, quantised(encoder.passages(texts)))
        done += len(some)
        progress(done, len(lacking), "texts")
    return done


def _unshipped(lacking: dict[bytes, str], kept: KeptVectors) -> dict[bytes, str]:
    """Keep what comes with the package of the passages that lack a vector; return the others."""
    identity, ready = shipped()
    if kept.identity != identity:
        return lacking
    names = [name for name in lacking if name in ready]
    if names:
        kept.keep(names, read_codes([ready[name] for name in names]))
    return {name: text for name, text in lacking.items() if name not in ready}


def _parts(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
