"""``inforce bench ranking`` and ``weights``: ranking quality of words, vectors and both.

Uses dated questions whose gold answer is a version: those that :mod:`corpus.questions` makes, which
name or quote their subject, and for the demonstration corpus also hand-written ones in a client's
words. Each is searched with words, with vectors, with both fused, and with words after resolving
citations, as the query box does. Intervals resample whole works; gains are paired by question.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from corpus.demo import QUESTION_FILES, demo_files, golden_questions
from corpus.errors import BadInputError
from corpus.ingest import ingest
from corpus.model import Frozen
from corpus.questions import Question, Split, make_questions
from corpus.sources.jsonl import Jsonl
from corpus.store import Store
from eval.bench.book import Advance
from eval.metrics import Score, bootstrap
from eval.questions.asked import HALVES, AskedQuestion, Corpus, Half, read_asked
from retrieval.engines.embedded import EmbeddedIndex
from retrieval.engines.embedded_build import EmbeddedBuilder
from retrieval.engines.index_schema import Weights
from retrieval.find import find
from retrieval.index import OpenedIndex, open_index
from retrieval.index_build import Embedding, refresh_index
from retrieval.index_rows import indexed_texts
from retrieval.query import Hit, StatuteQuery
from retrieval.vectors.encoder import Encoder

Searcher = Callable[[StatuteQuery], Sequence[str]]
"""Returns version ids, best first."""

_PER_FAMILY = 6  # made questions of a family and work, so that no long work outvotes the others


@dataclass(frozen=True)
class RankingSet:
    """Store, folder for indices, and seed of a ranking benchmark.

    ``url`` is an index to use in place of one in the folder.
    """

    store: Store
    folder: Path
    seed: int
    url: str | None = None

    @property
    def index_url(self) -> str:
        """The index of words and vectors."""
        return self.url or f"embedded:{self.folder / 'fused'}"


class RankedQuery(Frozen):
    """A question with the version that answers it."""

    text: str
    as_at: date
    known_at: date | None
    extent: str | None
    jurisdictions: tuple[str, ...] = ()
    language: str
    work_id: str
    gold: tuple[str, ...]

    @property
    def query(self) -> StatuteQuery:
        """Return the search for the ten best versions."""
        return StatuteQuery(
            text=self.text,
            as_at=self.as_at,
            known_at=self.known_at,
            extent=self.extent,
            jurisdictions=self.jurisdictions,
        )


class Quality(Frozen):
    """Measures of one searcher on one set: each in ``[0, 1]`` (a gain: ``[-1, 1]``).

    Attributes:
        recall_at_1: share of questions whose gold version stands first.
        recall_at_10: share of questions whose gold version is among the first ten.
        mrr: mean reciprocal rank of the gold version.
        ndcg_at_10: normalised discounted cumulative gain of the first ten.
    """

    recall_at_1: Score
    recall_at_10: Score
    mrr: Score
    ndcg_at_10: Score


MEASURES: dict[str, Callable[[int | None], float]] = {
    "recall_at_1": lambda rank: float(rank == 1),
    "recall_at_10": lambda rank: float(rank is not None),
    "mrr": lambda rank: 1 / rank if rank else 0.0,
    "ndcg_at_10": lambda rank: 1 / math.log2(rank + 1) if rank else 0.0,
}
"""Each measure, computed from the rank of the gold version among ten (``None``: not found)."""

BASE = "words"


def load_demo(folder: Path) -> Store:
    """Return a new store in ``folder`` with the demonstration corpus."""
    store = Store.open(f"sqlite:///{folder / 'law.db'}", create=True)
    ingest(Jsonl(*demo_files()), store, strict=True)
    return store


def made(ground: RankingSet, split: Split, count: int) -> list[RankedQuery]:
    """Return at most ``count`` made questions of a split with a gold version, evenly drawn."""
    asked = [
        _asked(question)
        for question in make_questions(ground.store.histories(), ground.seed, _PER_FAMILY)
        if question.split == split and question.gold_version and question.as_at
    ]
    return asked if len(asked) <= count else random.Random(ground.seed).sample(asked, count)


def _asked(question: Question) -> RankedQuery:
    fields = {"extent": None, **question.model_dump(), "gold": (question.gold_version,)}
    fields["jurisdictions"] = ()
    return RankedQuery.model_validate({name: fields[name] for name in RankedQuery.model_fields})


def written() -> Iterable[RankedQuery]:
    """Yield the hand-written questions on the demonstration corpus whose answer is a version."""
    for file in QUESTION_FILES:
        for q in golden_questions(file):
            if q.gold_version and q.as_at and q.work_id:
                yield RankedQuery(
                    text=q.text,
                    as_at=q.as_at,
                    known_at=q.known_at,
                    extent=q.extent,
                    language=q.language,
                    work_id=q.work_id,
                    gold=(q.gold_version,),
                )


def read_half(name: str) -> Half:
    """Return the half of ``eval/questions`` of that name.

    Raises:
        BadInputError: there is none.
    """
    for half in HALVES:
        if half == name:
            return half
    raise BadInputError(f"--half: '{name}' is none of {', '.join(HALVES)}")


def asked_questions(corpus: Corpus, half: Half) -> dict[str, list[RankedQuery]]:
    """Return the questions of ``eval/questions`` that some version answers, by their style."""
    found: dict[str, list[RankedQuery]] = defaultdict(list)
    for one in read_asked(corpus, half):
        if one.gold and one.as_at:
            found[f"{one.style} words, {corpus} {half}"].append(_of_asked(one, one.as_at))
    return dict(found)


def _of_asked(one: AskedQuestion, as_at: date) -> RankedQuery:
    return RankedQuery(
        text=one.text,
        as_at=as_at,
        known_at=None,
        extent=one.filled.extent,
        jurisdictions=(one.filled.jurisdiction,) if one.filled.jurisdiction else (),
        language=one.language,
        work_id=one.gold[0].work_id,
        gold=tuple(gold.version_id for gold in one.gold),
    )


def compare(
    ground: RankingSet, sets: dict[str, list[RankedQuery]], embedding: Embedding, advance: Advance
) -> dict[str, dict[str, dict[str, Quality]]]:
    """Return the measures by question set, searcher and language (``all`` first).

    Gains are relative to words alone.

    Args:
        ground: store, index and seed.
        sets: questions by the name of the set.
        embedding: makes the vectors that the index lacks, and encodes the questions.
        advance: called after every text that is embedded and every question.
    """
    refresh_index(ground.store, ground.index_url, advance, embedding=embedding)
    index = open_index(ground.index_url)
    searchers = _searchers(ground.store, index, embedding.encoder)
    found = {}
    for name, asked in sets.items():
        ranks = {how: _ranks(searcher, asked, how, advance) for how, searcher in searchers.items()}
        found[name] = {how: _measured(asked, by_how, ground.seed) for how, by_how in ranks.items()}
        for how in list(ranks)[1:]:
            gain = _measured(asked, ranks[how], ground.seed, over=ranks[BASE])
            found[name][f"gain of {how}"] = gain
    index.close()
    return found


def _searchers(store: Store, index: OpenedIndex, encoder: Encoder) -> dict[str, Searcher]:
    works = store.works()
    words = index.without_vectors()

    def nearest(query: StatuteQuery) -> list[Hit]:
        return index.nearest(encoder.questions([query.text])[0], query)

    return {
        BASE: lambda query: _ids(words.search(query)),
        "vectors": lambda query: _ids(nearest(query)),
        "words and vectors": lambda query: _ids(index.search(query)),
        "words, citations first": lambda query: _ids(find(store, words, query, works)),
        "both, citations first": lambda query: _ids(find(store, index, query, works)),
    }


def _ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.version_id for hit in hits]


def _ranks(
    searcher: Searcher, asked: Sequence[RankedQuery], what: str, advance: Advance
) -> list[int | None]:
    """Return the rank of each question's gold version, from 1; ``None``: not among the ten."""
    ranks: list[int | None] = []
    for question in asked:
        found = list(searcher(question.query))
        places = [found.index(gold) + 1 for gold in question.gold if gold in found]
        ranks.append(min(places, default=None))
        advance(len(ranks), len(asked), what)
    return ranks


