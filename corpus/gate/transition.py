"""Effect of the transitional and savings provisions of a provision on a case.

They are rules of ``corpus/rules`` that name ``provisions``. Only these are applied here: which day
governs a matter in general is settled before (:mod:`corpus.applicability`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pydantic import ValidationError

from corpus.applicability import Applicability, Matter, governing_dates
from corpus.gate.ruling import Case
from corpus.rules import Issue, Rule, jurisdictions, table


def transition(provision_id: str, case: Case) -> Applicability | None:
    """Return the result of a transitional rule for the dates of a case, or ``None``."""
    for rule in rules_of_provisions().get(provision_id, ()):
        for issue in rule.issues:
            ruled = _applied(provision_id, issue, case)
            if ruled is not None and ruled.rule == rule.id:
                return ruled
    return None


@cache
def rules_of_provisions() -> Mapping[str, tuple[Rule, ...]]:
    """Return the transitional rules of every provision that has some, by its id."""
    found: dict[str, tuple[Rule, ...]] = {}
    for place in jurisdictions():
        known = table(place)
        for rule in known.rule if known else ():
            for provision in rule.provisions:
                found[provision] = (*found.get(provision, ()), rule)
    return found


def _applied(provision_id: str, issue: Issue, case: Case) -> Applicability | None:
    try:
        matter = Matter(
            jurisdiction=provision_id.partition("/")[0],
            issue=issue,
            dates=case.facts,
            provision=provision_id,
            as_at=case.as_at,
        )
    except ValidationError:  # days that cannot be true together settle nothing
        return None
    return governing_dates(matter)
