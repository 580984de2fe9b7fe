"""Source files that run for one job: ``python -m eval.bench.hops``.

Three jobs, the ones that ARCHITECTURE.md describes: a question (the extractive policy over the
demonstration corpus), rollouts with their rewards (a training round without torch), and an ingest
from files to store and index. Counts for each the files entered, and the pairs of files of which
one calls the other. A profiler hook counts in every thread.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

from agent.graph.run import ask
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.policy import Policy
from corpus.demo import demo_files
from corpus.questions import Question, make_questions
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from retrieval.index_build import load
from rl.rewards import score
from rl.rollouts.rollout import roll_out

ROOT = Path(__file__).parents[2]
ROOMS = ("corpus", "retrieval", "agent", "rl", "eval", "ui")
QUESTIONS = 8
QUESTION = "À partir de quel âge peut-on contracter mariage ?"


def moves(job: Callable[[], object]) -> set[tuple[str, str]]:
    """Run a job and return the pairs (caller, callee) of source files."""
    found: set[tuple[str, str]] = set()

    def hook(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_back is not None:
            found.add((_file(frame.f_back), _file(frame)))

    threading.setprofile(hook)
    sys.setprofile(hook)
    try:
        job()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return {(a, b) for a, b in found if a != b and a and b}


def main() -> None:
    """Print one line for each job."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings.under(Path(home))
        found = {"the corpus": moves(lambda: load(Jsonl(*demo_files()), settings, strict=True))}
        with Library.open(settings) as library:
            policy = ExtractivePolicy(library.works)
            day = date(2006, 4, 4)
            found["a question"] = moves(lambda: ask(library, QUESTION, as_at=day, policy=policy))
            questions = list(islice(make_questions(library.store.histories(), seed=0), QUESTIONS))
            found["rollouts"] = moves(lambda: _scored(library, policy, questions))
    for name, pairs in found.items():
        files = {file for pair in pairs for file in pair}
        print(f"{name:12} {len(files):3} files {len(pairs):4} moves")  # noqa: T201


def _scored(library: Library, policy: Policy, questions: Sequence[Question]) -> None:
    """Roll questions out and score the rollouts, as a training round does."""
    for rollout in roll_out(library, policy, questions):
        score(rollout.trace, rollout.question.with_answer())


def _file(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(ROOT):
        return ""
    name = path.relative_to(ROOT)
    return str(name) if name.parts[0] in ROOMS else ""


if __name__ == "__main__":
    main()
