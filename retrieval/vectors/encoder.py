"""Encoder protocol: maps questions and provisions to unit vectors.

Vectors are stored under the encoder's identity, so vectors of different encoders are never
compared.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corpus.errors import InForceError

Vectors = NDArray[np.float32]

_KEPT = 4096  # vectors of questions; 1.5 KiB each


class EncoderError(InForceError):
    """The encoder failed: not installed, not reachable, or its response is not a vector."""

    exit_status = 1


class Encoder(Protocol):
    """Maps texts to unit vectors. Implementations must be thread-safe.

    Texts of similar meaning have similar vectors, across languages. ``identity`` must change
    whenever the vector of a text may: with the model, its version, or the prefix of its input.
    """

    @property
    def identity(self) -> str:
        """Return the name under which vectors are stored."""
        ...

    def questions(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per question, ``(N, D)``.

        Raises:
            EncoderError: it failed.
        """
        ...

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per provision, ``(N, D)``.

        Raises:
            EncoderError: it failed.
        """
        ...


class CachedEncoder:
    """An encoder with a cache of question vectors. An :class:`Encoder`."""

    def __init__(self, inner: Encoder, size: int = _KEPT) -> None:
        self._inner = inner
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Vectors] = OrderedDict()

    @property
    def identity(self) -> str:
        """Return the name under which vectors are stored."""
        return self._inner.identity

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per provision, ``(N, D)``."""
        return self._inner.passages(texts)

    def questions(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per question, ``(N, D)``; only new ones are encoded."""
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= dict(zip(missing, self._inner.questions(missing), strict=True))
        with self._lock:
            for text in dict.fromkeys(texts):
                self._kept[text] = known[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts])
