"""Synthetic environment: a library over a synthetic statute book, and its questions.

Training needs more amended law than the demonstration corpus has. A seed always gives the same
book. Its works are divided into splits like any other's, so the test split holds acts that no
training step has seen.
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
    folder: Path,
    versions: int,
    seed: int = 0,
    largest: int | None = None,
    *,
    links: bool = False,
) -> Library:
    """Open the English synthetic statute book of a seed; it is made where it does not exist.

    Args:
        folder: folder for this book alone.
        versions: number of versions in the book.
        seed: random seed of the book.
        largest: greatest number of versions in one act; small acts give many titles.
        links: add near-duplicates of acts, and provisions that name others.

    Raises:
        StoreError: the folder holds another store, or cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        store_url=f"sqlite:///{folder / 'store.db'}", index_url=f"embedded:{folder / 'index'}"
    )
    bounds = {} if largest is None else {"largest": largest}
    book = Synthetic(versions, seed, ["en"], **bounds, links=links)
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
    """Return the questions of a split; the two halves of a pair stay together.

    Args:
        questions: from :func:`corpus.questions.make_questions`, or read from a file.
        split: split of the works that may be asked about.
        families: question families to keep.
        longest: leave out answers of more characters, and questions that ask neither for a figure
            nor for a reason to decline; ``None`` keeps all.
    """
    return [
        question
        for question in questions
        if question.split == split and question.family in families and _short(question, longest)
    ]


def synthetic_questions(library: Library, seed: int = 0) -> list[Question]:
    """Return all questions that can be made from the works of a library, of all splits."""
    return list(make_questions(library.store.histories(), seed=seed))


def _short(question: Question, longest: int | None) -> bool:
    if longest is None or question.decline is not None:
        return True
    span = question.gold_span
    return span is not None and span.lead is not None and len(span.text) <= longest


def _never(fault: Exception) -> None:
    raise fault
