"""An encoder with a memory of the passages met last: none is encoded twice in a row."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from retrieval.vectors.encoder import Encoder, Vectors

_KEPT = 4096  # vectors; 1.5 KiB each


class RememberingEncoder:
    """An encoder with a cache of passage vectors. An :class:`retrieval.vectors.encoder.Encoder`."""

    def __init__(self, inner: Encoder) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Vectors] = OrderedDict()

    @property
    def identity(self) -> str:
        """Return the name under which vectors are stored."""
        return self._inner.identity

    def questions(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per question, ``(N, D)``."""
        return self._inner.questions(texts)

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per passage, ``(N, D)``; only new ones are encoded."""
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            known |= dict(zip(missing, self._inner.passages(missing), strict=True))
        with self._lock:
            for text in dict.fromkeys(texts):
                self._kept[text] = known[text]
                self._kept.move_to_end(text)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return np.array([known[text] for text in texts], dtype=np.float32)
