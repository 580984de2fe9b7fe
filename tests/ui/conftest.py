"""The demonstration corpus in a library of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.library import Library
from corpus.settings import Settings
from ui.demo import load_demo


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    found = Settings.under(tmp_path_factory.mktemp("demo"))
    load_demo(found)
    return found


@pytest.fixture(scope="session")
def library(settings: Settings) -> Iterator[Library]:
    with Library.open(settings) as opened:
        yield opened
