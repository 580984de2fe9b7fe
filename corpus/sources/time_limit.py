"""Time limit for reading one act, since a dialect's pattern may not terminate."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from corpus.errors import Place, SourceError

READING_SECONDS = 180.0
"""Seconds of processor time for one act. The largest real code takes about twenty."""


def can_be_stopped() -> bool:
    """Tell whether :func:`time_limit` holds here: in the main thread."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def time_limit(seconds: float, place: Place) -> Iterator[None]:
    """Stop the code inside the context after ``seconds``, including a regular expression.

    Processor time of this process counts, so that a busy machine refuses nothing.

    Only the main thread can be stopped, and only where nobody else waits for the alarm; another
    one reads by a process of its own (:mod:`corpus.sources.own_process`).

    Raises:
        SourceError: the time is over.
        RuntimeError: this is not the main thread.
    """
    if not can_be_stopped():
        raise RuntimeError("only the main thread can be stopped")

    def stop(_number: int, _frame: FrameType | None) -> None:
        limit = f"was not read within {seconds:g} s of work"
        raise SourceError(place, f"{limit}; a pattern of the dialect may be too costly")

    former = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, former)
