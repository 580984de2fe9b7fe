"""Unit vectors quantised to one byte per number: a quarter of the memory of float32.

A vector is kept as its numbers divided by the largest and rounded to -127..127; what it is
compared as has length one again. Against float32 a cosine of 384 numbers moves by about 0.0005
(docs/findings/retrieval.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.vectors.encoder import Vectors

Codes = NDArray[np.int8]

_MOST = 127.0


def quantised(vectors_N_D: Vectors) -> Codes:
    """Round unit vectors to codes ``(N, D)``."""
    largest_N_1 = np.abs(vectors_N_D).max(axis=1, initial=1e-9, keepdims=True)
    codes_N_D: Codes = np.rint(vectors_N_D * (_MOST / largest_N_1)).astype(np.int8)
    return codes_N_D


def scales(codes_N_D: Codes) -> Vectors:
    """Return what gives each row of codes length one, ``(N,)``; zeros for a row of zeros."""
    squares_N = np.einsum("nd,nd->n", codes_N_D, codes_N_D, dtype=np.int32).astype(np.float32)
    return np.where(squares_N > 0, 1 / np.sqrt(np.maximum(squares_N, 1)), 0).astype(np.float32)


def units(codes_N_D: Codes) -> Vectors:
    """Return codes as the unit vectors that they are compared as, ``(N, D)``."""
    return codes_N_D.astype(np.float32) * scales(codes_N_D)[:, None]


def read_codes(records: Sequence[bytes]) -> Codes:
    """Return codes ``(N, D)`` from the bytes of each row.

    Raises:
        ValueError: the rows are of different lengths.
    """
    if len({len(record) for record in records}) > 1:
        raise ValueError("vectors of different lengths")
    width = len(records[0]) if records else 0
    return np.frombuffer(b"".join(records), dtype=np.int8).reshape(len(records), width)
