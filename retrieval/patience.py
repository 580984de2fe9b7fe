"""Wait for an engine that does not answer."""

from __future__ import annotations

import time


class Patience:
    """Waits with growing pauses, up to a total number of seconds."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._pause = 0.2

    def wait(self, problem: Exception) -> None:
        """Sleep, or raise ``problem`` once the time is over."""
        if time.monotonic() + self._pause > self._until:
            raise problem
        time.sleep(self._pause)
        self._pause = min(self._pause * 1.5, 5.0)
