"""Load real legislation, count and time it: ``python -m eval.bench.load_corpora [FOLDER]``.

Reads every folder of ``../shared/corpora`` as ``inforce ingest`` would, each in its own process so
that peak memory is measured per folder, checks every work, and prints one line per folder:

- *versions* counts distinct texts with their intervals; rows that differ only in known time are not
  counted again;
- *gaps* are intervals inside the coverage for which a whole work is missing, *cut* are texts after
  which the record of one provision ends, *undated* texts have no fixed commencement;
- *late* are versions published after they took effect;
- *broken* counts violations of the invariants, *faults* the records left out.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from corpus.console import out
from corpus.errors import BadInputError, SourceError
from corpus.invariants import violations
from corpus.model import EndReason, Version, WorkHistory
from corpus.sources.registry import open_source

CORPORA = Path(__file__).parents[2] / "../shared/corpora"
COLUMNS = (
    *("works", "provisions", "versions", "gaps", "cut", "undated", "late", "broken", "faults"),
    *("seconds", "peak MiB"),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Load each folder in a fresh process and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=CORPORA, help="holds the corpora")
    parser.add_argument("--one", action="store_true", help="load FOLDER itself, print JSON")
    options = parser.parse_args(arguments)
    if options.one:
        sys.stdout.write(json.dumps(measure(options.folder)) + "\n")
        return
    table = Table("corpus", *COLUMNS)
    for folder in sorted(path for path in options.folder.iterdir() if path.is_dir()):
        measured = _in_own_process(folder)
        table.add_row(folder.name, *(measured.get(column, "-") for column in COLUMNS))
    out.print(table)


def measure(folder: Path) -> dict[str, str]:
    """Read every work of a folder and return the columns of its line, as printed.

    Raises:
        BadInputError: no source reads the folder.
    """
    began = time.perf_counter()
    faults: list[SourceError] = []
    totals: Counter[str] = Counter()
    for history in open_source(str(folder)).works(faults.append):
        totals.update(tally(history))
    figures = {name: f"{totals[name]:,}" for name in COLUMNS}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    took = time.perf_counter() - began
    return figures | {
        "faults": str(len(faults)),
        "seconds": f"{took:.1f}",
        "peak MiB": f"{peak:.0f}",
    }


def tally(history: WorkHistory) -> dict[str, int]:
    """Return a work's counts for each column except time and memory."""
    latest = [version for version in history.versions if version.known_to is None]
    return {
        "works": 1,
        "provisions": len(history.provisions),
        "versions": len({version.id for version in history.versions}),
        "gaps": max(len(history.coverage) - 1, 0),
        "cut": sum(1 for version in latest if version.ended is EndReason.UNKNOWN),
        "undated": sum(1 for version in latest if version.valid_from is None),
        "late": sum(1 for version in latest if _late(version)),
        "broken": len(violations(history)),
    }


def _late(version: Version) -> bool:
    begins, published = version.valid_from, version.published
    return begins is not None and published is not None and published > begins


def _in_own_process(folder: Path) -> dict[str, str]:
    command = [sys.executable, "-m", "eval.bench.load_corpora", str(folder), "--one"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        out.print(f"{folder.name}: {done.stderr.strip().splitlines()[-1]}")
        return {}
    figures: dict[str, str] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    try:
        main()
    except BadInputError as error:
        sys.exit(str(error))
