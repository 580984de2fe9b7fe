"""Rules for the governing date, one TOML file per jurisdiction.

The rule files are data that lawyers edit (``docs/applicability.md``); :mod:`corpus.applicability`
applies them. ``default.toml`` holds the general principles for jurisdictions and issues without
their own rule.
"""

from __future__ import annotations

import re
import tomllib
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from corpus.errors import Place, SourceError
from corpus.model import Frozen
from corpus.rules.day_expressions import (
    AS_AT,
    CONNECTING,
    SLICE,
    Condition,
    DayExpression,
    Role,
    parse_condition,
    parse_day_expression,
)


class Issue(StrEnum):
    """The kind of legal issue; one matter may raise several, each with its own governing date."""

    CRIMINAL = "criminal"
    PENALTY = "penalty"
    CIVIL = "civil"
    PROCEDURE = "procedure"
    LIMITATION = "limitation"
    CONTINUING = "continuing"
    TAX = "tax"


class Code(StrEnum):
    """Legal ground on which a date governs."""

    ACT_DATE = "ACT_DATE"
    LEX_MITIOR = "LEX_MITIOR"
    TRANSITIONAL = "TRANSITIONAL"
    PROCEDURE_TODAY = "PROCEDURE_TODAY"
    SPLIT = "SPLIT"
    ASK = "ASK"


PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
LAW = "law"  # in a sentence: the governing days

Moments = tuple[Annotated[DayExpression, BeforeValidator(parse_day_expression)], ...]


class Example(Frozen):
    """A worked example: the given dates, and the expected code and governing dates.

    ``rule`` is the rule expected to decide, where it is another than the one the example stands
    under: the other side of a change. ``text_changed`` are days on which the text itself changed;
    ``as_at`` is the day asked for, where a rule looks at it.
    """

    given: dict[Role, date]
    issue: Issue | None = None
    topic: str | None = None
    work: str | None = None
    provision: str | None = None
    as_at: date | None = None
    text_changed: tuple[date, ...] = ()
    expect: Code
    law: tuple[date, ...] = ()
    rule: str | None = None


class Rule(Frozen):
    """One rule: issue, connecting date, conditions, and the dates whose law governs.

    ``law_at`` are the days whose law governs: one, or several to be compared (``LEX_MITIOR``), or
    one per slice (``SPLIT``; ``slice`` stands for the slice's first day). ``intermediate`` says
    whether laws between those compared count too. ``changes`` are days on which the law itself
    changed, which the examples must lie around. A rule with ``topics``, ``works`` or
    ``provisions`` answers only for those: rules for provisions are their transitional and savings
    provisions. ``verified`` says whether someone compared the rule with the official text named
    in ``authority``. ``instead`` is the provision that governs in the place of those named in
    ``provisions``; where it is left out, the same provision does, in the text of ``law_at``.
    """

    id: str = Field(pattern=r"^[a-z]{2,7}(-[a-z0-9]+)+$")
    issues: tuple[Issue, ...] = Field(min_length=1)
    topics: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    provisions: tuple[str, ...] = ()
    instead: str | None = None
    connecting: Annotated[DayExpression, BeforeValidator(parse_day_expression)]
    code: Code
    when: tuple[Annotated[Condition, BeforeValidator(parse_condition)], ...] = ()
    law_at: Moments = ()
    split_at: tuple[date, ...] = ()
    intermediate: bool = True
    authority: str = Field(min_length=1)
    verified: bool
    sentence: str = Field(min_length=1)
    changes: tuple[date, ...] = ()
    example: tuple[Example, ...] = ()

    @property
    def scoped(self) -> bool:
        """Tell whether the rule is limited to topics, works or provisions."""
        return bool(self.topics or self.works or self.provisions)

    @property
    def transitional(self) -> bool:
        """Return whether the rule departs from the default, so that it is tried first."""
        return self.code in (Code.TRANSITIONAL, Code.SPLIT, Code.ASK)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        self._check_law_at()
        if list(self.split_at) != sorted(set(self.split_at)):
            raise ValueError("split_at must be in order, without repetition")
        for text in PLACEHOLDER.findall(self.sentence):
            if text != LAW and not self._always_known(parse_day_expression(text)):
                raise ValueError(f"the sentence uses {{{text}}}, which may be unknown")
        return self

    def _check_law_at(self) -> None:
        if self.code is Code.SPLIT and self.connecting.source != Role.PERIOD_START:
            raise ValueError(f"connecting must be '{Role.PERIOD_START}' where code is SPLIT")
        counted = len(self.law_at)
        sources = [moment.source for moment in self.law_at]
        if self.code is Code.SPLIT and sources != [SLICE] and counted != len(self.split_at) + 1:
            raise ValueError("law_at needs 'slice', or one moment per slice")
        if self.code is Code.LEX_MITIOR and counted < 2:
            raise ValueError("law_at needs the two or more moments to compare")
        if self.code in (Code.ACT_DATE, Code.PROCEDURE_TODAY) and counted != 1:
            raise ValueError("law_at needs exactly one moment")
        if self.code is Code.TRANSITIONAL and not counted:
            raise ValueError("law_at is missing")

    def _always_known(self, moment: DayExpression) -> bool:
        """Tell whether the moment has a day whenever the rule applies."""
        if moment.fixed or {CONNECTING, AS_AT} & set(moment.names):
            return True
        needed = [self.connecting, *self.law_at, *(m for c in self.when for m in (c.left, c.right))]
        return any(set(m.names) <= set(moment.names) for m in needed if m.names)


