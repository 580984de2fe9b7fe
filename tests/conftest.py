"""Settings of the whole suite."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.postgres import own_database, postgres, why_no_postgres

# Machines differ in speed, so no example has a deadline. CI draws the same examples every time: a
# new find belongs to whoever runs the suite at a desk, not to an unrelated change.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

_TRAINING = {"torch", "transformers", "peft", "trl", "datasets"}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs the extra ``train``, so that ``make test-train`` runs it and no more."""
    if isinstance(item, pytest.Function) and _TRAINING & vars(item.module).keys():
        item.add_marker("torch")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A server for the tests of one process; the test is skipped where none can be started."""
    if reason := why_no_postgres():
        pytest.skip(reason)
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for a database, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'kept.db'}"
    return own_database(request.getfixturevalue("postgres_server"))
