"""``python -m eval.bench.vectors_in_force [--own]``: hits of searches with vectors are in force.

An index is built with random vectors, searched by words and vectors on random days, and every hit
is compared with the store (:func:`retrieval.index_check.verify`). Random vectors make the nearest
rows random ones among those that the filters admit, so that rows are reached which no text of a
question would reach; and nothing has to be embedded, which would take most of the time. With the
vectors of an encoder, use ``inforce index verify``.

With ``--kept-in`` and ``--index`` the check continues, after it was ended, on the index that it
built.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from corpus.console import out, progress_bar
from eval.bench.cli import ground
from eval.bench.drawn_vectors import DrawnEncoder
from retrieval.index import open_index
from retrieval.index_build import Embedding, refresh_index
from retrieval.index_check import Searches, verify


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the counts as JSON; return 1 if the index and the store differ, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--own", action="store_true", help="your store, not the demonstration's")
    parser.add_argument("--index", help="index URL to build and search; a folder by default")
    parser.add_argument("--searches", type=int, default=100_000, help="random dated searches")
    parser.add_argument("--seed", type=int, default=0, help="seed of the searches")
    parser.add_argument("--kept-in", type=Path, help="file that keeps the counts, to continue")
    parser.add_argument("--patience", type=float, default=0, help="seconds to repeat what fails")
    options = parser.parse_args(arguments)
    anew = options.kept_in is None or not options.kept_in.exists()
    searches = Searches(
        number=options.searches,
        seed=options.seed,
        kept_in=options.kept_in,
        patience=options.patience,
    )
    encoder = DrawnEncoder()
    with ground(own=options.own, seed=options.seed, url=options.index) as law:
        embedding = Embedding(encoder, law.folder / "drawn.db")
        with progress_bar("Building") as advance:
            refresh_index(law.store, law.index_url, advance, anew=anew, embedding=embedding)
        index = open_index(law.index_url, lambda: encoder)
        with progress_bar("Searching") as advance:
            found = verify(law.store, index, searches, advance)
        index.close()
    out.print_json(found.model_dump_json())
    return 0 if found.sound and found.near else 1


if __name__ == "__main__":
    sys.exit(main())
