"""Neural encoder of the ``transformers`` library (extra ``dense``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corpus.errors import BadInputError
from retrieval.vectors.fusion import Vectors


class TransformersEncoder:
    """Mean-pooled, unit-length states of a model's last layer.

    Args:
        model: a folder, or a name that ``transformers`` can find.
        batch: texts per pass.
        tokens: longer texts are cut there.

    Raises:
        BadInputError: the extra is not installed, or there is no such model.
    """

    def __init__(self, model: str, batch: int = 32, tokens: int = 512) -> None:
        try:
            import torch
            from transformers import AutoModel, AutoTokenizer
        except ModuleNotFoundError as error:
            raise BadInputError(f"{error.name} is missing: install 'inforce[dense]'") from None
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(model)
            self._model: Any = AutoModel.from_pretrained(model).eval()
        except (OSError, ValueError) as error:
            first = str(error).partition("\n")[0]
            raise BadInputError(f"no encoder can be loaded from '{model}': {first}") from None
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._torch: Any = torch
        self._batch, self._tokens = batch, tokens
        self.name = model

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text, ``(N, D)``."""
        parts = [
            self._pass(list(texts[i : i + self._batch])) for i in range(0, len(texts), self._batch)
        ]
        if not parts:
            return np.zeros((0, self._model.config.hidden_size), dtype=np.float32)
        return np.concatenate(parts)

    def _pass(self, texts: list[str]) -> Vectors:
        sent = self._tokenizer(
            texts, padding=True, truncation=True, max_length=self._tokens, return_tensors="pt"
        )
        with self._torch.inference_mode():
            states_B_T_D = self._model(**sent).last_hidden_state
        mask_B_T_1 = sent["attention_mask"].unsqueeze(-1).to(states_B_T_D.dtype)
        means_B_D = (states_B_T_D * mask_B_T_1).sum(1) / mask_B_T_1.sum(1).clamp(min=1)
        units_B_D = self._torch.nn.functional.normalize(means_B_D, dim=1)
        return np.asarray(units_B_D.to(self._torch.float32).cpu().numpy())
