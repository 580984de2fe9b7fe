"""``python -m eval.bench.vector_speed --rows 43000 200000``: what vectors add to a search.

A synthetic statute book is indexed in the embedded engine with drawn vectors of 384 numbers (what
they mean does not matter for speed). Each query is searched by words alone and by words and
vectors in turn. The question's vector is ready, since that cost is the encoder's: the encoder of
``INFORCE_ENCODER`` is timed by itself. Wall time and processor time of the searching thread.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from rich.table import Table

from corpus.clock import now
from corpus.console import out, progress_bar
from corpus.record_clock import CorpusState
from eval.bench.book import Advance, Book
from eval.bench.drawn_vectors import DrawnEncoder
from retrieval.engines.embedded import EmbeddedIndex
from retrieval.engines.embedded_build import EmbeddedBuilder
from retrieval.vectors.embedding import embed
from retrieval.vectors.encoder import CachedEncoder
from retrieval.vectors.encoder_choice import EncoderSettings, open_encoder
from retrieval.vectors.hybrid import HybridIndex
from retrieval.vectors.kept_vectors import KeptVectors, RowVectors

_WARM = 20  # searches before the clock runs


def main() -> None:
    """Print the times of each size, and of the encoder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[43_000, 200_000])
    parser.add_argument("--queries", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    table = Table("rows", "", "wall p50 ms", "wall p95 ms", "processor p50 ms", "processor p95 ms")
    for rows in options.rows:
        with tempfile.TemporaryDirectory(prefix="inforce-bench-") as folder:
            book = Book(rows, options.seed, Path(folder) / "book.jsonl")
            with progress_bar("Building") as advance:
                index = _built(book, Path(folder), advance)
            for name, found in _searched(index, book, options.queries).items():
                table.add_row(f"{book.count:,}", name, *_percentiles(found))
    questions = [query.text for query in book.queries(60)]
    encoder = open_encoder(EncoderSettings.load())
    if encoder is not None:
        timed = [_timed(partial(encoder.questions, [text])) for text in questions]
        table.add_row("", f"question embedded by {encoder.identity}", *_percentiles(timed[_WARM:]))
    out.print(table)


def _built(book: Book, folder: Path, advance: Advance) -> HybridIndex:
    book.write(advance)
    with KeptVectors(folder / "vectors.db", DrawnEncoder.identity) as kept:
        embed(book.rows(lambda *_: None), DrawnEncoder(), kept, advance)
        builder = EmbeddedBuilder(folder / "index", vectors=RowVectors(kept))
        state = CorpusState(corpus_hash="benchmark", recorded_at=now())
        builder.build(book.rows(advance), state, lambda _: None)
    encoder = CachedEncoder(DrawnEncoder())
    return HybridIndex(EmbeddedIndex(folder / "index"), lambda: encoder)


def _searched(index: HybridIndex, book: Book, count: int) -> dict[str, list[tuple[float, float]]]:
    """Return seconds of wall and of processor for each search, by how it went."""
    words = index.without_vectors()
    found: dict[str, list[tuple[float, float]]] = {"words": [], "words and vectors": []}
    for number, query in enumerate(book.queries(count + _WARM)):
        index.search(query)  # the question's vector is kept from here on
        times = {
            "words": _timed(partial(words.search, query)),
            "words and vectors": _timed(partial(index.search, query)),
        }
        if number >= _WARM:
            for name, took in times.items():
                found[name].append(took)
    return found


def _timed(call: Callable[[], object]) -> tuple[float, float]:
    wall, spent = time.perf_counter(), time.thread_time()
    call()
    return time.perf_counter() - wall, time.thread_time() - spent


def _percentiles(times: Sequence[tuple[float, float]]) -> list[str]:
    points = np.percentile(np.array(times) * 1000, [50, 95], axis=0)
    return [f"{points[i, j]:.2f}" for j in (0, 1) for i in (0, 1)]


if __name__ == "__main__":
    main()
