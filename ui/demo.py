"""Demonstration: load its corpus and answer a first question."""

from __future__ import annotations

from datetime import date

from agent.graph.run import ask
from agent.library import Library
from agent.trace import Trace
from corpus.demo import demo_files
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from retrieval.index_build import load

QUESTION = "À partir de quel âge peut-on contracter mariage ?"
DAY = date(2006, 4, 4)


def load_demo(settings: Settings) -> None:
    """Load the demonstration corpus and its index, if they are not up to date."""
    load(Jsonl(*demo_files()), settings, strict=True)


def first_answer(settings: Settings) -> Trace:
    """Return the answer to the first question, dated the day before a reform."""
    with Library.open(settings) as library:
        return ask(library, QUESTION, as_at=DAY)
