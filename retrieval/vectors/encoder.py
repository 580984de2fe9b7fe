"""The protocol of encoders, which turn questions and provisions into unit vectors.

Vectors are kept under the encoder's identity, so those of two encoders are never compared.
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
    """The encoder failed: not installed, not reachable, or its answer is no vector."""

    exit_status = 1


class Encoder(Protocol):
    """Maps texts to unit vectors. Safe to share between threads.

    Texts of one meaning are near each other across languages. ``identity`` changes whenever the
    vector of some text may: with the model, its version, and the prefix it puts before a text.
    """

    @property
    def identity(self) -> str:
        """The name under which its vectors are kept."""
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
    """An encoder that remembers the vectors of the last questions. An :class:`Encoder`."""

    def __init__(self, inner: Encoder, size: int = _KEPT) -> None:
        self._inner = inner
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Vectors] = OrderedDict()

    @property
    def identity(self) -> str:
        """The name under which its vectors are kept."""
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
