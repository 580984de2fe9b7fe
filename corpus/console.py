"""Shared by all verbs of the command line: dates, progress and output."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from corpus.errors import BadInputError

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return a text without characters that control a terminal.

    Control characters (including escape sequences), marks that reorder text, and lone surrogates
    become U+FFFD; tab and line feed stay.
    """
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


class _SafeConsole(Console):
    """A console that prints external text without terminal control characters."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Render a text or table cell without terminal control characters."""
        return super().render_str(printable(text), **options)


errors = _SafeConsole(stderr=True, highlight=False)
out = _SafeConsole(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)


def parse_day(text: str, name: str) -> date:
    """Parse an ISO date.

    Raises:
        BadInputError: the text is not an ISO date; the message names the option or field.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(
            f"{name}: '{text}' is not a date; write it as YYYY-MM-DD, for example 2016-10-01"
        ) from None


def optional_day(text: str | None, name: str) -> date | None:
    """Parse an ISO date; ``None`` stays ``None``."""
    return parse_day(text, name) if text is not None else None


def print_json(value: object) -> None:
    """Print one JSON object on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int | None, str], None]]:
    """Show a progress bar on standard error; yields ``advance(done, total, what)``."""
    columns: tuple[Any, ...] = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}", markup=False),
    )
    with Progress(*columns, console=errors, transient=not errors.is_terminal) as bar:
        task = bar.add_task(title, total=None, what="")

        def advance(done: int, total: int | None, what: str) -> None:
            bar.update(task, completed=done, total=total, what=printable(what)[:40])

        yield advance
