"""Progress of a training run: the interface, a silent one, and a progress bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SHOWN = {
    "reward": "reward",
    "rewards/temporal/mean": "temporal",
    "dated": "dated",
    "entropy": "entropy",
    "clip_ratio/region_mean": "clipped",
    "outcome/abstained": "abstains",
    "calls": "calls",
}
"""Metrics shown beside the bar, in order, with their short names."""


class ProgressWatcher(Protocol):
    """Receives the progress of a run."""

    def say(self, words: str) -> None:
        """Report the start of a stage."""

    def worked(self, what: str, done: int, of: int) -> None:
        """Report progress of the warm start; may be called from any thread."""

    def rolled(self, done: int, of: int) -> None:
        """Report how many rollouts of the round have ended; may be called from any thread."""

    def stepped(self, step: int, steps: int, metrics: Mapping[str, float | None]) -> None:
        """Report an optimiser step and its metrics."""

    def close(self) -> None:
        """End the report."""


class NoProgress:
    """Reports no progress."""

    def say(self, words: str) -> None:
        """Do nothing."""

    def worked(self, what: str, done: int, of: int) -> None:
        """Do nothing."""

    def rolled(self, done: int, of: int) -> None:
        """Do nothing."""

    def stepped(self, step: int, steps: int, metrics: Mapping[str, float | None]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class ProgressBar:
    """A progress bar with the newest metrics and the time left."""

    def __init__(self, console: Console, title: str) -> None:
        columns: tuple[Any, ...] = (
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[what]}"),
        )
        self._console, self._latest = console, dict[str, float]()
        self._bar = Progress(*columns, console=console, transient=not console.is_terminal)
        self._task = self._bar.add_task(title, total=None, what="")
        self._bar.start()

    def say(self, words: str) -> None:
        """Print a line above the bar."""
        self._console.print(words)

    def worked(self, what: str, done: int, of: int) -> None:
        """Show the progress; without a terminal, print a line at every quarter."""
        self._bar.update(self._task, completed=done, total=of, what=what)
        if not self._console.is_terminal and 4 * done // of > 4 * (done - 1) // of:
            self._console.print(f"{what} {done}/{of}")

    def rolled(self, done: int, of: int) -> None:
        """Show how many of the round's rollouts have ended."""
        self._bar.update(self._task, what=f"{self._newest()}  rollouts {done}/{of}")

    def stepped(self, step: int, steps: int, metrics: Mapping[str, float | None]) -> None:
        """Show the newest metrics."""
        new = {SHOWN[name]: value for name, value in metrics.items() if name in SHOWN}
        self._latest |= {name: value for name, value in new.items() if value is not None}
        self._bar.update(self._task, completed=step, total=steps, what=self._newest())
        if not self._console.is_terminal and metrics.get("reward") is not None:
            self._console.print(f"step {step}/{steps}  {self._newest()}")

    def close(self) -> None:
        """Stop the progress bar."""
        self._bar.stop()

    def _newest(self) -> str:
        ordered = (name for name in SHOWN.values() if name in self._latest)
        return "  ".join(f"{name} {self._latest[name]:.3g}" for name in ordered)
