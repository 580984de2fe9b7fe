"""The embedded demonstration corpus: true titles, dates and figures, texts in our own words.

One JSONL file per jurisdiction in InForce's interchange format, and two sets of dated questions
whose answer is known: ``golden.jsonl`` (28, the acceptance set) and ``questions.jsonl`` (200). No
text here is an official text; every work carries the note that says so.
"""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from corpus.model import Frozen

QUESTION_FILES = ("golden.jsonl", "questions.jsonl")

Declined = Literal[
    "no_date", "not_yet_in_force", "repealed", "coverage_gap", "ambiguous", "not_found"
]


class GoldenQuestion(Frozen):
    """A dated question with its known answer, or the known reason why there is none.

    An answerable question names ``work``, ``label`` (as borne on ``as_at``), ``gold_version`` and
    ``must_contain``, a figure or phrase of that version's text. A question to be declined names
    the reason in ``abstain`` (a code of ``AbstentionReason``). ``as_at`` is ``None`` only where
    the missing date is the point. ``why`` says it for a reader.
    """

    id: str
    question: str
    as_at: date | None = None
    known_at: date | None = None
    extent: str | None = None
    language: str
    work: str | None = None
    label: str | None = None
    gold_version: str | None = None
    must_contain: str | None = None
    abstain: Declined | None = None
    why: str

    @model_validator(mode="after")
    def _answers_or_declines(self) -> Self:
        gold = (self.work, self.label, self.gold_version, self.must_contain)
        if self.abstain is None and (self.as_at is None or None in gold):
            raise ValueError(f"{self.id}: an answerable question needs its date and its gold")
        if self.abstain is not None and self.gold_version is not None:
            raise ValueError(f"{self.id}: a question to be declined has no gold version")
        return self


def demo_files() -> tuple[Path, ...]:
    """Return the corpus files, one per jurisdiction, in alphabetical order."""
    return tuple(p for p in sorted(_folder().glob("*.jsonl")) if p.name not in QUESTION_FILES)


def golden_questions(name: str = "golden.jsonl") -> tuple[GoldenQuestion, ...]:
    """Return the questions of ``golden.jsonl``, or of another of :data:`QUESTION_FILES`.

    Raises:
        pydantic.ValidationError: a line is not a :class:`GoldenQuestion`.
        FileNotFoundError: there is no such file of questions.
    """
    lines = (_folder() / name).read_text(encoding="utf-8").splitlines()
    return tuple(GoldenQuestion.model_validate_json(line) for line in lines)


def _folder() -> Path:
    return Path(str(files(__name__)))
