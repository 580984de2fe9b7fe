"""Make the means that are taken off vectors before a cosine (``agent/answering/centres.npz``).

``python -m eval.answering.centring`` makes the file anew: the mean passage of each language over
the provisions of the demonstration corpus, each of which counts once, and the training questions
with their means. A test compares.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from agent.answering.centres import FILE, write_centres
from agent.answering.reading import read_question
from corpus.console import out
from corpus.demo import demo_files
from corpus.errors import SourceError
from corpus.model import WorkHistory
from corpus.sources.jsonl import Jsonl
from eval.answering.training import training_questions
from retrieval.index_rows import work_texts
from retrieval.vectors.encoder import Vectors
from retrieval.vectors.encoder_choice import EncoderSettings, open_encoder
from retrieval.vectors.passage import digest, passage
from retrieval.vectors.quantised import read_codes, units
from retrieval.vectors.shipped import shipped


def mean_passages() -> dict[str, Vectors]:
    """Return the mean vector of the provisions of each language, from the vectors shipped."""
    codes = shipped()[1]
    provisions: dict[tuple[str, str], dict[bytes, bytes]] = defaultdict(dict)
    for history in _histories():
        for row in work_texts(history):
            name = digest(passage(row))
            provisions[row.language, row.provision_id][name] = codes[name]
    means: dict[str, list[Vectors]] = defaultdict(list)
    for (language, _), held in provisions.items():
        means[language].append(units(read_codes(list(held.values()))).mean(axis=0))
    return {language: np.mean(held, axis=0) for language, held in means.items()}


def questions_by_language() -> dict[str, list[str]]:
    """Return what is encoded of each training question, by the language of its jurisdiction."""
    spoken = {each.work.jurisdiction: each.work.language for each in _histories()}
    found: dict[str, list[str]] = defaultdict(list)
    for one in training_questions():
        language = spoken[one.jurisdictions[0]]
        found[language].append(read_question(one.question, one.as_at).sought)
    return found


def main() -> None:
    """Encode the training questions and write the file."""
    encoder = open_encoder(EncoderSettings())
    if encoder is None:
        raise ValueError("the default is no encoder")
    asked = questions_by_language()
    encoded = {name: encoder.questions(texts) for name, texts in asked.items()}
    write_centres(encoder.identity, mean_passages(), encoded, FILE)
    out.print(f"{len(asked)} languages, {FILE.stat().st_size:,} bytes: {FILE}")


def _histories() -> Iterator[WorkHistory]:
    return Jsonl(*demo_files()).works(_never)


def _never(fault: SourceError) -> None:
    raise fault


if __name__ == "__main__":
    main()
