"""Latency of an answer on the demonstration corpus: ``python -m eval.bench.ask``.

Prints the agent's time per question in one warm process (every golden question, several rounds) and
the wall time of whole ``inforce ask`` processes, start-up included, with the machine's name. Quote
medians.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from agent.graph.run import ask
from agent.library import Library
from corpus.console import out
from corpus.demo import demo_files, golden_questions
from corpus.questions import Question
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from retrieval.index_build import load


def main() -> None:
    """Run the benchmark and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds over the golden questions")
    parser.add_argument("--processes", type=int, default=5, help="whole processes to time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.under(Path(folder))
        load(Jsonl(*demo_files()), settings, strict=True)
        questions = [q for q in golden_questions() if q.as_at is not None]
        warm = _warm(settings, questions, options.rounds)
        whole = [_process(settings, questions[0]) for _ in range(options.processes)]
    out.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    _print("agent's own time, warm", warm)
    _print("whole process", whole)


def _warm(settings: Settings, questions: Sequence[Question], rounds: int) -> list[float]:
    with Library.open(settings) as library:
        ask(library, questions[0].text, as_at=questions[0].as_at)
        return [
            ask(library, q.text, as_at=q.as_at, extent=q.extent).milliseconds
            for _ in range(rounds)
            for q in questions
        ]


def _process(settings: Settings, question: Question) -> float:
    command = [sys.executable, "-m", "inforce", "ask", question.text]
    began = time.perf_counter()
    subprocess.run(
        [*command, "--as-at", str(question.as_at)],
        env={**os.environ, **settings.environment()},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return (time.perf_counter() - began) * 1000


def _print(name: str, milliseconds: list[float]) -> None:
    ordered = sorted(milliseconds)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    out.print(
        f"{name}: median {statistics.median(ordered):.0f} ms, p95 {p95:.0f} ms, "
        f"min {ordered[0]:.0f}, max {ordered[-1]:.0f} (n={len(ordered)})"
    )


if __name__ == "__main__":
    main()
