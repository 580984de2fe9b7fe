"""A bound on the time that reading one act may take: a pattern of a dialect may never end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from corpus.errors import Place, SourceError

READING_SECONDS = 180.0
"""Seconds for one act. The largest real code takes some ten."""


@contextmanager
def time_limit(seconds: float, place: Place) -> Iterator[None]:
    """Stop what runs inside after ``seconds``, a regular expression too.

    Only the main thread can be stopped, and only where nobody else waits for the alarm; elsewhere
    nothing is limited.

    Raises:
        SourceError: the time is over.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        problem = f"was not read within {seconds:g} s; a pattern of the dialect may be too costly"
        raise SourceError(place, problem)

    former = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
