"""The demonstration corpus in a library of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.library import Library
from corpus.settings import Settings
from ui.demo import load_demo
from ui.library import _opened


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    found = Settings.under(tmp_path_factory.mktemp("demo"))
    load_demo(found)
    return found


@pytest.fixture(scope="session")
def library(settings: Settings) -> Iterator[Library]:
    with Library.open(settings) as opened:
        yield opened


@pytest.fixture
def demo_app(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let pages read the demonstration corpus on 22 November 2026, each test in a new library."""
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("INFORCE_TODAY", "2026-11-22")
    yield
    _opened.clear()


@pytest.fixture
def own_databases(demo_app: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the app read the demonstration corpus, with empty databases of what is people's own."""
    for name in ("PEOPLE", "AUDIT", "TRACES", "SEARCHES", "MATTERS"):
        monkeypatch.setenv(f"INFORCE_{name}", f"sqlite:///{tmp_path / name.lower()}.db")
    monkeypatch.setenv("HOME", str(tmp_path))
