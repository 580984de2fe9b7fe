"""Find provisions: resolve citations, search the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corpus.model import Version, Work
from corpus.store import Store
from retrieval.citations.resolution import find_citations, resolve_parsed
from retrieval.filters import check_filters
from retrieval.index import StatuteIndex
from retrieval.query import Hit, StatuteQuery
from retrieval.text.analysis import text_query


def find(
    store: Store, index: StatuteIndex, query: StatuteQuery, works: Sequence[Work] | None = None
) -> list[Hit]:
    """Return cited provisions in force on the query's date, then the index's results.

    A query that is only a citation returns that provision, or nothing if it is not in force
    (:func:`retrieval.citations.resolution.resolve_citation` says why). Cited provisions have a
    score one above the index's best.

    Args:
        store: the store, for resolving citations.
        index: the index to search.
        query: words, citations, or both.
        works: the works of the store, if the caller has them already.

    Raises:
        BadInputError: the corpus does not know the territory or a jurisdiction.
    """
    known = store.works() if works is None else works
    check_filters(store, known, query.jurisdictions, query.extent)
    citations = find_citations(query.text, known)
    if citations and citations[0].bare:
        return list(_cited(store, query, known, 1.0))[: query.limit]
    hits = index.search(query)
    if not citations:
        return hits
    first = list(_cited(store, query, known, 1.0 + max((hit.score for hit in hits), default=0.0)))
    named = {hit.provision_id for hit in first}
    return [*first, *(hit for hit in hits if hit.provision_id not in named)][: query.limit]


def _cited(store: Store, query: StatuteQuery, works: Sequence[Work], score: float) -> Iterator[Hit]:
    """Yield each cited provision that is in force and passes the filters, once."""
    by_id = {work.id: work for work in works}
    seen: set[str] = set()
    for parsed in find_citations(query.text, works):
        answer = resolve_parsed(
            store, parsed, query.as_at, query.known_at, query.extent, query.jurisdictions
        )
        version, provision = answer.resolution, answer.provision
        if not isinstance(version, Version) or provision is None or provision in seen:
            continue
        work = by_id[provision.split("#", maxsplit=1)[0]]
        if _passes(query, work, version):
            seen.add(provision)
            yield _hit(query, work, version, answer.label or parsed.label, score)


def _passes(query: StatuteQuery, work: Work, version: Version) -> bool:
    wanted = (
        (query.jurisdictions, work.jurisdiction),
        (query.works, work.id),
        (query.languages, version.language),
    )
    return all(not values or value in values for values, value in wanted)


def _hit(query: StatuteQuery, work: Work, version: Version, label: str, score: float) -> Hit:
    if version.valid_from is None:
        raise ValueError(f"{version.id} has no commencement and cannot be in force")
    return Hit(
        version_id=version.id,
        provision_id=version.provision_id,
        work_id=work.id,
        work_title=work.title,
        jurisdiction=work.jurisdiction,
        language=version.language,
        label=label,
        heading=version.heading,
        text=version.text,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        score=score,
        matched=text_query(query.text, query.languages).wanted,
    )
