"""How good is the ranking, and do vectors add anything? ``inforce bench ranking``.

Two sets of dated questions over the demonstration corpus: the hand-written ones, asked in a
client's words, and those that :mod:`corpus.questions` makes of the works of the test split, which
name or quote what they are about. Each is asked of words, of vectors, of both fused, and of words
with citations resolved first, as the query box does. Intervals resample whole works.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

from corpus.demo import QUESTION_FILES, demo_files, golden_questions
from corpus.errors import SourceError
from corpus.ingest import ingest
from corpus.model import Frozen
from corpus.questions import make_questions
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from eval.metrics import Score, bootstrap
from retrieval.embedded import EmbeddedIndex
from retrieval.embedded_build import EmbeddedBuilder
from retrieval.find import find
from retrieval.fusion import DatedVectors
from retrieval.hybrid import Encoder, HybridIndex, said
from retrieval.query import IndexedText, StatuteQuery
from retrieval.rows import work_texts

Searcher = Callable[[StatuteQuery], Sequence[str]]
"""Returns version ids, best first."""


class Asked(Frozen):
    """A question with the version that answers it."""

    text: str
    as_at: date
    known_at: date | None
    extent: str | None
    language: str
    work_id: str
    gold: str

    @property
    def query(self) -> StatuteQuery:
        """The search for its ten best."""
        return StatuteQuery(
            text=self.text, as_at=self.as_at, known_at=self.known_at, extent=self.extent
        )


class Quality(Frozen):
    """Measures of one searcher on one set: each in ``[0, 1]`` with its interval."""

    recall_at_10: Score
    mrr: Score
    ndcg_at_10: Score


def run(
    folder: Path, encoder: Callable[[Sequence[str]], Encoder], seed: int
) -> dict[str, dict[str, dict[str, Quality]]]:
    """Measure; returns set, then searcher, then language (``all`` first), then the measures.

    Args:
        folder: where the index is built.
        encoder: makes an encoder, given the texts of the corpus.
        seed: fixes the resampling and the questions.
    """
    histories = list(Jsonl(*demo_files()).works(_never))
    rows = [row for history in histories for row in work_texts(history)]
    EmbeddedBuilder(folder).build(rows, "ranking", lambda _: None)
    words = EmbeddedIndex(folder)
    learnt = encoder([said(row) for row in rows])
    store = Store.open(f"sqlite:///{folder / 'law.db'}", create=True)
    ingest(Jsonl(*demo_files()), store, strict=True)
    works = store.works()
    searchers: dict[str, Searcher] = {
        "words": lambda query: [hit.version_id for hit in words.search(query)],
        "vectors": _by_vectors(rows, learnt),
        "words and vectors": _by_both(words, rows, learnt),
        "words, citations first": lambda query: [
            hit.version_id for hit in find(store, words, query, works)
        ],
    }
    made = [q for q in make_questions(histories, seed) if q.split == "test"]
    sets = {
        "written by hand": list(_written()),
        "made, test split": [
            Asked(
                text=q.text,
                as_at=q.as_at,
                known_at=q.known_at,
                extent=None,
                language=q.language,
                work_id=q.work_id,
                gold=q.gold_version,
            )
            for q in made
            if q.gold_version and q.as_at
        ],
    }
    with store:
        return {
            name: {how: _measured(searcher, asked, seed) for how, searcher in searchers.items()}
            for name, asked in sets.items()
        }


def _never(error: SourceError) -> None:
    raise error


def _written() -> Iterable[Asked]:
    for file in QUESTION_FILES:
        for q in golden_questions(file):
            if q.gold_version and q.as_at and q.work:
                yield Asked(
                    text=q.question,
                    as_at=q.as_at,
                    known_at=q.known_at,
                    extent=q.extent,
                    language=q.language,
                    work_id=q.work,
                    gold=q.gold_version,
                )


def _by_vectors(rows: Sequence[IndexedText], encoder: Encoder) -> Searcher:
    held = DatedVectors(encoder.encode([said(row) for row in rows]), rows)

    def search(query: StatuteQuery) -> list[str]:
        near = held.search(encoder.encode([query.text])[0], query)
        return [rows[i].version_id for i, _ in near]

    return search


def _by_both(words: EmbeddedIndex, rows: Sequence[IndexedText], encoder: Encoder) -> Searcher:
    both = HybridIndex(words, rows, encoder)
    return lambda query: [hit.version_id for hit in both.search(query)]


def _measured(searcher: Searcher, asked: Sequence[Asked], seed: int) -> dict[str, Quality]:
    ranks: dict[str, dict[str, list[int | None]]] = defaultdict(lambda: defaultdict(list))
    for question in asked:
        found = list(searcher(question.query))
        rank = found.index(question.gold) + 1 if question.gold in found else None
        for language in ("all", question.language):
            ranks[language][question.work_id].append(rank)
    return {
        language: Quality(
            recall_at_10=_score(by_work, lambda rank: float(rank is not None), seed),
            mrr=_score(by_work, lambda rank: 1 / rank if rank else 0.0, seed),
            ndcg_at_10=_score(by_work, lambda rank: 1 / math.log2(rank + 1) if rank else 0.0, seed),
        )
        for language, by_work in ranks.items()
    }


def _score(
    by_work: dict[str, list[int | None]], measure: Callable[[int | None], float], seed: int
) -> Score:
    return bootstrap([[measure(rank) for rank in ranks] for ranks in by_work.values()], seed)
