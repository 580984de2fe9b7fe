"""Wordings of made questions (``questions.toml``) in each language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from corpus.languages.figure_words import FigureKind
from corpus.languages.tables import read_tables, table_language
from corpus.model import Frozen

_FALLBACK = "en"


class QuestionWording(Frozen):
    """The sentences of one language.

    Every list holds alternatives. Placeholders: ``{citation}``, ``{date}``, ``{known}``, and for
    figures ``{what}`` and ``{frame}``; ``citation`` is made of ``{title}`` and ``{label}``,
    ``frame`` of ``{lead}`` and ``{tail}``.
    """

    citation: str
    frame: str
    what: dict[FigureKind, str]
    value: tuple[str, ...]
    value_undated: tuple[str, ...]
    text: tuple[str, ...]
    text_undated: tuple[str, ...]
    version: tuple[str, ...]
    version_known: tuple[str, ...]


@cache
def question_wordings() -> Mapping[str, QuestionWording]:
    """Return the wording of each language that has one."""
    return read_tables("questions", QuestionWording)


def question_wording(language: str) -> QuestionWording:
    """Return the wording of a language, of its main language, or else English."""
    return question_wordings()[table_language(language, "questions") or _FALLBACK]
