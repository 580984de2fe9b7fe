"""What is in force is not thereby the law of the case: application, territory, days that conflict.

The cases with their right results are in ``applies.toml``. They are not those of the first reports,
which ``test_settle.py`` holds.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from agent.graph.nodes import Context
from agent.graph.run import run
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.request import AskRequest
from agent.trace import Trace
from corpus.errors import BadInputError
from corpus.model import Frozen
from retrieval.citations.law_answers import LawAnswer, law

Kind = Literal["not_applicable", "territory", "conflict"]


class Case(Frozen):
    """One line of the table, whose head says what each field is."""

    kind: Kind
    ask: str | None = None
    law: str | None = None
    as_at: date | None = None
    known_at: date | None = None
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()
    issue: str | None = None
    facts: dict[str, date] = Field(default_factory=dict)
    cites: tuple[str, ...] = ()
    declines: str | None = None
    says: str | None = None
    asks: tuple[date, ...] = ()
    refused: str | None = None
    next: date | None = None
    next_cites: tuple[str, ...] = ()


def cases() -> list[Case]:
    table = tomllib.loads(Path(__file__).with_name("applies.toml").read_text(encoding="utf-8"))
    return [Case.model_validate(each) for each in table["case"]]


CASES = cases()
ASKED = [case for case in CASES if case.ask]
CITED = [case for case in CASES if case.law]


def name(case: Case) -> str:
    days = case.as_at or "+".join(map(str, case.facts.values()))
    return f"{case.kind}-{days}-{case.extent or ''.join(case.jurisdictions)}-{case.ask or case.law}"


def asked(library: Library, case: Case, as_at: date | None) -> Trace:
    fields = case.model_dump(
        include={"known_at", "extent", "jurisdictions", "issue", "facts"}, exclude_none=True
    )
    request = AskRequest.model_validate({"question": case.ask, "as_at": as_at, **fields})
    return run(Context(library, ExtractivePolicy(library.works)), request)


def cited(trace: Trace) -> tuple[str, ...]:
    return tuple(each.version_id for each in trace.answer.citations) if trace.answer else ()


def looked_up(library: Library, case: Case, on: date) -> LawAnswer:
    assert case.law is not None
    return law(
        library.store,
        case.law,
        on,
        known_at=case.known_at,
        extent=case.extent,
        jurisdictions=case.jurisdictions,
    )


def test_every_kind_has_its_cases() -> None:
    counted = Counter(case.kind for case in CASES)
    assert min(counted[kind] for kind in ("not_applicable", "territory", "conflict")) >= 20
    assert len({name(case) for case in CASES}) == len(CASES)
    for case in CASES:
        assert bool(case.ask) != bool(case.law), case
        assert bool(case.cites) + bool(case.declines) + bool(case.refused) == 1, case


@pytest.mark.parametrize("case", ASKED, ids=name)
def test_a_question_gets_the_law_of_its_case_or_none(demo: Library, case: Case) -> None:
    if case.refused:
        with pytest.raises(BadInputError, match=case.refused):
            asked(demo, case, case.as_at)
        return
    trace = asked(demo, case, case.as_at)
    assert cited(trace) == case.cites, trace.abstention
    if case.declines:
        assert trace.abstention is not None
        assert trace.abstention.reason == case.declines, trace.abstention
        assert (case.says or "") in trace.abstention.explanation
        assert all(str(day) in trace.abstention.explanation for day in case.asks)
    if case.next:
        assert cited(asked(demo, case, case.next)) == case.next_cites


@pytest.mark.parametrize("case", CITED, ids=name)
def test_a_citation_gets_the_law_of_its_case_or_none(demo: Library, case: Case) -> None:
    assert case.as_at is not None
    if case.refused:
        with pytest.raises(BadInputError, match=case.refused):
            looked_up(demo, case, case.as_at)
        return
    found = looked_up(demo, case, case.as_at)
    if case.declines:
        assert (found.status, found.text) == (case.declines, None)
        assert (case.says or "") in found.explanation
    else:
        assert (found.status, found.provision) == ("in_force", case.cites[0].split("@")[0])
        assert str(found.valid_from) == case.cites[0].split("@")[1].split("~")[0]
    if case.next:
        later = looked_up(demo, case, case.next)
        assert (later.status, later.provision) == (
            "in_force",
            case.next_cites[0].split("@")[0],
        )
