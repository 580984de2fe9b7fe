"""Encoder from any model of the library ``sentence-transformers`` (extra ``dense``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corpus.errors import BadInputError
from retrieval.vectors.encoder import EncoderError, Vectors


class SentenceEncoder:
    """A sentence-transformers model. An :class:`retrieval.vectors.encoder.Encoder`.

    Prompts that the model's own configuration names are used for questions and provisions. The E5
    family, whose configuration names none, is given "query: " and "passage: ".

    Args:
        model: a folder, or a name that the library can find.

    Raises:
        BadInputError: the extra is not installed, or there is no such model.
    """

    def __init__(self, model: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise BadInputError(f"{error.name} is missing: install 'inforce[dense]'") from None
        try:
            self._model: Any = SentenceTransformer(model)
        except (OSError, ValueError) as error:
            first = str(error).partition("\n")[0]
            raise BadInputError(f"no encoder can be loaded from '{model}': {first}") from None
        e5 = "e5" in model.lower()
        self._question, self._passage = ("query: ", "passage: ") if e5 else ("", "")
        self.identity = f"sentence-transformers:{model}" + (":prefixed" if e5 else "")

    def questions(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per question, ``(N, D)``."""
        return self._encoded(self._model.encode_query, self._question, texts)

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per provision, ``(N, D)``."""
        return self._encoded(self._model.encode_document, self._passage, texts)

    def _encoded(self, encode: Any, prefix: str, texts: Sequence[str]) -> Vectors:
        try:
            found = encode(
                [prefix + text for text in texts],
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        except (RuntimeError, ValueError) as error:
            raise EncoderError(f"the encoder {self.identity} failed: {error}") from error
        return np.asarray(found, dtype=np.float32)
