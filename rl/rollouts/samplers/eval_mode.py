"""Context manager that puts a module into evaluation mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def eval_mode(model: Any) -> Iterator[None]:
    """Put ``model`` into evaluation mode inside the context, then restore its mode."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
