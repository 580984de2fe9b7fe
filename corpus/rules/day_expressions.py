"""Day expressions of legal rules: ``act_end or act``, ``due + 2 years``, ``2021-01-01``.

The rule files under ``corpus/rules`` use them. A day expression evaluates to a date; a *condition*
compares two: ``contract < 2016-10-01``.
"""

from __future__ import annotations

import operator
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import StrEnum

from corpus.model import Frozen


class Role(StrEnum):
    """Role of a date in a matter. Each is one day; an end is the last day, not the day after."""

    ACT = "act"
    ACT_END = "act_end"
    DAMAGE = "damage"
    CONTRACT = "contract"
    PERFORMANCE = "performance"
    DUE = "due"
    DEATH = "death"
    FILING = "filing"
    STEP = "step"
    CONVICTION = "conviction"
    DECISION = "decision"
    FINAL = "final"
    TRANSPOSITION = "transposition"
    PERIOD_START = "period_start"
    PERIOD_END = "period_end"

    @property
    def words(self) -> str:
        """Return the role as words in a sentence."""
        return _WORDS[self]


_WORDS = {
    Role.ACT: "the day of the act or event",
    Role.ACT_END: "the last day of the act",
    Role.DAMAGE: "the day the damage appeared",
    Role.CONTRACT: "the day the contract was made",
    Role.PERFORMANCE: "the day of performance",
    Role.DUE: "the day the claim fell due",
    Role.DEATH: "the day of death",
    Role.FILING: "the day of filing",
    Role.STEP: "the day of the procedural step",
    Role.CONVICTION: "the day of conviction",
    Role.DECISION: "the day of the decision",
    Role.FINAL: "the day the decision became final",
    Role.TRANSPOSITION: "the last day for transposing the directive",
    Role.PERIOD_START: "the first day of the period",
    Role.PERIOD_END: "the last day of the period",
}

CONNECTING = "date"  # the rule's connecting date
AS_AT = "as_at"  # the day whose law is asked for, whatever the days of the case
SLICE = "slice"  # the first day of a slice of a split period
_ROLES = {role.value: role for role in Role}
_NAMES = {*_ROLES, CONNECTING, SLICE, AS_AT}

Days = Mapping[str, date]
"""The known dates of a matter, by role name."""

_MOMENT = re.compile(
    r"(?P<base>\d{4}-\d{2}-\d{2}|[a-z_]+(?:\s+or\s+[a-z_]+)*)"
    r"(?:\s*(?P<sign>[+-])\s*(?P<count>\d{1,4})\s+(?P<unit>day|month|year)s?)?"
)
_CONDITION = re.compile(r"(?P<left>[^<>=]+?)\s*(?P<sign><=|>=|<|>)\s*(?P<right>[^<>=]+)")
_COMPARE: dict[str, tuple[Callable[[date, date], bool], str]] = {
    "<": (operator.lt, "before"),
    "<=": (operator.le, "on or before"),
    ">": (operator.gt, "after"),
    ">=": (operator.ge, "on or after"),
}


class DayExpression(Frozen):
    """A day expression: a fixed date, or that of the first known role, plus months and days."""

    source: str
    fixed: date | None = None
    names: tuple[str, ...] = ()
    months: int = 0
    days: int = 0

    def on(self, known: Days) -> date | None:
        """Return the date, or ``None`` if no role that it names is known.

        Raises:
            OverflowError: the date is outside the years 1 to 9999.
        """
        base = self.fixed or next((known[name] for name in self.names if name in known), None)
        return None if base is None else _moved(base, self.months, self.days)

    def missing(self, known: Days) -> tuple[Role, ...]:
        """Return the roles of which any one would determine the date; empty if it is determined."""
        if self.on(known) is not None:
            return ()
        return tuple(_ROLES[name] for name in self.names if name in _ROLES)


class Condition(Frozen):
    """A comparison of two day expressions."""

    source: str
    left: DayExpression
    sign: str
    right: DayExpression

    def holds(self, known: Days) -> bool | None:
        """Return whether the condition holds; ``None`` if a date is missing."""
        left, right = self.left.on(known), self.right.on(known)
        if left is None or right is None:
            return None
        return _COMPARE[self.sign][0](left, right)

    def denial(self, known: Days) -> str:
        """Return in words why the condition does not hold."""
        left, right = self.left.on(known), self.right.on(known)
        return f"{self.left.source} ({left}) is not {_COMPARE[self.sign][1]} {right}"

    def missing(self, known: Days) -> tuple[Role, ...]:
        """Return the roles whose dates are still needed."""
        return self.left.missing(known) + self.right.missing(known)


def parse_day_expression(value: object) -> DayExpression:
    """Parse a day expression from a date or from text.

    Raises:
        ValueError: it is not one; the message shows an example.
    """
    if isinstance(value, DayExpression):
        return value
    if isinstance(value, date):
        return DayExpression(source=str(value), fixed=value)
    match = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"'{value}' is not a moment such as 'act', 'due + 2 years', '2021-01-01'")
    count = int(match["count"] or 0) * (-1 if match["sign"] == "-" else 1)
    moved = {
        "months": count * {"year": 12, "month": 1}.get(match["unit"], 0),
        "days": count if match["unit"] == "day" else 0,
    }
    if match["base"][0].isdigit():
        return DayExpression(source=match[0], fixed=date.fromisoformat(match["base"]), **moved)
    return DayExpression(source=match[0], names=_names(match["base"]), **moved)


def parse_condition(value: object) -> Condition:
    """Parse a condition such as ``contract < 2016-10-01``.

    Raises:
        ValueError: it is not one; the message shows an example.
    """
    if isinstance(value, Condition):
        return value
    match = _CONDITION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"'{value}' is not a condition such as 'contract < 2016-10-01'")
    left, right = parse_day_expression(match["left"]), parse_day_expression(match["right"])
    return Condition(source=match[0], left=left, sign=match["sign"], right=right)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(re.split(r"\s+or\s+", text))
    if unknown := [name for name in names if name not in _NAMES]:
        raise ValueError(f"'{unknown[0]}' is not a role; the roles are {', '.join(_ROLES)}")
    return names


def _moved(day: date, months: int, days: int) -> date:
    """Add calendar months (the 31st becomes the last day of a shorter month), then days."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError(f"{day} moved by {months} months leaves the calendar")
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)) + timedelta(days=days)
