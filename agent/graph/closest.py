"""What stands beside an abstention: how much was looked at, and the provisions that come closest.

A policy may name them; for one that names none they are the best hits of its own searches. Either
way they pass the verifier one by one, so that none is shown that was not in force, not seen in the
thread or not quoted verbatim. None of them is an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from agent.library import Library
from agent.policy import Candidate, DraftCitation
from agent.tool_results import Passage, ProvisionReading, SearchResult
from agent.tools.relevance import best_quote
from agent.tools.toolbox import returned_ids
from agent.trace import AbstentionReason, ClosestProvision, GoverningDate, LookedAt, Turn
from agent.verification.verify import verify_citation
from corpus.gate.ruling import Case
from corpus.languages.dates import without_dates

OFFERED_BESIDE = frozenset({AbstentionReason.NOT_FOUND, AbstentionReason.UNVERIFIED})
"""The reasons beside which the closest provisions help; the others say why there is no text."""

MOST = 5
"""Provisions that are offered, at most."""


def looked_at(turns: Sequence[Turn], library: Library, day: date) -> LookedAt:
    """Return how much the tools of a thread returned that was in force on ``day``."""
    passages = {passage.provision_id: passage.work_id for passage in _passages(turns, day)}
    works = set(passages.values())
    places = {work.jurisdiction for work in library.works if work.id in works}
    return LookedAt(
        as_at=day,
        provisions=len(passages),
        works=tuple(sorted(works)),
        jurisdictions=tuple(sorted(places)),
    )


def found_in_thread(turns: Sequence[Turn], question: str, day: date) -> tuple[Candidate, ...]:
    """Return the best hits of the last search of ``day`` that found any, unscored."""
    subject = without_dates(question)
    for turn in reversed(turns):
        hits = next((found.hits for found in _searches(turn, day) if found.hits), ())
        if hits:
            return tuple(
                Candidate(
                    version_id=hit.version_id,
                    quote=best_quote(subject, hit.text, hit.language),
                )
                for hit in hits[:MOST]
            )
    return ()


def verified_closest(
    chosen: Sequence[Candidate],
    library: Library,
    governing: GoverningDate,
    turns: Sequence[Turn],
    case: Case,
) -> tuple[ClosestProvision, ...]:
    """Return the candidates whose citations stand, in their order."""
    seen_ids = returned_ids(turns)
    kept = []
    for candidate in chosen[:MOST]:
        drafted = DraftCitation(version_id=candidate.version_id, quote=candidate.quote)
        citation, checked = verify_citation(drafted, library, governing, seen_ids, case)
        if citation is not None:
            found = ClosestProvision(
                citation=citation,
                findings=checked.findings,
                ruling=checked.ruling,
                probability=candidate.probability,
            )
            kept.append(found)
    return tuple(kept)


def _passages(turns: Sequence[Turn], day: date) -> Iterator[Passage]:
    for turn in turns:
        for found in _searches(turn, day):
            yield from found.hits
        for call in turn.calls:
            reading = call.result
            if isinstance(reading, ProvisionReading) and reading.as_at == day and reading.passage:
                yield reading.passage


def _searches(turn: Turn, day: date) -> Iterator[SearchResult]:
    for call in turn.calls:
        if isinstance(call.result, SearchResult) and call.result.as_at == day:
            yield call.result