class Commencing(Frozen):
    """When an act that states no date takes effect, counted from its ``publication``."""

    days: int = Field(ge=0)
    authority: str = Field(min_length=1)
    verified: bool
    sentence: str = Field(min_length=1)
    example: tuple[tuple[date, date], ...] = Field(min_length=1)


class Table(Frozen):
    """The rules of one jurisdiction."""

    jurisdiction: str
    commencement: dict[str, Commencing] = Field(default_factory=dict)
    rule: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _ids_are_sound(self) -> Self:
        ids = [rule.id for rule in self.rule]
        for rule_id in ids:
            if ids.count(rule_id) > 1:
                raise ValueError(f"rule '{rule_id}' stands twice")
            if not rule_id.startswith(f"{self.jurisdiction}-"):
                raise ValueError(f"rule '{rule_id}' does not begin with '{self.jurisdiction}-'")
        return self


@cache
def table(jurisdiction: str) -> Table | None:
    """Return the rules of a jurisdiction, or ``None`` if there are none.

    Raises:
        SourceError: the file is malformed.
    """
    if jurisdiction not in jurisdictions():
        return None
    file = files(__name__) / f"{jurisdiction}.toml"
    return parse_table(file.read_text(encoding="utf-8"), f"corpus/rules/{jurisdiction}.toml")


@cache
def jurisdictions() -> tuple[str, ...]:
    """Return the jurisdictions that have rules, and ``default``."""
    names = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def parse_table(text: str, file: str) -> Table:
    """Parse rules from TOML text.

    Raises:
        SourceError: the text is not TOML, or not a valid rule file; names file, field and rule.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        line = re.search(r"line (\d+)", str(fault))
        raise SourceError(Place(file, int(line[1]) if line else None), f"{fault}") from fault
    try:
        return Table.model_validate(data)
    except ValidationError as fault:
        raise _located(fault, data, file) from fault


def _located(fault: ValidationError, data: dict[str, object], file: str) -> SourceError:
    first = fault.errors(include_url=False)[0]
    where = list(first["loc"])
    problem = first["msg"].removeprefix("Value error, ")
    rules = data.get("rule")
    if len(where) > 1 and where[0] == "rule" and isinstance(rules, list):
        rule = rules[int(where[1])]
        name = rule.get("id", f"number {int(where[1]) + 1}") if isinstance(rule, dict) else "?"
        problem = f"rule '{name}': {problem}"
        where = where[2:]
    field = ".".join(str(part) for part in where) or None
    return SourceError(Place(file, field=field), problem)