def _measured(
    asked: Sequence[RankedQuery],
    ranks: Sequence[int | None],
    seed: int,
    over: Sequence[int | None] | None = None,
) -> dict[str, Quality]:
    """Return the measures by language, or their gains over the ranks in ``over``."""
    languages = ["all", *sorted({question.language for question in asked})]
    scores: dict[str, dict[str, Score]] = defaultdict(dict)
    for name, measure in MEASURES.items():
        values = [measure(rank) for rank in ranks]
        if over is not None:
            values = [a - measure(b) for a, b in zip(values, over, strict=True)]
        for language in languages:
            by_work: dict[str, list[float]] = defaultdict(list)
            for question, value in zip(asked, values, strict=True):
                if language in ("all", question.language):
                    by_work[question.work_id].append(value)
            scores[language][name] = bootstrap(list(by_work.values()), seed)
    return {language: Quality.model_validate(by_name) for language, by_name in scores.items()}


GRID = tuple(
    Weights(names, label, heading)
    for names in (0, 1, 2)
    for label in (1, 3, 5)
    for heading in (0, 2)
)


class Chosen(Frozen):
    """Return the rank of each gold version among ten, from 1; ``None``: not among them.

    Attributes:
        train: mean reciprocal rank on train questions, by weights.
        best: the best weights on train questions.
        best_on_test: measures of the best weights on test questions.
        in_use: the present weights.
        in_use_on_test: measures of the present weights on test questions.
    """

    train: dict[str, float]
    best: str
    best_on_test: Quality
    in_use: str
    in_use_on_test: Quality


def choose_weights(
    ground: RankingSet,
    train: Sequence[RankedQuery],
    test: Sequence[RankedQuery],
    in_use: Weights,
    advance: Advance,
) -> Chosen:
    """Try every weighting of :data:`GRID` on train questions, and the best on test questions."""
    rows = list(indexed_texts(ground.store))

    def asked_with(weights: Weights, asked: Sequence[RankedQuery]) -> Quality:
        builder = EmbeddedBuilder(ground.folder, weights=weights)
        builder.build(rows, ground.store.state(), lambda _: None)
        index = EmbeddedIndex(ground.folder)

        def search(query: StatuteQuery) -> list[str]:
            return [hit.version_id for hit in index.search(query)]

        return _measured(asked, _ranks(search, asked, "", lambda *_: None), ground.seed)["all"]

    tried: dict[Weights, float] = {}
    for weights in GRID:
        tried[weights] = asked_with(weights, train).mrr.mean
        advance(len(tried), len(GRID), "weightings")
    best = max(tried, key=lambda weights: tried[weights])
    return Chosen(
        train={_words(weights): round(mrr, 4) for weights, mrr in tried.items()},
        best=_words(best),
        best_on_test=asked_with(best, test),
        in_use=_words(in_use),
        in_use_on_test=asked_with(in_use, test),
    )


def _words(weights: Weights) -> str:
    return ", ".join(f"{name} {weight}" for name, weight in weights._asdict().items())
