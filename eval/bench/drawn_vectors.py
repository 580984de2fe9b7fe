"""Random vectors instead of an encoder's, where meaning has no effect on the measurement."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retrieval.vectors.encoder import Vectors
from retrieval.vectors.passage import digest

_DIMENSION = 384  # that of the default encoder


class DrawnEncoder:
    """Gives each text a random unit vector, seeded by its digest. An :class:`Encoder`."""

    identity = "drawn"

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text, ``(N, 384)``."""
        seeds = (int.from_bytes(digest(text)[:8]) for text in texts)
        drawn = (np.random.default_rng(seed).standard_normal(_DIMENSION) for seed in seeds)
        return np.array([one / np.linalg.norm(one) for one in drawn], dtype=np.float32)

    questions = passages
