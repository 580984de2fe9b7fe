"""The only place where InForce asks what day it is.

Legal answers depend on an explicit date; "today" enters the system here and nowhere else, so a
test (or a replay) can pin it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime

_pinned: ContextVar[date | None] = ContextVar("inforce_pinned_today", default=None)


def today() -> date:
    """Return the pinned day, else ``INFORCE_TODAY`` (for other processes), else today in UTC."""
    if (pin := _pinned.get()) is not None:
        return pin
    if env := os.environ.get("INFORCE_TODAY"):
        return date.fromisoformat(env)
    return datetime.now(UTC).date()


def now() -> datetime:
    """Return the current instant in UTC, for audit stamps only (never for choosing law)."""
    return datetime.now(UTC)


@contextmanager
def pinned(day: date) -> Iterator[None]:
    """Make :func:`today` return ``day`` inside the block."""
    token = _pinned.set(day)
    try:
        yield
    finally:
        _pinned.reset(token)
