"""Speed of ingest: ``python -m eval.bench.ingest --versions 200000``.

Measures three things in one run, over the same synthetic statute books: a whole ingest (make,
check, store, index), the store alone, and a bare SQLite writer of the same rows in one transaction.
Quote the ratios, since seconds differ between machines.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from corpus.console import out
from corpus.errors import SourceError
from corpus.ingest import ingest
from corpus.model import Version
from corpus.store import Store
from corpus.synthetic import Synthetic
from retrieval.index_build import refresh_index

_COLUMNS = tuple(Version.model_fields)


def main() -> None:
    """Run the benchmark and print versions per second and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    source = Synthetic(versions=options.versions, seed=options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, making = _timed_making(source)
        stored, storing, indexing = _ingest(source, folder)
        bare = _bare_writer(source, folder / "bare.db")
    whole = storing + indexing
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    cores = os.cpu_count()
    out.print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}")
    out.print(f"{stored:,} versions ({made:,} rows), seed {options.seed}, peak {memory} MiB")
    for what, seconds in (
        ("made only", making),
        ("made, checked and stored", storing),
        ("the same and indexed", whole),
        ("bare writer of the same rows", bare),
    ):
        out.print(f"{what:<30} {seconds:8.1f} s {made / seconds:10,.0f} rows/s")
    out.print(f"store / bare {(storing - making) / bare:.1f}, end to end / bare {whole / bare:.1f}")


def _timed_making(source: Synthetic) -> tuple[int, float]:
    began = time.perf_counter()
    rows = sum(len(work.versions) for work in source.works(_no_fault))
    return rows, time.perf_counter() - began


def _ingest(source: Synthetic, folder: Path) -> tuple[int, float, float]:
    with Store.open(f"sqlite:///{folder / 'store.db'}", create=True) as store:
        report = ingest(source, store)
        began = time.perf_counter()
        refresh_index(store, f"embedded:{folder / 'index'}", lambda *_: None)
        return report.versions, report.seconds, time.perf_counter() - began


def _bare_writer(source: Synthetic, path: Path) -> float:
    """Return the seconds of writing alone; making the rows is not timed."""
    marks = ", ".join("?" * len(_COLUMNS))
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    spent = 0.0
    with sqlite3.connect(path) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=normal")
        connection.execute(f"create table versions ({names})")
        connection.execute("create index by_id on versions (id)")
        connection.execute("create index by_provision on versions (provision_id)")
        rows = _rows(source)
        while batch := list(itertools.islice(rows, 10_000)):
            began = time.perf_counter()
            connection.executemany(f"insert into versions values ({marks})", batch)
            spent += time.perf_counter() - began
        began = time.perf_counter()
        connection.commit()
        return spent + time.perf_counter() - began


def _no_fault(error: SourceError) -> None:
    raise error


def _rows(source: Synthetic) -> Iterator[tuple[object, ...]]:
    for work in source.works(_no_fault):
        for version in work.versions:
            fields = version.model_dump(mode="json")
            yield tuple(
                json.dumps(value) if isinstance(value, dict) else value for value in fields.values()
            )


if __name__ == "__main__":
    main()
