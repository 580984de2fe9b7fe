"""Wordings of made questions (``questions.toml``) in each language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from corpus.languages.figure_words import FigureKind
from corpus.languages.tables import read_tables, table_language
from corpus.model import Frozen
from corpus.rules import Issue
from corpus.rules.day_expressions import Role

_FALLBACK = "en"


class CaseWording(Frozen):
    """A case in words: ``roles`` are its days in the order of time, placeholders of ``text``."""

    issue: Issue
    roles: tuple[Role, ...]
    text: str


class QuestionWording(Frozen):
    """The sentences of one language.

    Every list holds alternatives. Placeholders: ``{citation}``, ``{date}``, ``{known}``, and for
    figures ``{what}`` and ``{frame}``; ``citation`` is made of ``{title}`` and ``{label}``,
    ``frame`` of ``{lead}`` and ``{tail}``. The lists with a default are those of the harder
    families; a language without them has no such questions. ``refers`` and ``commences`` are how a
    text names another provision of its act (``{number}``), and how it makes one commence;
    ``{other}`` is another provision, ``{citation}`` the one that refers.
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
    value_beside: tuple[str, ...] = ()
    text_beside: tuple[str, ...] = ()
    value_through: tuple[str, ...] = ()
    value_commenced: tuple[str, ...] = ()
    text_commenced: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()
    commences: tuple[str, ...] = ()
    cases: tuple[CaseWording, ...] = ()


@cache
def question_wordings() -> Mapping[str, QuestionWording]:
    """Return the wording of each language that has one."""
    return read_tables("questions", QuestionWording)


def question_wording(language: str) -> QuestionWording:
    """Return the wording of a language, of its main language, or else English."""
    return question_wordings()[table_language(language, "questions") or _FALLBACK]
