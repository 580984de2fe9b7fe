"""Parse a user's reply: dates, facts such as ``contract=2016-09-30``, the issue."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from agent.request import ClarifyingQuestion, Reply
from corpus.applicability import Issue, Role
from corpus.console import parse_day
from corpus.errors import BadInputError

_BETWEEN = re.compile(r"[\s,;]+")
_GIVEN = "on"


def read_issue(text: str) -> Issue:
    """Parse an issue.

    Raises:
        BadInputError: there is no such issue.
    """
    try:
        return Issue(text.strip().casefold())
    except ValueError:
        kinds = ", ".join(Issue)
        raise BadInputError(f"'{text[:40]}' is no kind of issue; there are {kinds}.") from None


def read_fact(text: str) -> tuple[Role, date]:
    """Parse one fact, ``ROLE=YYYY-MM-DD``.

    Raises:
        BadInputError: there is no such role, or the date is invalid.
    """
    name, equals, day = text.partition("=")
    if not equals or name.strip() not in set(Role):
        roles = ", ".join(Role)
        raise BadInputError(
            f"'{text[:40]}' is no fact: write ROLE=YYYY-MM-DD, ROLE one of {roles}."
        )
    return Role(name.strip()), parse_day(day.strip(), name.strip())


def read_facts_given(texts: Iterable[str]) -> dict[Role, date]:
    """Parse several facts.

    Raises:
        BadInputError: one is invalid, or two give different dates for one role.
    """
    facts: dict[Role, date] = {}
    for text in texts:
        role, day = read_fact(text)
        if facts.setdefault(role, day) != day:
            raise BadInputError(f"{role} is said to be {facts[role]} and {day}.")
    return facts


def read_reply(text: str, missing: ClarifyingQuestion) -> Reply:
    """Parse the reply to a clarifying question; an empty line gives up.

    A bare date is the one asked for: that of the only missing role, or the governing date if no
    role is missing. ``on=DAY`` is always the governing date. If a place is asked for, its name
    (``Scotland``) or its code (``uk``, ``uk/S``) is the reply.

    Raises:
        BadInputError: a part is invalid, or a bare date may have several roles.
    """
    if missing.places and text.strip():
        return _place(text.strip(), missing)
    as_at, issue, facts = None, None, []
    for part in filter(None, _BETWEEN.split(text.strip())):
        name, equals, day = part.partition("=")
        if name == _GIVEN and equals:
            as_at = parse_day(day, _GIVEN)
        elif equals:
            facts.append(part)
        elif part.casefold() in set(Issue):
            issue = Issue(part.casefold())
        elif (role := _only_role(missing)) is not None:
            facts.append(f"{role}={part}")
        else:
            as_at = parse_day(part, "the day")
    return Reply(as_at=as_at, issue=issue, facts=read_facts_given(facts))


def _place(text: str, missing: ClarifyingQuestion) -> Reply:
    """Read which of the places asked about is meant: its name, its code, or the code of its part.

    Raises:
        BadInputError: it is none of them.
    """
    for each in missing.places:
        named = (each.name, each.name.removeprefix("the "), each.code, each.extent or "")
        if text.casefold() in {name.casefold() for name in named}:
            return Reply(jurisdictions=(each.jurisdiction,), extent=each.extent)
    raise BadInputError(
        f"'{text[:40]}' is none of the places asked about: {places_offered(missing)}."
    )


def places_offered(missing: ClarifyingQuestion) -> str:
    """Return the places asked about, each by its name and its code."""
    return ", ".join(f"{each.name} ({each.code})" for each in missing.places)


def how_to_reply(missing: ClarifyingQuestion) -> str:
    """Return a sentence that says what may be typed."""
    if missing.places:
        return f"One of {places_offered(missing)}"
    if missing.choices:
        listed = "; ".join(f"{each.day}: {each.meaning}" for each in missing.choices)
        return f"The day, as YYYY-MM-DD ({listed})"
    if not missing.roles:
        return "The day, as YYYY-MM-DD"
    governing = "or on=YYYY-MM-DD, the day whose law you mean"
    if _is_one(missing):
        return f"That day, as YYYY-MM-DD; {governing}"
    names = " and ".join(" or ".join(f"{role}=" for role in roles) for roles in missing.roles)
    return f"{names} with the day as YYYY-MM-DD; {governing}"


def _only_role(missing: ClarifyingQuestion) -> Role | None:
    """Return the role of a bare date: the only missing one, else ``None``."""
    if missing.roles and not _is_one(missing):
        raise BadInputError(f"Say which day it is: {how_to_reply(missing)}.")
    return missing.roles[0][0] if missing.roles else None


def _is_one(missing: ClarifyingQuestion) -> bool:
    return len(missing.roles) == 1 and len(missing.roles[0]) == 1
