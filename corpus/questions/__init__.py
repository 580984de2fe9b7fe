"""Questions with known answers, made from version histories.

Any dated corpus can be used for training and evaluation: the gold answer is a version id and words
of its text, taken from the rows that the store resolves.
"""

from corpus.languages.figure_words import FigureKind
from corpus.languages.figures import Figure, figures
from corpus.questions.figure_changes import changed_figures
from corpus.questions.make import make_questions
from corpus.questions.question import (
    HARDER_FAMILIES,
    MADE_FAMILIES,
    Decline,
    Family,
    Posed,
    Question,
    Span,
    Split,
    Tally,
    families_named,
    read_questions,
    split_of,
    tally,
    write_questions,
)

__all__ = [
    "HARDER_FAMILIES",
    "MADE_FAMILIES",
    "Decline",
    "Family",
    "Figure",
    "FigureKind",
    "Posed",
    "Question",
    "Span",
    "Split",
    "Tally",
    "changed_figures",
    "families_named",
    "figures",
    "make_questions",
    "read_questions",
    "split_of",
    "tally",
    "write_questions",
]
