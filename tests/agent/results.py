"""Results of tools, made up for tests."""

from __future__ import annotations

from datetime import date

from agent.tool_results import Passage, SearchResult

AS_AT = date(1990, 1, 1)


def passage(version_id: str, text: str = "t") -> Passage:
    """Return a version of ``s 1`` of the work ``W``."""
    return Passage(
        version_id=version_id,
        provision_id="p",
        work_id="w",
        work_title="W",
        label="s 1",
        language="en",
        heading=None,
        valid_from=AS_AT,
        valid_to=None,
        interval="since 1990-01-01",
        text=text,
    )


def found(*passages: Passage) -> SearchResult:
    """Return what a search found."""
    return SearchResult(as_at=AS_AT, hits=passages)
