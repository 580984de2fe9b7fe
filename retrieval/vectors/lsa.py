"""LSA encoder: latent semantic analysis of letter groups, without a neural network.

Texts are counted by overlapping groups of letters (so inflected forms share most of theirs), the
counts weighted by rarity and projected on the corpus' leading directions (Deerwester et al. 1990;
randomised range finding after Halko, Martinsson and Tropp 2011). Learnt from the corpus itself in
seconds, with numpy only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from retrieval.text.analysis import normalise
from retrieval.vectors.fusion import Vectors

_BUCKETS = 1 << 15
_GROUP = 4
_CHUNK = 512


@dataclass(frozen=True)
class Counts:
    """Sparse counts of some texts: text ``i`` owns entries ``starts[i]:starts[i + 1]``."""

    starts: NDArray[np.int64]
    buckets: NDArray[np.int32]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class LatentEncoder:
    """Maps texts to unit vectors. Learn one with :func:`learn`.

    ``rarity`` ``(F,)`` weights each letter group, ``directions`` ``(F, D)`` projects.
    """

    rarity: Vectors
    directions: Vectors

    @property
    def name(self) -> str:
        """What it is and its size."""
        return f"latent-{self.directions.shape[1]}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text, ``(N, D)``; a text without letters gets zeros."""
        counts = _weighted(_counted(texts), self.rarity)
        vectors_N_D = _times(counts, self.directions)
        lengths = np.linalg.norm(vectors_N_D, axis=1, keepdims=True)
        return np.asarray(vectors_N_D / np.maximum(lengths, 1e-9), dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write it to an ``.npz`` file."""
        np.savez(path, rarity=self.rarity, directions=self.directions)

    @classmethod
    def load(cls, path: Path) -> LatentEncoder:
        """Read what :meth:`save` wrote."""
        with np.load(path) as held:
            return cls(held["rarity"], held["directions"])


def learn(
    texts: Sequence[str], dimensions: int = 128, seed: int = 0, rounds: int = 2
) -> LatentEncoder:
    """Learn the leading directions of ``texts`` (a sample of 20,000 is plenty)."""
    counted = _counted(texts)
    holding = np.bincount(counted.buckets, minlength=_BUCKETS)
    rarity = np.log((len(texts) + 1) / (holding + 1)).astype(np.float32)
    counts = _weighted(counted, rarity)
    noise = np.random.default_rng(seed).standard_normal((_BUCKETS, dimensions + 16))
    directions_F_K: Vectors = noise.astype(np.float32)
    for _ in range(rounds + 1):
        sketch_N_K = _principal(_times(counts, directions_F_K))
        directions_F_K = _principal(_transposed_times(counts, sketch_N_K))
    return LatentEncoder(rarity, np.ascontiguousarray(directions_F_K[:, :dimensions]))


def _principal(matrix_M_K: Vectors) -> Vectors:
    """Return an orthonormal basis of the columns, the strongest direction first.

    By way of the small Gram matrix, which is much quicker than a decomposition of a tall one.
    """
    tall = matrix_M_K.astype(np.float64)
    squares_K, turn_K_K = np.linalg.eigh(tall.T @ tall)
    scale_K = 1 / np.sqrt(np.maximum(squares_K, 1e-12 * max(float(squares_K[-1]), 1e-12)))
    return np.asarray((tall @ (turn_K_K * scale_K))[:, ::-1], dtype=np.float32)


def _counted(texts: Sequence[str]) -> Counts:
    """Count each text's letter groups: once each, however often they stand in it."""
    groups = [
        np.unique(np.fromiter((crc32(g) % _BUCKETS for g in _groups(text)), dtype=np.int32))
        for text in texts
    ]
    starts = np.concatenate([[0], np.cumsum([len(g) for g in groups])]).astype(np.int64)
    buckets = np.concatenate([*groups, np.empty(0, np.int32)])
    return Counts(starts, buckets, np.ones(len(buckets), dtype=np.float32))


def _groups(text: str) -> Iterator[bytes]:
    """Yield the overlapping letter groups of each word, its ends marked, as bytes."""
    for word in normalise(text, "").split():
        marked = f"<{word}>"
        for i in range(max(1, len(marked) - _GROUP + 1)):
            yield marked[i : i + _GROUP].encode()


def _weighted(counts: Counts, rarity: Vectors) -> Counts:
    """Weight by rarity and scale each text to length one."""
    weights = counts.weights * rarity[counts.buckets]
    owners = np.repeat(np.arange(len(counts.starts) - 1), np.diff(counts.starts))
    squares = np.bincount(owners, weights**2, minlength=len(counts.starts) - 1)
    scale = 1 / np.sqrt(np.maximum(squares, 1e-12))
    return Counts(counts.starts, counts.buckets, (weights * scale[owners]).astype(np.float32))


def _times(counts: Counts, matrix_F_K: Vectors) -> Vectors:
    """Return the product ``counts (N, F) @ matrix (F, K)``."""
    product = np.zeros((len(counts.starts) - 1, matrix_F_K.shape[1]), dtype=np.float32)
    for i in range(len(product)):
        own = slice(counts.starts[i], counts.starts[i + 1])
        product[i] = counts.weights[own] @ matrix_F_K[counts.buckets[own]]
    return product


def _transposed_times(counts: Counts, matrix_N_K: Vectors) -> Vectors:
    """Return the product ``counts.T (F, N) @ matrix (N, K)``."""
    product = np.zeros((_BUCKETS, matrix_N_K.shape[1]), dtype=np.float32)
    for i, row in enumerate(matrix_N_K):
        own = slice(counts.starts[i], counts.starts[i + 1])
        product[counts.buckets[own]] += counts.weights[own, None] * row
    return product
