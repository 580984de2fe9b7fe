"""The four tools: stateless functions of a scope and explicit arguments, including the date.

Their docstrings become the schemas that a language model reads (:mod:`agent.tools.tool_schema`);
:mod:`agent.tools.toolbox` calls them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from agent.library import Library
from agent.tool_results import (
    Comparison,
    Passage,
    ProvisionReading,
    SearchResult,
    VersionLine,
    VersionList,
)
from corpus.compare import as_text, compare
from corpus.errors import BadInputError
from corpus.force_words import in_force, under_number, version_in_force
from corpus.gate.decide import rule_on
from corpus.gate.ruling import Case, Ruling, RulingKind
from corpus.model import Provision, ProvisionHistory, SourceRead, Version
from corpus.number_words import number_on, numbered, numbers_during, under_number_since
from corpus.resolve import Ambiguous, Resolution, explain, explained, resolve
from corpus.wording import Wording, wording
from retrieval.citations.pinpoints import Pinpoint
from retrieval.citations.resolution import Status, resolve_citation
from retrieval.filters import check_filters
from retrieval.query import Hit, StatuteQuery

LONGEST_REFERENCE = 2_000
"""Most characters of a reference to a provision."""

EXCERPT = 2_000
"""Most characters of a provision in a search result; ``read_provision`` returns all."""

Query = Annotated[str, Field(max_length=20_000)]
Limit = Annotated[int, Field(ge=1, le=20)]


@dataclass(frozen=True)
class Scope:
    """What binds the tools of one thread: where they look, the filters the asker set, the case."""

    library: Library
    known_at: date | None = None
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()
    case: Case | None = None

    def ruling(self, version: Version, day: date) -> Ruling:
        """Return whether a version in force on ``day`` applies to the case."""
        case = self.case or Case(as_at=day, known_at=self.known_at, extent=self.extent)
        return rule_on(self.library.store, version, case.on(day))


def search_statutes(scope: Scope, query: Query, as_at: str, limit: Limit = 8) -> SearchResult:
    """Search the statutes for provisions in force on one day, best first.

    Args:
        query: A few words of what the provision is about, or a quoted phrase.
        as_at: The day whose law is wanted, as YYYY-MM-DD. Only provisions in force on that day
            are found.
        limit: How many provisions to return.
    """
    asked = statute_query(scope, query, as_at, limit)
    return search_result(scope, asked, scope.library.index.search(asked))


def statute_query(scope: Scope, query: str, as_at: str, limit: int = 8) -> StatuteQuery:
    """Return the index query of ``search_statutes``.

    Raises:
        BadInputError: ``as_at`` is not a date, or the corpus does not know a filter's code.
    """
    _check(scope)
    return StatuteQuery(
        text=query,
        as_at=_day(as_at, "as_at"),
        known_at=scope.known_at,
        jurisdictions=scope.jurisdictions,
        extent=scope.extent,
        limit=limit,
    )


def search_result(scope: Scope, asked: StatuteQuery, hits: Sequence[Hit]) -> SearchResult:
    """Return what ``search_statutes`` says of the hits of its query."""
    held = scope.library.store.versions([hit.version_id for hit in hits], asked.known_at)
    rulings = {name: scope.ruling(version, asked.as_at) for name, version in held.items()}
    cautions = {name: ruling.sentence for name, ruling in rulings.items() if not ruling.ships}
    passages = (
        passage_of(hit, held.get(hit.version_id), cautions.get(hit.version_id)) for hit in hits
    )
    why = scope.library.index.words_only
    return SearchResult(
        as_at=asked.as_at,
        hits=tuple(passages),
        words_only=why,
        searched=scope.library.versions,
    )


def read_provision(scope: Scope, reference: str, as_at: str) -> ProvisionReading:
    """Read the full text of one provision as it stood on one day, or learn why there is none.

    Args:
        reference: A citation with its act, such as "art. 1240 Code civil" or "s 98 ERA 1996", or
            a provision_id from an earlier result.
        as_at: The day whose law is wanted, as YYYY-MM-DD.
    """
    day = _day(as_at, "as_at")
    located = _locate(scope, reference, day)
    found, history = located.resolution, located.history
    if history is None:
        return ProvisionReading(
            as_at=day,
            status=located.status,
            explanation=located.wording.text,
            explanation_days=located.wording.days,
        )
    last_day, first_day = _nearest(scope, history, day)
    ruling = scope.ruling(found, day) if isinstance(found, Version) else None
    words = _told(located.wording, ruling)
    applies = ruling is None or ruling.ships
    return ProvisionReading(
        as_at=day,
        status=located.status if applies else "not_applicable",
        explanation=words.text,
        explanation_days=words.days,
        provision_id=history.provision.id,
        name=_name(scope, history.provision, day),
        passage=_passage(scope, found, day) if applies and isinstance(found, Version) else None,
        pinpoint=located.pinpoint if applies else None,
        last_day=last_day,
        first_day=first_day,
        territories=_territories(found) if isinstance(found, Ambiguous) else (),
        source_read=_source_read(scope, located),
    )


def _told(found: Wording, ruling: Ruling | None) -> Wording:
    """Say what was found; where a text in force does not simply apply, what is ruled of it."""
    if ruling is None or ruling.kind is RulingKind.APPLIES:
        return found
    return wording(found, " ", ruling.said) if ruling.ships else ruling.said


def list_versions(scope: Scope, reference: str, as_at: str) -> VersionList:
    """List every version of one provision through time: when each was in force, what ended it.

    Args:
        reference: A citation with its act, or a provision_id from an earlier result.
        as_at: The day on which the citation is read, as YYYY-MM-DD: numbers move between
            provisions.
    """
    day = _day(as_at, "as_at")
    located = _locate(scope, reference, day)
    history = located.history
    known = [v for v in history.versions if v.is_known(scope.known_at)] if history else []
    return VersionList(
        as_at=day,
        provision_id=history.provision.id if history else None,
        explanation=located.wording.text,
        versions=tuple(_line(located, version, scope.known_at, day) for version in known),
        source_read=_source_read(scope, located),
    )


def compare_versions(scope: Scope, reference: str, as_at: str, other: str) -> Comparison:
    """Compare the text of one provision on two days, word by word.

    Args:
        reference: A citation with its act, or a provision_id from an earlier result.
        as_at: The day whose law governs, as YYYY-MM-DD; the citation is read on that day.
        other: The day to compare with, as YYYY-MM-DD.
    """
    day, second = _day(as_at, "as_at"), _day(other, "other")
    located = _locate(scope, reference, day)
    if located.history is None:
        return Comparison(as_at=day, other=second, explanation=located.wording.text)
    states = {at: _resolved(scope, located.history, at) for at in sorted((day, second))}
    said = [f"{at}: {_stated(state, at)}" for at, state in states.items()]
    words = " ".join([*said, *_renumbered(scope, located.history.provision, states)])
    read = _source_read(scope, located)
    texts = [state for state in states.values() if isinstance(state, Version)]
    if len(texts) < len(states):
        return Comparison(as_at=day, other=second, explanation=words, source_read=read)
    redline = compare(texts[0], texts[-1])
    return Comparison(
        as_at=day,
        other=second,
        explanation=words,
        version_ids=tuple(dict.fromkeys(version.id for version in texts)),
        changed=redline.changed,
        redline=as_text(redline),
        source_read=read,
    )


def _stated(state: Resolution, day: date) -> str:
    """Say a resolution in one sentence, and that a text does not apply yet where it does not."""
    if isinstance(state, Version) and _waits(state, day):
        return f"{explain(state)} It applies only from {state.applies_from}."
    return explain(state)


@dataclass(frozen=True)
class _Located:
    """The provision that a reference means on a date; ``history`` is ``None`` if there is none."""

    status: Status
    wording: Wording
    history: ProvisionHistory | None = None
    resolution: Resolution | None = None
    pinpoint: Pinpoint | None = None


def _day(text: str, argument: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BadInputError(f"{argument} is '{text}': give one day as YYYY-MM-DD.")


def _locate(scope: Scope, reference: str, day: date) -> _Located:
    """Find the provision that a citation or an id means on ``day``, and its state then."""
    if len(reference) > LONGEST_REFERENCE:
        raise BadInputError(
            f"The reference has {len(reference)} characters; at most {LONGEST_REFERENCE} are read."
        )
    _check(scope)
    provision_id = reference.strip().partition("@")[0]
    if "#" in provision_id:
        return _by_id(scope, provision_id, day)
    cited = resolve_citation(
        scope.library.store,
        reference,
        day,
        scope.known_at,
        scope.extent,
        scope.jurisdictions,
        works=scope.library.works,
    )
    if cited.provision is None or cited.missing is not None:
        return _Located(cited.status, cited.wording)
    found = _by_id(scope, cited.provision, day)
    if found.history is None or cited.status != found.status:
        return found
    return replace(found, wording=wording(found.wording, cited.unsure), pinpoint=cited.pinpoint)


def _by_id(scope: Scope, provision_id: str, day: date) -> _Located:
    """Return the state of a provision on ``day``."""
    history = scope.library.store.history(provision_id)
    if history is None:
        return _Located("not_found", wording(f"No provision has the id '{provision_id}'."))
    if not _admits(scope, history.provision.work_id):
        places = ", ".join(scope.jurisdictions)
        return _Located("not_found", wording(f"'{provision_id}' is not law of {places}."))
    found = _resolved(scope, history, day)
    if not isinstance(found, Version):
        return _Located(found.status, explained(found), history, found)
    number = under_number_since(history.provision, found, day, scope.known_at)
    return _Located("in_force", wording(explained(found), number), history, found)


def _check(scope: Scope) -> None:
    library = scope.library
    check_filters(library.store, library.works, scope.jurisdictions, scope.extent)


def _admits(scope: Scope, work_id: str) -> bool:
    if not scope.jurisdictions:
        return True
    work = scope.library.store.work(work_id)
    return work is not None and work.jurisdiction in scope.jurisdictions


def _resolved(scope: Scope, history: ProvisionHistory, day: date) -> Resolution:
    return resolve(history, day, scope.known_at, extent=scope.extent)


def _nearest(scope: Scope, history: ProvisionHistory, day: date) -> tuple[date | None, date | None]:
    """Return the last date before ``day`` and the first one after it that have a text."""
    known = [v for v in history.versions if v.is_known(scope.known_at)]
    ends = [v.valid_to for v in known if v.valid_to is not None and v.valid_to <= day]
    starts = [v.valid_from for v in known if v.valid_from is not None and v.valid_from > day]
    last = max(ends, default=None)
    return last - timedelta(days=1) if last else None, min(starts, default=None)


def _territories(found: Ambiguous) -> tuple[str, ...]:
    return tuple(sorted({v.extent for v in found.candidates if v.extent}))


def _name(scope: Scope, provision: Provision, day: date) -> str:
    work = scope.library.store.work(provision.work_id)
    title = work.title if work else provision.work_id
    return f"{title}, {_label(provision, day, scope.known_at)}"


def _source_read(scope: Scope, located: _Located) -> SourceRead | None:
    history = located.history
    return scope.library.store.source_read(history.provision.work_id) if history else None


def _renumbered(scope: Scope, provision: Provision, days: Iterable[date]) -> Iterator[str]:
    """Yield a sentence that a provision bears other numbers on some days, if it does."""
    numbers = {day: provision.label_on(day, scope.known_at) for day in days}
    if len(set(numbers.values())) > 1:
        borne = " and ".join(f"{number or 'no number'} on {day}" for day, number in numbers.items())
        yield f"One provision: {borne}."


def _label(provision: Provision, day: date, known_at: date | None) -> str:
    """Return the label on ``day``, or the last one if there is none."""
    return provision.label_on(day, known_at) or provision.labels[-1].text


def _passage(scope: Scope, version: Version, day: date) -> Passage:
    store = scope.library.store
    provision = store.provision(version.provision_id)
    assert provision is not None
    assert version.valid_from is not None
    work = store.work(provision.work_id)
    return Passage(
        version_id=version.id,
        provision_id=provision.id,
        work_id=provision.work_id,
        work_title=work.title if work else provision.work_id,
        label=_label(provision, day, scope.known_at),
        language=version.language,
        heading=version.heading,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        interval=_days(provision, version, day, scope.known_at),
        text=version.text,
    )


def _days(provision: Provision, version: Version, day: date, known_at: date | None) -> str:
    """Return the days on which a version is the law, and since when under a later number."""
    borne = number_on(provision, day, known_at)
    since = borne.valid_from if borne else None
    assert version.valid_from is not None
    return under_number(version_in_force(version), version.valid_from, since).text


def passage_of(hit: Hit, version: Version | None = None, caution: str | None = None) -> Passage:
    """Return a hit as a policy is shown it, with why it may not be cited, if it may not.

    ``version`` tells whether the law or the record ends with the hit.
    """
    return Passage(
        version_id=hit.version_id,
        provision_id=hit.provision_id,
        work_id=hit.work_id,
        work_title=hit.work_title,
        label=hit.label,
        language=hit.language,
        heading=hit.heading,
        valid_from=hit.valid_from,
        valid_to=hit.valid_to,
        interval=in_force(hit.valid, version.ended if version else None).text,
        text=_excerpt(hit),
        caution=caution,
    )


def _excerpt(hit: Hit) -> str:
    """Return the text, or for a long one the part with the first match."""
    if len(hit.text) <= EXCERPT:
        return hit.text
    first = hit.highlights[0][0] if hit.highlights else 0
    start = max(0, min(first - EXCERPT // 4, len(hit.text) - EXCERPT))
    return hit.text[start : start + EXCERPT]


def _line(located: _Located, version: Version, known_at: date | None, day: date) -> VersionLine:
    assert located.history is not None
    provision = located.history.provision
    dated = version.valid_from is not None
    label = _label(provision, version.valid_from or date.max, known_at)
    later = numbers_during(provision, version.valid, known_at)[1:] if dated else ()
    return VersionLine(
        version_id=version.id,
        label=numbered(label, version.valid_from, later).text,
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        interval=version_in_force(version).text if dated else version.condition or "not dated",
        ended=version.ended,
        introduced_by=version.introduced_by,
        applies_from=version.applies_from if _waits(version, day) else None,
    )


def _waits(version: Version, day: date) -> bool:
    return version.applies_from is not None and day < version.applies_from
