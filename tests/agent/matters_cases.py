"""A matter about the duty of widgets, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from agent.graph.run import ask
from agent.library import Library
from agent.people import Person, Role
from agent.trace import Trace
from corpus.model import WorkHistory
from corpus.settings import Settings
from corpus.store import Store
from retrieval.index_build import refresh_index

ANNA = Person(id="anna@firm.example", name="Anna", roles=frozenset({Role.READER}))
BEN = Person(id="ben@firm.example", name="Ben", roles=frozenset({Role.READER}))
HOSTILE = "<img src=https://evil.example/x.png> ![x](https://evil.example/y.png) **b**"


@contextmanager
def stored(settings: Settings, *histories: WorkHistory) -> Iterator[Store]:
    """The store with these works, indexed."""
    with Store.open(settings.store_url, create=True) as store:
        for each in histories:
            store.write(each)
        refresh_index(store, settings.index_url, lambda *_: None)
        yield store


def answered(settings: Settings, question: str, as_at: str) -> Trace:
    with Library.open(settings) as library:
        return ask(library, question, as_at=date.fromisoformat(as_at), confirmed=True)


def home(folder: Path) -> Settings:
    return Settings.under(folder / "home")
