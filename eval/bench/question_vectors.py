"""``python -m eval.bench.question_vectors [--own]``: what would bring the right provision nearer.

The spent questions of ``eval/questions`` are searched by vectors alone among the provisions in
force on their day, in several ways: as they are encoded; with words of law for their everyday
words; less half the mean question of their language; with a linear map learnt from other
questions; and with the passages moved towards their neighbours in the act. Over the demonstration
corpus or, with ``--own``, over your store.

The map is ``q + W q`` with a ridge on ``W``. It maximises the share of the right passage among the
hundred nearest in the softmax of their cosines, and is fitted in five folds, none of which has a
question about a work of the other four.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from agent.answering.centres import centres
from corpus.console import out, progress_bar
from corpus.languages.dates import without_dates
from corpus.languages.everyday_words import words_of_law
from corpus.languages.tables import base_language
from corpus.settings import Settings
from eval.answering.training import SPENT
from eval.bench.cli import ground
from eval.bench.ranking import RankedQuery, asked_questions
from eval.questions.asked import Corpus
from retrieval.engines.index_schema import place
from retrieval.index_build import embedding_for, vectors_file
from retrieval.index_rows import indexed_texts
from retrieval.query import IndexedText
from retrieval.vectors.dated_vectors import DatedVectors
from retrieval.vectors.encoder import Encoder, Vectors
from retrieval.vectors.passage import passage
from retrieval.vectors.quantised import quantised
from retrieval.vectors.stored_first import StoredFirst

DEPTH = 100
RANKS = (1, 10, 50, 100)
FOLDS = 5
RIDGES = (0.03, 0.1, 0.3)
HALF = 0.5
"""The share of the mean question that is taken off."""

_NEIGHBOURS, _TOWARDS = 3, 0.3
_SHARPNESS = 10.0  # of the softmax over cosines off their means
_STEPS, _RATE = 40, 0.02
_PART = 2_000


@dataclass(frozen=True)
class Held:
    """Rows with their vectors ``(N, D)``; ``row_of`` gives the number of a place."""

    rows: Sequence[IndexedText]
    vectors_N_D: Vectors
    dated: DatedVectors
    row_of: dict[int, int]

    @classmethod
    def of(cls, rows: Sequence[IndexedText], vectors_N_D: Vectors) -> Held:
        """Index the vectors by the days of their rows."""
        dated = DatedVectors.of(rows, [codes.tobytes() for codes in quantised(vectors_N_D)])
        return cls(rows, vectors_N_D, dated, {place(row): n for n, row in enumerate(rows)})

    def nearest(self, vector_D: Vectors, one: RankedQuery) -> list[int]:
        """Return the rows of the nearest provisions in force, best first."""
        query = one.query.model_copy(update={"limit": DEPTH})
        unit_D = vector_D / np.linalg.norm(vector_D)
        return [self.row_of[number] for number, _ in self.dated.search(unit_D, query)]

    def near_others(self) -> Held:
        """Return these with each passage moved towards those next to it in its act."""
        named = [(row.work_id, row.provision_id) for row in self.rows]
        firsts = [n for n, name in enumerate(named) if n == 0 or named[n - 1] != name]
        moved = self.vectors_N_D.copy()
        for i, start in enumerate(firsts):
            window = firsts[max(i - _NEIGHBOURS, 0) : i + _NEIGHBOURS + 1]
            near = [n for n in window if n != start and named[n][0] == named[start][0]]
            end = firsts[i + 1] if i + 1 < len(firsts) else len(named)
            if near:
                moved[start:end] += _TOWARDS * self.vectors_N_D[near].mean(axis=0)
        return Held.of(self.rows, moved / np.linalg.norm(moved, axis=1, keepdims=True))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the share of questions whose right provision is among the nearest, for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--own", action="store_true", help="your store, and its vectors")
    options = parser.parse_args(arguments)
    url = Settings.load().index_url
    embedding = embedding_for(url)
    if embedding is None:
        parser.error("INFORCE_ENCODER is none")
    encoder = StoredFirst(embedding.encoder, vectors_file(url))
    with ground(own=options.own, seed=0) as law, progress_bar("Reading") as advance:
        rows = list(indexed_texts(law.store))
        vectors_N_D = _encoded(rows, encoder, advance)
    held = Held.of(rows, vectors_N_D)
    for style, asked in _questions("real" if options.own else "demo").items():
        out.print(_table(f"{style} words, {len(asked)} questions", _ways(held, asked, encoder)))


def _encoded(
    rows: Sequence[IndexedText], encoder: Encoder, advance: Callable[[int, int | None, str], None]
) -> Vectors:
    parts = []
    for start in range(0, len(rows), _PART):
        parts.append(encoder.passages([passage(row) for row in rows[start : start + _PART]]))
        advance(start, len(rows), "texts")
    return np.concatenate(parts)


def _questions(corpus: Corpus) -> dict[str, list[RankedQuery]]:
    """Return the spent questions with an answer by their style."""
    found: dict[str, list[RankedQuery]] = {}
    for half in SPENT[corpus]:
        for name, asked in asked_questions(corpus, half).items():
            found.setdefault(name.partition(" ")[0], []).extend(asked)
    return found


def _ways(
    held: Held, asked: Sequence[RankedQuery], encoder: Encoder
) -> Iterator[tuple[str, list[int | None]]]:
    """Yield each way of searching with the ranks of the right provision."""
    subjects = [without_dates(one.text) for one in asked]
    bare = encoder.questions(subjects)
    lawful = encoder.questions([f"{text} {words_of_law(text)}".strip() for text in subjects])
    means = np.array([_mean(one.language) for one in asked], dtype=np.float32)
    yield "as asked", _ranks(held, asked, bare)
    yield "with words of law", _ranks(held, asked, lawful)
    yield "less half the mean question", _ranks(held, asked, bare - HALF * means)
    off = lawful - HALF * means
    yield "with words of law, less half the mean", _ranks(held, asked, off)
    yield "the same, passages near others", _ranks(held.near_others(), asked, off)
    for ridge in RIDGES:
        mapped = _mapped(held, asked, lawful - means, ridge)
        yield f"with words of law, map with ridge {ridge}", _ranks(held, asked, mapped)


def _mean(language: str) -> Vectors:
    questions = centres().questions
    return questions.get(language, questions[base_language(language)])


def _ranks(held: Held, asked: Sequence[RankedQuery], vectors_N_D: Vectors) -> list[int | None]:
    found = []
    for one, vector_D in zip(asked, vectors_N_D, strict=True):
        names = [held.rows[n].version_id for n in held.nearest(vector_D, one)]
        places = [names.index(gold) + 1 for gold in one.gold if gold in names]
        found.append(min(places, default=None))
    return found


def _mapped(
    held: Held, asked: Sequence[RankedQuery], vectors_N_D: Vectors, ridge: float
) -> Vectors:
    """Return the questions mapped, each by a map that no question about its work was fitted to."""
    near = [held.nearest(vector_D, one) for one, vector_D in zip(asked, vectors_N_D, strict=True)]
    folds = np.array([hashlib.sha256(one.work_id.encode()).digest()[0] % FOLDS for one in asked])
    mapped = vectors_N_D.copy()
    for fold in range(FOLDS):
        pairs = [
            (vectors_N_D[i], held.vectors_N_D[near[i]], right)
            for i, one in enumerate(asked)
            if folds[i] != fold and (right := _right(held, near[i], one)) is not None
        ]
        own = vectors_N_D[folds == fold]
        mapped[folds == fold] = own + own @ _map(pairs, ridge).T
    return mapped


def _right(held: Held, near: Sequence[int], one: RankedQuery) -> int | None:
    """Return the place of the first right row, ``None`` where none is near."""
    return next((i for i, n in enumerate(near) if held.rows[n].version_id in one.gold), None)


def _map(pairs: Sequence[tuple[Vectors, Vectors, int]], ridge: float) -> Vectors:
    """Fit ``W`` by Adam (Kingma and Ba, 2015) over all pairs: question, passages, the right one."""
    asked_Q_D = np.array([question_D for question_D, _, _ in pairs])
    size = asked_Q_D.shape[1]
    w, first, second = (np.zeros((size, size), dtype=np.float32) for _ in range(3))
    for step in range(1, _STEPS + 1):
        moved_Q_D = asked_Q_D + asked_Q_D @ w.T
        surplus_Q_D = np.array(
            [
                _surplus(q_D, near, right)
                for q_D, (_, near, right) in zip(moved_Q_D, pairs, strict=True)
            ]
        )
        slope = surplus_Q_D.T @ asked_Q_D * (_SHARPNESS / len(pairs)) + ridge * w
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope**2
        rate = _RATE * (1 - 0.9 * step / _STEPS)
        w -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return w


def _surplus(question_D: Vectors, passages_K_D: Vectors, right: int) -> Vectors:
    """Return the mean passage by its share in the softmax, less the right one."""
    odds = passages_K_D @ question_D * _SHARPNESS
    share = np.exp(odds - odds.max())
    mean: Vectors = share @ passages_K_D / share.sum() - passages_K_D[right]
    return mean


def _table(title: str, ways: Iterable[tuple[str, list[int | None]]]) -> Table:
    table = Table("", *(f"among {rank}" for rank in RANKS), "MRR", title=title)
    for name, ranks in ways:
        shares = [np.mean([rank is not None and rank <= most for rank in ranks]) for most in RANKS]
        mean = np.mean([1 / rank if rank else 0.0 for rank in ranks])
        table.add_row(name, *(f"{share:.3f}" for share in (*shares, mean)))
    return table


if __name__ == "__main__":
    main()
