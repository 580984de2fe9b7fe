"""Eval-mode context of a module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def eval_mode(model: Any) -> Iterator[None]:
    """Switch dropout off while inside, then restore the mode."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
