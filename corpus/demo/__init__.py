"""The demonstration corpus: true titles, dates and figures, texts in our own words.

One JSONL file per jurisdiction in InForce's interchange format, and two files of dated questions
(:class:`corpus.questions.Question`) with known answers: ``golden.jsonl`` (28, the acceptance set)
and ``questions.jsonl`` (200). No text is an official text; every work has a note that says so.
"""

from __future__ import annotations

import random
from importlib.resources import files
from pathlib import Path

from corpus.questions import Question, read_questions

QUESTION_FILES = ("golden.jsonl", "questions.jsonl")


def demo_files() -> tuple[Path, ...]:
    """Return the corpus files, one per jurisdiction, in alphabetical order."""
    return tuple(p for p in sorted(_folder().glob("*.jsonl")) if p.name not in QUESTION_FILES)


def golden_questions(name: str = "golden.jsonl") -> tuple[Question, ...]:
    """Return the questions of ``golden.jsonl``, or of another of :data:`QUESTION_FILES`.

    Raises:
        BadInputError: there is no such file of questions.
        SourceError: a line is not a question; names line and field.
    """
    return tuple(read_questions(_folder() / name))


def demo_questions(number: int, seed: int = 0) -> list[Question]:
    """Return ``number`` of the 200 dated questions, drawn at random."""
    questions = golden_questions("questions.jsonl")
    drawn = random.Random(seed).sample(questions, min(number, len(questions)))  # noqa: S311
    return sorted(drawn, key=lambda question: question.id)


def _folder() -> Path:
    return Path(str(files(__name__)))
