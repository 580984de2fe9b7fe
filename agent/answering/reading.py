"""What is read out of a question once, before any text is held against it."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from corpus.languages.asked_kinds import AskedKind, asked_kinds
from corpus.languages.dates import without_dates
from corpus.languages.everyday_words import words_of_law
from corpus.languages.guessed_language import guessed_language
from corpus.languages.tables import base_language
from corpus.model import Frozen


class QuestionReading(Frozen):
    """A question without its dates, and what it tells of its answer.

    ``law_words`` are words of law for its everyday words; ``asked`` the kinds of thing it asks for;
    ``language`` the one it seems to be in, ``None`` where that cannot be told. ``as_at`` is the day
    whose law is asked for.
    """

    subject: str
    as_at: date
    law_words: str
    asked: frozenset[AskedKind]
    language: str | None

    @property
    def sought(self) -> str:
        """What is searched for and encoded: the subject with its words of law."""
        return f"{self.subject} {self.law_words}".strip()

    def speaks(self, language: str) -> bool:
        """Tell whether a text in ``language`` may be in the language of the question."""
        return self.language is None or base_language(language) == self.language


@lru_cache(maxsize=256)
def read_question(question: str, as_at: date) -> QuestionReading:
    """Read a question that the law of ``as_at`` answers."""
    subject = without_dates(question)
    return QuestionReading(
        subject=subject,
        as_at=as_at,
        law_words=words_of_law(subject),
        asked=asked_kinds(subject),
        language=guessed_language(subject),
    )
