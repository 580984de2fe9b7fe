"""Candidate governing dates of a question without a date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from agent.applicability.places import placed
from agent.governing_date.choose import choose_governing_date
from agent.library import Library
from agent.request import AskRequest, ClarifyingQuestion
from agent.tools.relevance import coverage
from agent.tools.statutes import passage_of
from corpus.clock import today
from corpus.errors import BadInputError
from corpus.languages.dates import without_dates
from corpus.model import ProvisionHistory
from retrieval.citations.resolution import find_citations, resolve_parsed
from retrieval.query import StatuteQuery

MOST = 12
"""Most candidate dates of one question; the newest are kept."""

_GRID = (-100, -50, -20, -10, -5, -2, -1, 0, 1, 2, 5, 10)
"""Years from today at which a provision is searched for if none is cited."""


def candidate_days(library: Library, asked: AskRequest) -> tuple[date, ...]:
    """Return the candidate governing dates of a question without a date, oldest first.

    They are the dates that the rules give, else those in the question, else the first day of each
    text of the provision that the question cites or is about.

    Raises:
        BadInputError: no provision can be identified, or the given facts contradict each other.
    """
    asked = placed(asked, library.works)
    framed = choose_governing_date(
        asked, library.works, lambda day: text_changes(library, asked, day)
    )
    if not isinstance(framed, ClarifyingQuestion):
        return tuple(sorted(framed.candidates)) or (framed.as_at,)
    if framed.days:
        return framed.days
    histories = list(_cited(library, asked, today())) or list(_spoken_of(library, asked))
    days = sorted({day for history in histories for day in _starts(history, asked)})
    if not days:
        raise BadInputError(
            "No provision can be made out whose texts could be answered one by one: "
            "cite it, or give the day."
        )
    return tuple(days[-MOST:])


def text_changes(library: Library, asked: AskRequest, day: date) -> tuple[date, ...]:
    """Return the dates on which the cited texts changed; citations are resolved on ``day``."""
    histories = _cited(library, asked, day)
    return tuple(sorted({day for history in histories for day in _starts(history, asked)}))


def _starts(history: ProvisionHistory, asked: AskRequest) -> Iterable[date]:
    known = (version for version in history.versions if version.is_known(asked.known_at))
    return (version.valid_from for version in known if version.valid_from is not None)


def _cited(library: Library, asked: AskRequest, day: date) -> Iterator[ProvisionHistory]:
    for cited in find_citations(asked.question, library.works):
        found = resolve_parsed(
            library.store, cited, day, asked.known_at, asked.extent, asked.jurisdictions
        )
        history = library.store.history(found.provision) if found.provision else None
        if history is not None:
            yield history


def _spoken_of(library: Library, asked: AskRequest) -> Iterator[ProvisionHistory]:
    """Yield the provision that, at some time, contained most of the question's terms."""
    words = without_dates(asked.question)
    queries = [
        StatuteQuery(
            text=words,
            as_at=today().replace(year=today().year + years, day=1),
            known_at=asked.known_at,
            jurisdictions=asked.jurisdictions,
            extent=asked.extent,
            limit=8,
        )
        for years in _GRID
    ]
    hits = [hit for found in library.index.search_many(queries) for hit in found]
    held = {hit.provision_id: coverage(words, passage_of(hit)) for hit in reversed(hits)}
    best = max(held, key=lambda name: held[name].share, default=None)
    history = library.store.history(best) if best and held[best].enough else None
    if history is not None:
        yield history
