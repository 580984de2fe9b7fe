"""The means of the encoder's vectors, per language, which are taken off before a cosine.

All vectors of multilingual-e5 lie in a narrow cone, and those of one language in a narrower one:
their cosines differ little. Off the mean of their language, they differ by what is said.
``inforce eval fit-score`` makes the file anew from the demonstration corpus and the training
questions (``eval/answering``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from retrieval.vectors.encoder import Encoder, Vectors

FILE = Path(__file__).with_name("centres.npz")


@dataclass(frozen=True)
class Centres:
    """Mean vectors ``(D,)`` of passages and of questions by language, of one encoder."""

    identity: str
    passages: Mapping[str, Vectors]
    questions: Mapping[str, Vectors]


def centred_cosines(
    encoder: Encoder, question: str, texts: list[str], language: str
) -> list[float]:
    """Return the cosine of each text with a question, off the means of ``language``.

    Of a language without means, and of an encoder that the file was not made with, they are plain.
    """
    question_D = encoder.questions([question])[0]
    texts_N_D = encoder.passages(texts)
    held = centres()
    if held.identity == encoder.identity and language in held.passages:
        question_D = _unit(question_D - held.questions[language])
        texts_N_D = _unit(texts_N_D - held.passages[language])
    return [float(cosine) for cosine in texts_N_D @ question_D]


@lru_cache(maxsize=1)
def centres() -> Centres:
    """Return the means that come with the package."""
    with np.load(FILE) as held:
        languages = [str(name) for name in held["languages"]]
        passages, questions = (
            dict(zip(languages, held[name].astype(np.float32), strict=True))
            for name in ("passages", "questions")
        )
        return Centres(str(held["identity"]), passages, questions)


def write_centres(made: Centres, path: Path) -> None:
    """Write means where :func:`centres` reads them."""
    languages = sorted(made.passages)
    np.savez_compressed(
        path,
        identity=np.array(made.identity),
        languages=np.array(languages),
        passages=np.array([made.passages[name] for name in languages], dtype=np.float16),
        questions=np.array([made.questions[name] for name in languages], dtype=np.float16),
    )


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vectors = vectors / np.maximum(norms, 1e-9)
    return unit
