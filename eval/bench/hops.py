"""The files that one job passes through: ``python -m eval.bench.hops``.

Two jobs: a question (the extractive policy over the demonstration corpus), and the demonstration
corpus from its files to the store and the index. For each: the files entered, and the moves, each a
pair of files of which one calls the other. A profiler hook of the main thread counts, so it is what
ran; work in other threads is not seen.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

from agent.graph.run import ask
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from corpus.demo import demo_files
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from retrieval.index_build import load

ROOT = Path(__file__).parents[2]
ROOMS = ("corpus", "retrieval", "agent", "rl", "eval", "ui")
QUESTION = "À partir de quel âge peut-on contracter mariage ?"


def moves(job: Callable[[], object]) -> set[tuple[str, str]]:
    """Return the pairs (caller, callee) of files of the rooms, while a job runs in this thread."""
    found: set[tuple[str, str]] = set()

    def hook(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_back is not None:
            found.add((_file(frame.f_back), _file(frame)))

    sys.setprofile(hook)
    try:
        job()
    finally:
        sys.setprofile(None)
    return {(a, b) for a, b in found if a != b and a and b}


def main() -> None:
    """Print one line for each job."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings.under(Path(home))
        ingest = moves(lambda: load(Jsonl(*demo_files()), settings, strict=True))
        with Library.open(settings) as library:
            policy = ExtractivePolicy(library.works)
            question = moves(lambda: ask(library, QUESTION, as_at=date(2006, 4, 4), policy=policy))
    for name, found in (("a question", question), ("an act", ingest)):
        files = {file for pair in found for file in pair}
        print(f"{name:12} {len(files):3} files {len(found):4} moves")  # noqa: T201


def _file(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(ROOT):
        return ""
    name = path.relative_to(ROOT)
    return str(name) if name.parts[0] in ROOMS else ""


if __name__ == "__main__":
    main()
