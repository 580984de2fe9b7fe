"""Where a case lies, and whose law is asked about: given, named in the question, or asked for.

A place that the question names is an assumption and is shown as one. Where none is named and the
texts found hold in one part of a jurisdiction only, while another part has a text of its own on the
same matter, the part is asked for: the law of the wrong part is no answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from agent.governing_date.choose import is_named
from agent.library import Library
from agent.request import AskRequest, ClarifyingQuestion, PlaceChoice
from agent.tools.relevance import TermCoverage, coverage
from agent.tools.statutes import passage_of
from corpus.languages.dates import without_dates
from corpus.languages.places import NamedPlace, cases_placed, place_elsewhere, places_named
from corpus.model import Work
from corpus.territories import (
    extent_fits,
    extent_parts,
    extent_words,
    holding,
    joined,
    jurisdiction_of,
    place_name,
    territories,
)
from corpus.wording import wording
from retrieval.citations.resolution import find_citations
from retrieval.query import Hit, StatuteQuery
from retrieval.text.shared_terms import question_terms

_LOOKED_AT = 20
_RIVALS = 5
_SHARED = 2  # terms of heading and title that make two provisions of one matter


def placed(asked: AskRequest, works: Sequence[Work]) -> AskRequest:
    """Return the question put to the law of the places that it names (``in France``, ``Cardiff``).

    Places that the asker gave stay. A question that names a work is about that work wherever its
    case happened; only which part of the work's own jurisdiction it lies in then counts.
    """
    named = [work for work in works if is_named(work, asked.question)]
    cases = _cases(asked.question, named)
    told = dict.fromkeys([*places_named(asked.question), *(each.jurisdiction for each in cases)])
    held = {work.jurisdiction for work in works}
    places = asked.jurisdictions or (
        () if named else tuple(place for place in told if place in held)
    )
    homes = set(places) or {work.jurisdiction for work in named}
    extent = asked.extent or _extent(cases, homes)
    return asked.model_copy(update={"jurisdictions": places, "extent": extent})


def unheld(asked: AskRequest, works: Sequence[Work]) -> ClarifyingQuestion | None:
    """Return the places to choose from where a question names only places of which none is held.

    The law of another place is no answer to it, however alike the words are. A question that names
    a work held is about that work.
    """
    text = asked.question
    if asked.jurisdictions or asked.extent or any(is_named(work, text) for work in works):
        return None
    named = dict(places_named(text))
    for each in cases_placed(text):
        named.setdefault(each.jurisdiction, each.words)
    held = Counter(work.jurisdiction for work in works)
    words = next(iter(named.values()), None) or place_elsewhere(text)
    if words is None or held.keys() & named.keys() or find_citations(text, works):
        return None
    choices = [
        PlaceChoice(jurisdiction=place, meaning=f"{count} works")
        for place, count in sorted(held.items())
    ]
    there = joined(map(place_name, sorted(held)))
    return ClarifyingQuestion(
        explanation=f"The question says “{words}”, and this corpus holds no law of that place, only"
        f" that of {there}. Whose law is meant?",
        places=tuple(choices),
    )


def place_words(asked: AskRequest) -> str:
    """Say by which words a question names the places searched; empty where it names others."""
    cases = cases_placed(asked.question)
    named = dict(places_named(asked.question))
    for each in cases:
        named.setdefault(each.jurisdiction, each.words)
    said = []
    if asked.jurisdictions and set(asked.jurisdictions) <= set(named):
        words = ", ".join(f"“{named[place]}”" for place in asked.jurisdictions)
        searched = joined(map(place_name, asked.jurisdictions))
        said.append(f"Searched in the law of {searched} alone: the question says {words}.")
    if asked.extent is not None and _parts(cases) == set(asked.extent.split("+")):
        words = ", ".join(f"“{each.words}”" for each in cases if each.part)
        said.append(f"Assumed to lie in {extent_words(asked.extent)}: the question says {words}.")
    return " ".join(said)


def narrowed(asked: AskRequest, day: date, works: Sequence[Work]) -> AskRequest:
    """Return a question of one territory put to the law that holds there on the day."""
    home = jurisdiction_of(asked.extent) if asked.extent else None
    if home is None or asked.jurisdictions:
        return asked
    held = sorted({work.jurisdiction for work in works})
    there = tuple(place for place in held if place == home or holding(place, home, day))
    return asked.model_copy(update={"jurisdictions": there})


def contested(library: Library, asked: AskRequest, day: date) -> ClarifyingQuestion | None:
    """Return the places to choose from where the law of several would answer, else ``None``.

    Nothing is contested where the asker names a place or cites what is to be read.
    """
    if asked.extent or find_citations(asked.question, library.works):
        return None
    subject = without_dates(asked.question)
    found = [
        _Found(hit, coverage(subject, passage_of(hit)))
        for hit in _found(library, asked, subject, day)
    ]
    best = max(found, key=lambda each: each.terms.share, default=None)
    if best is None or not best.terms.enough:
        return None
    others = () if asked.jurisdictions else _elsewhere(best, found)
    parts = _parts_apart(library, asked, subject, day, best.hit)
    own = [*parts, *([] if parts else [_choice(best.hit, None)])]
    choices = [*own, *others]
    return _choose(choices) if len(choices) > 1 else None


class _Found(NamedTuple):
    hit: Hit
    terms: TermCoverage


def _elsewhere(best: _Found, found: Sequence[_Found]) -> Sequence[PlaceChoice]:
    """Return the other jurisdictions whose texts hold as much of what is asked as the best one."""
    as_good = {
        each.hit.jurisdiction: each.hit
        for each in reversed(found)
        if each.terms.enough and each.terms.share >= best.terms.share
    }
    return [_choice(hit, None) for place, hit in as_good.items() if place != best.hit.jurisdiction]


def _choice(hit: Hit, extent: str | None) -> PlaceChoice:
    return PlaceChoice(jurisdiction=hit.jurisdiction, extent=extent, meaning=hit.work_title)


def speaking(library: Library, asked: AskRequest, days: Sequence[date]) -> str | None:
    """Return the only jurisdiction that speaks of what is asked on the days, if one does."""
    subject = without_dates(asked.question)
    found = {
        hit.jurisdiction
        for day in days
        for hit in _found(library, asked, subject, day)
        if coverage(subject, passage_of(hit)).enough
    }
    return found.pop() if len(found) == 1 else None


def _cases(question: str, named: Sequence[Work]) -> tuple[NamedPlace, ...]:
    """Return the places named outside the names of works held."""
    for work in named:
        for name in (work.title, work.citation, *work.aliases):
            question = question.replace(name, " " * len(name))
    return cases_placed(question)


def _extent(cases: Sequence[NamedPlace], homes: set[str]) -> str | None:
    """Return the parts named, where all that is asked about lies in their jurisdiction."""
    parts = _parts(cases)
    places = {each.jurisdiction for each in cases}
    if not parts or len(places) > 1 or (homes and homes != places):
        return None
    order = [code for each in territories().values() for code in each.parts]
    return "+".join(sorted(parts, key=order.index))


def _parts(cases: Sequence[NamedPlace]) -> set[str]:
    return {each.part for each in cases if each.part}


def _found(library: Library, asked: AskRequest, subject: str, day: date) -> Sequence[Hit]:
    query = StatuteQuery(
        text=subject,
        as_at=day,
        known_at=asked.known_at,
        jurisdictions=asked.jurisdictions,
        limit=_LOOKED_AT,
    )
    return library.index.search(query)


def _parts_apart(
    library: Library, asked: AskRequest, subject: str, day: date, best: Hit
) -> list[PlaceChoice]:
    """Return the parts of a jurisdiction that have texts of their own on the matter of ``best``.

    Empty where ``best`` holds everywhere, or where no other part has such a text.
    """
    extent = _extent_of(library, asked, best)
    known = territories().get(best.jurisdiction)
    if extent is None or known is None:
        return []
    choices = {extent: _choice(best, extent)}
    for part in known.parts:
        if extent_fits(extent, part):
            continue
        for rival in _rivals(library, asked, subject, day, best, part):
            held = _extent_of(library, asked, rival)
            if held is not None and not set(extent_parts(held)) & set(extent_parts(extent)):
                choices.setdefault(held, _choice(rival, held))
                break
    return list(choices.values()) if len(choices) > 1 else []


def _extent_of(library: Library, asked: AskRequest, hit: Hit) -> str | None:
    version = library.store.version(hit.version_id, asked.known_at)
    return version.extent if version is not None else None


def _rivals(  # noqa: PLR0913 - what is asked, and the text that was found for it
    library: Library, asked: AskRequest, subject: str, day: date, best: Hit, part: str
) -> Iterator[Hit]:
    """Yield the texts for a part that speak of what is asked, or of what ``best`` is about."""
    query = StatuteQuery(
        text=f"{subject} {best.heading or ''}",
        as_at=day,
        known_at=asked.known_at,
        jurisdictions=(best.jurisdiction,),
        extent=part,
        limit=_RIVALS,
    )
    for hit in library.index.search(query):
        if hit.provision_id == best.provision_id or _matter(library, hit, best) >= _SHARED:
            yield hit


def _matter(library: Library, hit: Hit, best: Hit) -> int:
    """Count the terms that two provisions' headings and titles share, figures and kinds apart."""
    kinds = {work.kind for work in library.works}
    first, second = (
        question_terms(f"{each.heading or ''} {each.work_title}", each.language)
        for each in (hit, best)
    )
    return sum(not term.isdigit() and term not in kinds for term in first & second)


def _choose(choices: Sequence[PlaceChoice]) -> ClarifyingQuestion:
    listed = [f"{each.name} ({each.meaning})" for each in choices]
    several = len({each.jurisdiction for each in choices}) > 1
    what = "jurisdiction" if several else "territory"
    words = wording(
        f"Whose law is meant? The question names no {what}, and {joined(listed)} have texts of"
        " their own on it."
    )
    return ClarifyingQuestion(
        explanation=words.text, explanation_days=words.days, places=tuple(choices)
    )
