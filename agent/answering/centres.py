"""Cosines of an encoder off the means of a language, and how near a text is to questions at large.

All vectors of multilingual-e5 lie in a narrow cone, and those of one language in a narrower one:
their cosines differ little. Off the mean of their language they differ by what is said. Some texts
stay near to most questions all the same ("hubs"; Radovanovic, Nanopoulos and Ivanovic, JMLR 2010);
:meth:`Centred.usual` measures that. ``python -m eval.answering.centring`` makes the file anew from
the demonstration corpus and the training questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from corpus.languages.tables import base_language
from retrieval.vectors.encoder import Encoder, Vectors
from retrieval.vectors.quantised import quantised, units

FILE = Path(__file__).with_name("centres.npz")
SKIPPED, COUNTED = 3, 10
"""Of the training questions nearest to a text, those left out (they may be about it) and those
whose mean cosine counts."""


@dataclass(frozen=True)
class Centres:
    """Mean vectors ``(D,)`` of passages and of questions by language, of one encoder.

    ``asked`` are the vectors ``(N, D)`` of the training questions by language.
    """

    identity: str
    passages: Mapping[str, Vectors]
    questions: Mapping[str, Vectors]
    asked: Mapping[str, Vectors]


class Centred:
    """Cosines of one encoder. Of a language without means, or of another encoder, plain ones."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        held = centres() if centres().identity == encoder.identity else None
        self._passages = held.passages if held else {}
        self._questions = held.questions if held else {}
        self._asked = held.asked if held else {}
        self._held: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str]) -> None:
        """Encode passages that will be asked for, all at once."""
        self._held |= dict(zip(texts, self._encoder.passages(texts), strict=True))

    def cosine(self, question: str, text: str, language: str) -> float:
        """Return the cosine of a passage that was encoded with a question."""
        question_D = self._encoder.questions([question])[0]
        off_D = _off_mean(question_D, self._questions, language)
        return float(self._passage(text, language) @ off_D)

    def usual(self, text: str, language: str) -> float:
        """Return the mean cosine of a passage with the training questions nearest to it.

        0 where there are none of its language.
        """
        asked_N_D = _of_language(self._asked, language)
        if asked_N_D is None:
            return 0.0
        cosines_N = np.sort(asked_N_D @ self._passage(text, language))
        return float(cosines_N[-SKIPPED - COUNTED : -SKIPPED].mean())

    def _passage(self, text: str, language: str) -> Vectors:
        return _off_mean(self._held[text], self._passages, language)


@lru_cache(maxsize=1)
def centres() -> Centres:
    """Return the means and questions that come with the package."""
    with np.load(FILE) as held:
        languages = [str(name) for name in held["languages"]]
        passages, questions = (
            dict(zip(languages, held[name].astype(np.float32), strict=True))
            for name in ("passages", "questions")
        )
        asked = {name: _unit(units(held[f"asked-{name}"]) - questions[name]) for name in languages}
        return Centres(str(held["identity"]), passages, questions, asked)


def write_centres(
    identity: str, passages: Mapping[str, Vectors], questions: Mapping[str, Vectors], path: Path
) -> None:
    """Write the mean passages ``(D,)`` and the questions ``(N, D)`` where :func:`centres` reads.

    The questions are kept as one byte a number, and their means are taken of what is kept.
    """
    languages = sorted(passages)
    asked = {name: quantised(questions[name]) for name in languages}
    means = [units(asked[name]).mean(axis=0) for name in languages]
    arrays: dict[str, Any] = {f"asked-{name}": codes for name, codes in asked.items()}
    np.savez_compressed(
        path,
        identity=np.array(identity),
        languages=np.array(languages),
        passages=np.array([passages[name] for name in languages], dtype=np.float16),
        questions=np.array(means, dtype=np.float16),
        **arrays,
    )


def _off_mean(vector_D: Vectors, means: Mapping[str, Vectors], language: str) -> Vectors:
    """Return a vector less the mean of its language, unit; of a language without one, itself."""
    mean_D = _of_language(means, language)
    return vector_D if mean_D is None else _unit(vector_D - mean_D)


def _of_language(held: Mapping[str, Vectors], tag: str) -> Vectors | None:
    """Return what is held for a language, or for its primary one: ``zh`` for ``zh-Hans``."""
    return held.get(tag, held.get(base_language(tag)))


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vectors = vectors / np.maximum(norms, 1e-9)
    return unit
