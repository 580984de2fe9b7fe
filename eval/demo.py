"""The demonstration corpus as a library, and its questions."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.library import Library
from corpus.demo import GoldenQuestion, demo_files, golden_questions
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from retrieval.index_build import load


@contextmanager
def demo_library() -> Iterator[Library]:
    """Load the demonstration corpus into a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="inforce-demo-") as folder:
        settings = Settings.under(Path(folder))
        load(Jsonl(*demo_files()), settings, strict=True)
        with Library.open(settings) as library:
            yield library


def demo_questions(number: int, seed: int = 0) -> list[GoldenQuestion]:
    """Return so many of the 200 dated questions, drawn without regard to language or answer."""
    questions = golden_questions("questions.jsonl")
    drawn = random.Random(seed).sample(questions, min(number, len(questions)))  # noqa: S311
    return sorted(drawn, key=lambda question: question.id)
