"""A search as a reader sees it: citations first, then what is found, with counts to narrow it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

from pydantic import Field

from corpus.model import Frozen, Work
from corpus.store import Store
from retrieval.citations.resolution import Status as CitationStatus
from retrieval.citations.resolution import find_citations, resolve_parsed
from retrieval.filters import check_chosen
from retrieval.find import find
from retrieval.index import StatuteIndex
from retrieval.query import Hit, Status, StatuteQuery
from retrieval.text.snippet import Snippet

LONGEST = 20_000
"""Greatest number of characters that are searched for."""


class SearchRequest(Frozen):
    """Words, citations, or both, with filters; it is searched on a day.

    Attributes:
        text: what is searched for.
        jurisdictions: only law of these; empty: of all.
        works: only acts with these ids.
        kinds: only acts of these kinds: act, code, regulation, ...
        languages: only texts in these languages.
        status: in force on the day, or law only later, or only earlier.
        extent: only texts that hold in this territory.
        limit: greatest number of provisions.
    """

    text: str = Field(default="", max_length=LONGEST)
    jurisdictions: tuple[str, ...] = ()
    works: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    status: Status = "in_force"
    extent: str | None = None
    limit: int = Field(default=20, ge=1, le=100)


class CitedLine(Frozen):
    """A citation in the text that was searched for.

    Attributes:
        citation: the citation as written.
        status: as in `law`.
        provision: id of the provision; null if none was found.
        label: its number on the day.
        explanation: what it meant on the day, or why nothing is in force.
    """

    citation: str
    status: CitationStatus
    provision: str | None
    label: str | None
    explanation: str


class FoundLine(Frozen):
    """A provision that was found.

    Attributes:
        provision: id of the provision.
        version: id of the text.
        work: id of the act.
        title: title of the act.
        jurisdiction: jurisdiction of the act.
        kind: kind of the act.
        language: language of the text.
        label: number of the provision.
        heading: heading of the text; null if it has none.
        valid_from: first date on which the text is in force.
        valid_to: first date on which it is no longer in force; null if open.
        status: ``in_force`` on the day, or law only later or only earlier.
        cited: whether the text that was searched for cites it.
        passage: the passage with the most words that were searched for.
        score: the engine's score, comparable within one search.
    """

    provision: str
    version: str
    work: str
    title: str
    jurisdiction: str
    kind: str
    language: str
    label: str
    heading: str | None
    valid_from: date
    valid_to: date | None
    status: Status
    cited: bool
    passage: Snippet
    score: float


class Counts(Frozen):
    """Provisions that the words find on the day, before any filter but the status.

    Attributes:
        jurisdictions: by jurisdiction.
        works: by act.
        kinds: by kind of act.
        languages: by language of the act.
        statuses: in force on the day; law only later; law only earlier.
    """

    jurisdictions: dict[str, int]
    works: dict[str, int]
    kinds: dict[str, int]
    languages: dict[str, int]
    statuses: dict[str, int]


class Searched(Frozen):
    """The result of a search.

    Attributes:
        request: what was searched for.
        as_at: the day.
        citations: the citations in the text, each resolved on the day.
        found: the provisions found: cited ones first, then the best.
        counts: what may be narrowed to.
        words_only: why searching went by words alone, in one sentence; null if it did not.
    """

    request: SearchRequest
    as_at: date
    citations: tuple[CitedLine, ...]
    found: tuple[FoundLine, ...]
    counts: Counts
    words_only: str | None


def search(
    store: Store,
    index: StatuteIndex,
    request: SearchRequest,
    day: date,
    works: Sequence[Work] | None = None,
) -> Searched:
    """Search the law on a day.

    Args:
        store: the store, for citations.
        index: the index to search.
        request: words, citations, filters.
        day: the day.
        works: the works of the store, if the caller has them already.

    Raises:
        BadInputError: the corpus does not know the territory, or holds none of a jurisdiction, act,
            kind of act or language.
        SearchFailedError: the engine failed.
    """
    by_id = {work.id: work for work in (store.works() if works is None else works)}
    check_chosen(tuple(by_id.values()), request.works, request.kinds, request.languages)
    cited = _citations(store, request, day, tuple(by_id.values()))
    query = _query(request, day, by_id)
    hits = [] if query is None else _hits(store, index, request, query, tuple(by_id.values()))
    named = {line.provision for line in cited}
    found = (_line(hit, by_id, request.status, cited=hit.provision_id in named) for hit in hits)
    return Searched(
        request=request,
        as_at=day,
        citations=cited,
        found=tuple(found),
        counts=_counts(index, request, day, by_id),
        words_only=index.words_only,
    )


def _query(request: SearchRequest, day: date, works: dict[str, Work]) -> StatuteQuery | None:
    """Return the query; ``None`` where no act passes the filters."""
    chosen = request.works
    if request.kinds:
        of_kind = (work.id for work in works.values() if work.kind in request.kinds)
        chosen = tuple(one for one in of_kind if not request.works or one in request.works)
        if not chosen:
            return None
    return StatuteQuery(
        text=request.text,
        as_at=day,
        jurisdictions=request.jurisdictions,
        works=chosen,
        languages=request.languages,
        extent=request.extent,
        limit=request.limit,
    )


def _hits(
    store: Store,
    index: StatuteIndex,
    request: SearchRequest,
    query: StatuteQuery,
    works: Sequence[Work],
) -> list[Hit]:
    if request.status == "in_force":
        return find(store, index, query, works)
    return index.elsewhen(query, request.status)


def _citations(
    store: Store, request: SearchRequest, day: date, works: Sequence[Work]
) -> tuple[CitedLine, ...]:
    answers = (
        resolve_parsed(store, parsed, day, None, request.extent, request.jurisdictions)
        for parsed in find_citations(request.text, works)
    )
    return tuple(
        CitedLine(
            citation=found.citation,
            status=found.status,
            provision=found.provision or found.nearest,
            label=found.label,
            explanation=found.explanation,
        )
        for found in answers
    )


def _counts(
    index: StatuteIndex, request: SearchRequest, day: date, works: dict[str, Work]
) -> Counts:
    found = index.facets(StatuteQuery(text=request.text, as_at=day))
    kinds, languages = Counter[str](), Counter[str]()
    for work_id, count in found.works.items():
        if work_id in works:
            kinds[works[work_id].kind] += count
            languages[works[work_id].language] += count
    return Counts(
        jurisdictions=found.jurisdictions,
        works=found.works,
        kinds=dict(kinds),
        languages=dict(languages),
        statuses=found.statuses,
    )


def _line(hit: Hit, works: dict[str, Work], status: Status, *, cited: bool) -> FoundLine:
    return FoundLine(
        provision=hit.provision_id,
        version=hit.version_id,
        work=hit.work_id,
        title=hit.work_title,
        jurisdiction=hit.jurisdiction,
        kind=works[hit.work_id].kind if hit.work_id in works else "",
        language=hit.language,
        label=hit.label,
        heading=hit.heading,
        valid_from=hit.valid_from,
        valid_to=hit.valid_to,
        status=status,
        cited=cited,
        passage=hit.snippet(),
        score=hit.score,
    )
