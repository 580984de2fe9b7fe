"""Parse what the asker types: dates, facts such as ``contract=2016-09-30``, the issue."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from agent.request import MissingDate, Reply
from corpus.applicability import Issue, Role
from corpus.console import parse_day
from corpus.errors import BadInputError

_BETWEEN = re.compile(r"[\s,;]+")
_GIVEN = "on"


def read_issue(text: str) -> Issue:
    """Read the kind of issue.

    Raises:
        BadInputError: there is no such kind.
    """
    try:
        return Issue(text.strip().casefold())
    except ValueError:
        kinds = ", ".join(Issue)
        raise BadInputError(f"'{text[:40]}' is no kind of issue; there are {kinds}.") from None


def read_fact(text: str) -> tuple[Role, date]:
    """Read one fact, ``ROLE=YYYY-MM-DD``.

    Raises:
        BadInputError: there is no such role, or no day.
    """
    name, equals, day = text.partition("=")
    if not equals or name.strip() not in set(Role):
        roles = ", ".join(Role)
        raise BadInputError(
            f"'{text[:40]}' is no fact: write ROLE=YYYY-MM-DD, ROLE one of {roles}."
        )
    return Role(name.strip()), parse_day(day.strip(), name.strip())


def read_facts_given(texts: Iterable[str]) -> dict[Role, date]:
    """Read several facts.

    Raises:
        BadInputError: one is none, or two say different days of one role.
    """
    facts: dict[Role, date] = {}
    for text in texts:
        role, day = read_fact(text)
        if facts.setdefault(role, day) != day:
            raise BadInputError(f"{role} is said to be {facts[role]} and {day}.")
    return facts


def read_reply(text: str, missing: MissingDate) -> Reply:
    """Read an answer to what is missing; an empty line gives the question up.

    A bare day is the one asked for: that of the only role missing, or the governing day where no
    role is. ``on=DAY`` is the governing day, whatever is asked.

    Raises:
        BadInputError: some part cannot be read, or a bare day may play several roles.
    """
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


def how_to_reply(missing: MissingDate) -> str:
    """Say what may be typed."""
    if not missing.roles:
        return "The day, as YYYY-MM-DD"
    governing = "or on=YYYY-MM-DD, the day whose law you mean"
    if _is_one(missing):
        return f"That day, as YYYY-MM-DD; {governing}"
    names = " and ".join(" or ".join(f"{role}=" for role in roles) for roles in missing.roles)
    return f"{names} with the day as YYYY-MM-DD; {governing}"


def _only_role(missing: MissingDate) -> Role | None:
    """Return the role of a bare day: the only one missing, ``None`` where none is."""
    if missing.roles and not _is_one(missing):
        raise BadInputError(f"Say which day it is: {how_to_reply(missing)}.")
    return missing.roles[0][0] if missing.roles else None


def _is_one(missing: MissingDate) -> bool:
    return len(missing.roles) == 1 and len(missing.roles[0]) == 1
