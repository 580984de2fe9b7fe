"""The question as it stands in the page's address, so that an answer can be linked to.

``?q=...&as_at=2006-04-04&known_at=2005-01-01&extent=S&in=uk,fr``
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from agent.nodes import Asked
from corpus.clock import today

EARLIEST = date(1000, 1, 1)
_AHEAD = timedelta(days=36_525)


def latest() -> date:
    """Return the last day that the page takes: a hundred years ahead."""
    return today() + _AHEAD


def read_address(parameters: Mapping[str, str]) -> tuple[Asked, tuple[str, ...]]:
    """Return what an address asks, and a sentence for each part that cannot be read.

    A part that cannot be read is left out; it is never replaced by a guess.
    """
    problems: list[str] = []
    asked = Asked(
        question=parameters.get("q", "").strip(),
        as_at=_day(parameters, "as_at", problems),
        known_at=_day(parameters, "known_at", problems),
        extent=parameters.get("extent", "").strip() or None,
        jurisdictions=tuple(part for part in parameters.get("in", "").split(",") if part),
    )
    return asked, tuple(problems)


def write_address(asked: Asked) -> dict[str, str]:
    """Return the parameters that :func:`read_address` reads back; empty parts are left out."""
    parts = {
        "q": asked.question.strip(),
        "as_at": str(asked.as_at or ""),
        "known_at": str(asked.known_at or ""),
        "extent": asked.extent or "",
        "in": ",".join(asked.jurisdictions),
    }
    return {name: value for name, value in parts.items() if value}


def _day(parameters: Mapping[str, str], name: str, problems: list[str]) -> date | None:
    text = parameters.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        day = None
    if day is None:
        problems.append(f"The address says {name}={text[:40]}, which is no day: write YYYY-MM-DD.")
    elif not EARLIEST <= day <= latest():
        problems.append(f"The address says {name}={day}: choose a day up to {latest()}.")
        return None
    return day
