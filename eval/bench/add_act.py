"""Cost of adding one act to an index: ``python -m eval.bench.add_act --rows 43000``.

Builds the index of synthetic law from scratch, then adds one act, and one amended act, and updates
the index each time. Prints the seconds of each step and their share of the full build. With
``--index``, an Elasticsearch alias is measured instead of the embedded engine.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from pathlib import Path

from corpus.console import out
from corpus.errors import SourceError
from corpus.model import WorkHistory
from corpus.store import Store
from corpus.synthetic import Synthetic
from retrieval.index_build import refresh_index


def main() -> None:
    """Run the benchmark and print one line per step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=43_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--index", help="an index URL; default: a folder that is removed again")
    options = parser.parse_args()
    first, *others = Synthetic(versions=options.rows, seed=options.seed).works(_no_fault)
    out.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        index = options.index or f"embedded:{Path(folder) / 'index'}"
        with Store.open(f"sqlite:///{Path(folder) / 'store.db'}", create=True) as store:
            with store.writing():
                for work in others:
                    store.write(work)
            whole = _timed("full build", store, index)
            store.write(first)
            _timed("one act added", store, index, whole)
            store.write(_amended(first))
            _timed("one act amended", store, index, whole)


def _timed(what: str, store: Store, index: str, whole: float | None = None) -> float:
    began = time.perf_counter()
    rows = refresh_index(store, index, lambda *_: None)
    seconds = time.perf_counter() - began
    share = f"  {seconds / whole:.3f} of the full build" if whole else ""
    out.print(f"{what:<16} {rows:>8,} rows {seconds:8.2f} s{share}")
    return seconds


def _amended(work: WorkHistory) -> WorkHistory:
    texts = [v.model_copy(update={"text": f"{v.text} So amended."}) for v in work.versions]
    return work.model_copy(update={"versions": tuple(texts)})


def _no_fault(error: SourceError) -> None:
    raise error


if __name__ == "__main__":
    main()
