"""Settle what a question is about before anything is searched: place, days, transitional rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from agent.applicability.days import open_days
from agent.applicability.places import contested, narrowed, place_words, placed, speaking, unheld
from agent.governing_date.candidates import text_changes
from agent.governing_date.case_facts import read_facts
from agent.governing_date.choose import choose_governing_date, issue_of
from agent.library import Library
from agent.request import AskRequest, ClarifyingQuestion, DayChoice
from agent.tools.relevance import coverage
from agent.tools.statutes import passage_of
from agent.trace import GoverningDate
from corpus.applicability import Applicability
from corpus.errors import SearchFailedError
from corpus.gate.ruling import Case
from corpus.gate.transition import rules_of_provisions, transition
from corpus.languages.dates import without_dates
from corpus.model import Frozen
from corpus.wording import wording
from retrieval.citations.resolution import find_citations, resolve_parsed
from retrieval.query import StatuteQuery

_LOOKED_AT = 8


class Settled(Frozen):
    """What is asked, of which day and place, and the case that the gate rules on."""

    asked: AskRequest
    governing: GoverningDate
    case: Case


def settle(library: Library, asked: AskRequest) -> Settled | ClarifyingQuestion:
    """Return what is asked with its governing date and case, or what must be asked back first.

    Raises:
        BadInputError: the facts given contradict each other.
    """
    if (missing := unheld(asked, library.works)) is not None:
        return missing
    asked = placed(asked, library.works)
    said = read_facts(asked.question, library.works)
    if (missing := open_days(asked, said, lambda open_: _dated(library, open_))) is not None:
        return missing
    governing = _dated(library, asked)
    if isinstance(governing, ClarifyingQuestion) and governing.where:
        asked = _placed_by_subject(library, asked, governing)
        governing = _dated(library, asked)
    if isinstance(governing, ClarifyingQuestion):
        return governing
    asked = narrowed(asked, governing.as_at, library.works)
    ruled = _by_transition(library, asked, case_of(library, asked, governing), governing)
    if isinstance(ruled, ClarifyingQuestion):
        return ruled
    if (missing := _whose_law(library, asked, ruled.as_at)) is not None:
        return missing
    place = place_words(asked)
    ground = f"{ruled.ground} {place}".rstrip()
    governing = ruled.model_copy(update={"ground": ground, "place": place})
    return Settled(asked=asked, governing=governing, case=case_of(library, asked, governing))


def _whose_law(library: Library, asked: AskRequest, day: date) -> ClarifyingQuestion | None:
    """Return the places to choose from; where the engine fails nothing can be told of them.

    A failed engine ends the run where the policy searches, which is recorded as a failed call.
    """
    try:
        return contested(library, asked, day)
    except SearchFailedError:
        return None


def case_of(library: Library, asked: AskRequest, governing: GoverningDate) -> Case:
    """Return the case of a question; a day that the asker confirmed leaves no other facts."""
    said = read_facts(asked.question, library.works)
    facts = {} if governing.confirmed else {**said.roles, **asked.facts}
    return Case(
        as_at=governing.as_at,
        known_at=governing.known_at,
        extent=asked.extent,
        jurisdictions=asked.jurisdictions,
        issue=issue_of(asked, said, facts),
        topic=asked.topic,
        facts=facts,
    )


def _dated(library: Library, asked: AskRequest) -> GoverningDate | ClarifyingQuestion:
    return choose_governing_date(
        asked, library.works, lambda day: text_changes(library, asked, day)
    )


def _placed_by_subject(
    library: Library, asked: AskRequest, missing: ClarifyingQuestion
) -> AskRequest:
    """Return the question put to the only jurisdiction that speaks of its subject, if one does."""
    place = speaking(library, asked, missing.days)
    return asked.model_copy(update={"jurisdictions": (place,)}) if place else asked


# -- transitional rules of the provisions that are meant ----------------------------------------


def _by_transition(
    library: Library, asked: AskRequest, case: Case, governing: GoverningDate
) -> GoverningDate | ClarifyingQuestion:
    """Return the day that a transitional rule of a provision meant names, where one does."""
    if not case.facts or governing.candidates:
        return governing
    for provision in _meant(library, asked, governing.as_at):
        ruled = transition(provision, case)
        if ruled is None:
            continue
        if ruled.missing:
            words = ruled.wording
            return ClarifyingQuestion(
                explanation=words.text, explanation_days=words.days, roles=ruled.missing
            )
        if ruled.dates[0] == governing.as_at:
            return governing
        if asked.as_at is not None:
            return _choose(asked.as_at, ruled)
        return _redated(governing, ruled)
    return governing


def _meant(library: Library, asked: AskRequest, day: date) -> Iterator[str]:
    """Yield the provisions cited, else those found that hold enough of what is asked."""
    cited = find_citations(asked.question, library.works)
    for each in cited:
        found = resolve_parsed(
            library.store, each, day, asked.known_at, asked.extent, asked.jurisdictions
        )
        if found.provision is not None:
            yield found.provision
    if cited:
        return
    subject = without_dates(asked.question)
    query = StatuteQuery(
        text=subject,
        as_at=day,
        known_at=asked.known_at,
        jurisdictions=asked.jurisdictions,
        extent=asked.extent,
        limit=_LOOKED_AT,
    )
    for hit in library.index.search(query):
        if hit.provision_id in rules_of_provisions() and (
            coverage(subject, passage_of(hit)).enough
        ):
            yield hit.provision_id


def _redated(governing: GoverningDate, ruled: Applicability) -> GoverningDate:
    return governing.model_copy(
        update={
            "as_at": ruled.dates[0],
            "ground": ruled.wording.text,
            "ground_days": ruled.wording.days,
            "assumed": True,
            "rule": ruled.code,
            "rule_id": ruled.rule,
            "verified": ruled.verified,
        }
    )


def _choose(given: date, ruled: Applicability) -> ClarifyingQuestion:
    words = wording(
        "The governing date given is ",
        given,
        ", and a transitional rule names ",
        ruled.dates[0],
        ". Which one counts? ",
        ruled.wording,
    )
    return ClarifyingQuestion(
        explanation=words.text,
        explanation_days=words.days,
        choices=(
            DayChoice(day=given, meaning="the law of the governing date as given"),
            DayChoice(day=ruled.dates[0], meaning="the law that the transitional rule names"),
        ),
    )
