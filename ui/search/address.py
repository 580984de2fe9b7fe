"""Read and write a search in the URL: ``?q=...&as_at=...&in=uk,fr&kind=act&status=...``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import get_args

from retrieval.query import Status
from retrieval.search import LONGEST, SearchRequest
from ui.languages.catalogue import word

_LISTS = {"in": "jurisdictions", "act": "works", "kind": "kinds", "lang": "languages"}


def read_search(parameters: Mapping[str, str]) -> tuple[SearchRequest, tuple[str, ...]]:
    """Return the search in a URL, and a sentence for each parameter that cannot be used."""
    problems: list[str] = []
    text = parameters.get("q", "").strip()
    if len(text) > LONGEST:
        problems.append(word("address.too_long", count=len(text), most=LONGEST))
    status = parameters.get("status", "in_force")
    if status not in get_args(Status):
        kinds = ", ".join(get_args(Status))
        problems.append(word("address.no_choice", said=f"status={status[:40]}", choices=kinds))
    lists = {
        field: tuple(part for part in parameters.get(name, "").split(",") if part)
        for name, field in _LISTS.items()
    }
    request = SearchRequest.model_validate(
        {
            "text": text[:LONGEST],
            "status": "in_force" if problems else status,
            "extent": parameters.get("extent", "").strip() or None,
            **lists,
        }
    )
    return request, tuple(problems)


def write_search(request: SearchRequest, day: date | None) -> dict[str, str]:
    """Return the parameters that :func:`read_search` reads back; empty parts are left out."""
    parts = {
        "q": request.text.strip(),
        "as_at": str(day or ""),
        **{name: ",".join(getattr(request, field)) for name, field in _LISTS.items()},
        "status": "" if request.status == "in_force" else request.status,
        "extent": request.extent or "",
    }
    return {name: value for name, value in parts.items() if value}
