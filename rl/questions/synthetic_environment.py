"""Synthetic environment: a library over a synthetic statute book, and its questions.

Training needs more amended law than the demo corpus has, and no real text. The book of a seed is
the same wherever it is made; its works fall into the splits like any other's, so that what is
measured on the test split concerns acts that no training step has seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from agent.library import Library
from corpus.questions import MADE_FAMILIES, Family, Question, Split, make_questions
from corpus.settings import Settings
from corpus.store import Store
from corpus.synthetic import Synthetic
from retrieval.index_build import refresh_index


def synthetic_library(
    folder: Path, versions: int, seed: int = 0, largest: int | None = None
) -> Library:
    """Open the English statute book of a seed, making it in ``folder`` where it is not there.

    Args:
        folder: of this book alone.
        versions: rows of the book.
        seed: names the book.
        largest: rows of one act at most: small acts make many titles of few rows.

    Raises:
        StoreError: the folder holds another store, or cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        store_url=f"sqlite:///{folder / 'store.db'}", index_url=f"embedded:{folder / 'index'}"
    )
    bounds = {} if largest is None else {"largest": largest}
    book = Synthetic(versions, seed, ["en"], **bounds)
    whole = folder / f"synthetic-{book.fingerprint()[:12]}"
    with Store.open(settings.store_url, create=True) as store:
        if not whole.exists():
            for history in book.works(_never):
                store.write(history)
            whole.touch()
        refresh_index(store, settings.index_url, lambda *_: None)
    return Library.open(settings)


def choose(
    questions: Iterable[Question],
    split: Split,
    families: Collection[Family] = MADE_FAMILIES,
    longest: int | None = None,
) -> list[Question]:
    """Return the questions of a split, pairs whole.

    Args:
        questions: from :func:`corpus.questions.make_questions`, or read from a file.
        split: the works that may be asked about.
        families: the kinds of question wanted.
        longest: leaves out answers of more characters, and questions that ask for no figure and
            no reason to decline; ``None`` keeps all.
    """
    return [
        question
        for question in questions
        if question.split == split and question.family in families and _short(question, longest)
    ]


def synthetic_questions(library: Library, seed: int = 0) -> list[Question]:
    """Return every question that the works of a library have an answer to, of all splits."""
    return list(make_questions(library.store.histories(), seed=seed))


def _short(question: Question, longest: int | None) -> bool:
    if longest is None or question.decline is not None:
        return True
    span = question.gold_span
    return span is not None and span.lead is not None and len(span.text) <= longest


def _never(fault: Exception) -> None:
    raise fault
