"""Read and write the question in the page's URL.

``?q=...&as_at=2006-04-04&known_at=2005-01-01&extent=S&in=uk,fr``, and where the governing date
follows from facts ``&issue=criminal&facts=act:2010-01-01,decision:2013-01-01``. ``&each=1`` answers
once for every date that the question may mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from agent.request import AskRequest
from corpus.applicability import Issue, Role
from corpus.clock import today
from ui.languages.catalogue import word

EARLIEST = date(1000, 1, 1)
_AHEAD = timedelta(days=36_525)


def latest() -> date:
    """Return the latest date that the form accepts, a hundred years ahead."""
    return today() + _AHEAD


def read_address(parameters: Mapping[str, str]) -> tuple[AskRequest, tuple[str, ...]]:
    """Return the request in a URL, and a sentence for each parameter that cannot be parsed.

    A parameter that cannot be parsed is left out; no default replaces it.
    """
    problems: list[str] = []
    asked = AskRequest(
        question=parameters.get("q", "").strip(),
        as_at=day_named(parameters, "as_at", problems),
        known_at=day_named(parameters, "known_at", problems),
        extent=parameters.get("extent", "").strip() or None,
        jurisdictions=tuple(part for part in parameters.get("in", "").split(",") if part),
        issue=_issue(parameters, problems),
        topic=parameters.get("topic", "").strip() or None,
        facts=_facts(parameters, problems),
        confirmed=parameters.get("confirmed", "") == "1",
    )
    return asked, tuple(problems)


def wants_each(parameters: Mapping[str, str]) -> bool:
    """Return whether the question is answered for every date that it may mean."""
    return parameters.get("each", "") == "1"


def write_address(asked: AskRequest, *, each: bool = False) -> dict[str, str]:
    """Return the parameters that :func:`read_address` reads back; empty parts are left out."""
    parts = {
        "q": asked.question.strip(),
        "as_at": str(asked.as_at or ""),
        "known_at": str(asked.known_at or ""),
        "extent": asked.extent or "",
        "in": ",".join(asked.jurisdictions),
        "issue": asked.issue or "",
        "topic": asked.topic or "",
        "facts": ",".join(f"{role}:{day}" for role, day in sorted(asked.facts.items())),
        "confirmed": "1" if asked.confirmed else "",
        "each": "1" if each else "",
    }
    return {name: value for name, value in parts.items() if value}


def _issue(parameters: Mapping[str, str], problems: list[str]) -> Issue | None:
    text = parameters.get("issue", "")
    if text in set(Issue):
        return Issue(text)
    if text:
        kinds = ", ".join(Issue)
        problems.append(word("address.no_choice", said=f"issue={text[:40]}", choices=kinds))
    return None


def _facts(parameters: Mapping[str, str], problems: list[str]) -> dict[Role, date]:
    facts = {}
    for part in filter(None, parameters.get("facts", "").split(",")):
        name, _, text = part.partition(":")
        if name not in set(Role):
            problems.append(word("address.no_fact", said=f"facts={part[:40]}"))
        elif (day := _read(name, text, problems)) is not None:
            facts[Role(name)] = day
    return facts


def day_named(parameters: Mapping[str, str], name: str, problems: list[str]) -> date | None:
    """Return the day of a parameter; a sentence is added to ``problems`` if it is none."""
    text = parameters.get(name, "")
    return _read(name, text, problems) if text else None


def _read(name: str, text: str, problems: list[str]) -> date | None:
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        day = None
    if day is None:
        problems.append(word("address.no_day", said=f"{name}={text[:40]}"))
    elif not EARLIEST <= day <= latest():
        problems.append(word("address.too_far", said=f"{name}={day}", last=str(latest())))
        return None
    return day
