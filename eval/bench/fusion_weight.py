"""``python -m eval.bench.fusion_weight [--own]``: choose the share of the vectors in fused search.

Each weight is tried on questions that nothing else is measured on: the development half of
``eval/questions`` and made questions of the train split, over the demonstration corpus or, with
``--own``, over your store. Rankings are asked for once and fused with each weight.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.table import Table

from corpus.console import out, progress_bar
from corpus.settings import Settings
from eval.bench.cli import ground
from eval.bench.ranking import MEASURES, RankedQuery, asked_questions, made
from retrieval.index import OpenedIndex, open_index
from retrieval.index_build import embedding_for, refresh_index
from retrieval.query import StatuteQuery
from retrieval.vectors.encoder import Encoder
from retrieval.vectors.fusion import Scored, fused
from retrieval.vectors.hybrid import DEPTH

WEIGHTS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print Recall@1 and mean reciprocal rank of each weight on each set of questions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--own", action="store_true", help="your store, and its vectors")
    parser.add_argument("--index", help="index URL to build and search; a folder by default")
    parser.add_argument("--questions", type=int, default=400, help="most made questions")
    options = parser.parse_args(arguments)
    with (
        ground(own=options.own, seed=0, url=options.index) as law,
        progress_bar("Asking") as advance,
    ):
        embedding = embedding_for(Settings.load().index_url if options.own else law.index_url)
        if embedding is None:
            parser.error("INFORCE_ENCODER is none")
        refresh_index(law.store, law.index_url, advance, embedding=embedding)
        sets = {
            **asked_questions("real" if options.own else "demo", "development"),
            "made, train split": made(law, "train", options.questions),
        }
        index = open_index(law.index_url)
        rankings = {
            name: [_rankings(index, embedding.encoder, one) for one in asked]
            for name, asked in sets.items()
        }
        index.close()
    table = Table("weight", *(f"{name} ({len(asked)})" for name, asked in sets.items()))
    for weight in WEIGHTS:
        cells = (_quality(asked, rankings[name], weight) for name, asked in sets.items())
        table.add_row(f"{weight:.2f}", *cells)
    out.print(table)


def _rankings(
    index: OpenedIndex, encoder: Encoder, asked: RankedQuery
) -> tuple[Scored[str], Scored[str]]:
    query: StatuteQuery = asked.query.model_copy(update={"limit": DEPTH})
    words = index.without_vectors().search(query)
    near = index.nearest(encoder.questions([query.text])[0], query)
    return [(h.version_id, h.score) for h in words], [(h.version_id, h.score) for h in near]


def _quality(
    asked: Sequence[RankedQuery],
    rankings: Sequence[tuple[Scored[str], Scored[str]]],
    weight: float,
) -> str:
    ranks = []
    for one, (words, near) in zip(asked, rankings, strict=True):
        found = [name for name, _ in fused(words, near, weight)[:10]]
        places = [found.index(gold) + 1 for gold in one.gold if gold in found]
        ranks.append(min(places, default=None))
    means = [
        sum(MEASURES[name](rank) for rank in ranks) / max(len(ranks), 1)
        for name in ("recall_at_1", "mrr")
    ]
    return "R@1 {:.3f}  MRR {:.3f}".format(*means)


if __name__ == "__main__":
    main()
