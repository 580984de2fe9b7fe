"""Settings of the whole suite."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

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
