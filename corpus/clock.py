"""Current date; no other module reads the clock.

Legal answers depend on an explicit date. Only this module asks for today's date, so a test or a
replay can fix it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from corpus.errors import BadInputError

_zone: ContextVar[tzinfo | None] = ContextVar("inforce_time_zone", default=None)
_pinned: ContextVar[date | None] = ContextVar("inforce_pinned_today", default=None)


def today() -> date:
    """Return today's date.

    The date fixed by :func:`pinned`; else ``INFORCE_TODAY``; else the date in a time zone: that of
    :func:`in_time_zone`, of ``INFORCE_TIME_ZONE`` (an IANA name, ``Asia/Taipei``), or of this
    machine, whichever is set first.

    Raises:
        BadInputError: one of the two variables is invalid.
    """
    if (pin := _pinned.get()) is not None:
        return pin
    if env := os.environ.get("INFORCE_TODAY"):
        return _read_day(env)
    return datetime.now(_zone.get() or _set_zone()).date()


def now() -> datetime:
    """Return the current instant in UTC, for record timestamps only (never for choosing law)."""
    return datetime.now(UTC)


@contextmanager
def in_time_zone(name: str | None) -> Iterator[None]:
    """Use a time zone (IANA name) for :func:`today` inside the context.

    The name comes from a browser; a zone that this system does not know is ignored.
    """
    try:
        zone = ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zone = None
    token = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(token)


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"INFORCE_TODAY: '{text}' is not a day written YYYY-MM-DD.") from None


def _set_zone() -> tzinfo | None:
    """Return the time zone of the environment; ``None`` is this machine's."""
    name = os.environ.get("INFORCE_TIME_ZONE")
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInputError(
            f"INFORCE_TIME_ZONE: there is no time zone '{name}'; write one like Europe/Paris."
        ) from None


@contextmanager
def pinned(day: date) -> Iterator[None]:
    """Make :func:`today` return ``day`` inside the context."""
    token = _pinned.set(day)
    try:
        yield
    finally:
        _pinned.reset(token)
