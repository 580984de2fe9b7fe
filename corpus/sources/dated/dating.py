"""Version rows from dated editions: which text was in force, from when, as known when.

The amendments of a provision are its *steps*. A step whose text an edition shows is dated by its
amendment; a step that no edition shows leaves a gap. The text that contains the steps up to some
point is in force once all of these have taken effect, and until the next one starts to. No text is
extended over a step whose text or date is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from corpus.history.timeline import PublishedState, version_rows
from corpus.model import (
    Commencement,
    Coverage,
    DateBasis,
    EndReason,
    Provision,
    SourceRef,
    Version,
    WorkHistory,
)
from corpus.sources.dated.amendments import number
from corpus.sources.dated.editions import Chronicle, Edition, ProvisionTrace, Unit, fold, threads
from corpus.sources.dated.provisions import coverage_of, provision_of
from corpus.sources.dated.steps import ProvisionStep, steps_of

UNRECORDED = "the source does not record on which day this text took effect"


def work_history(chronicle: Chronicle) -> WorkHistory:
    """Return the history of an act: the dated texts of every provision."""
    coverage = coverage_of(chronicle)
    provisions: list[Provision] = []
    versions: list[Version] = []
    for order, thread in enumerate(threads(chronicle.editions)):
        steps = steps_of(chronicle, thread)
        provision = provision_of(chronicle, thread, steps, order, coverage)
        rows = tuple(_rows(chronicle, provision.id, thread, steps, coverage))
        if rows:
            provisions.append(provision)
            versions += rows
    return WorkHistory(
        work=chronicle.work,
        provisions=tuple(provisions),
        versions=tuple(versions),
        coverage=coverage,
    )


def _rows(
    chronicle: Chronicle,
    provision_id: str,
    thread: ProvisionTrace,
    steps: Sequence[ProvisionStep],
    coverage: Sequence[Coverage],
) -> Iterator[Version]:
    language = chronicle.work.language
    states = [*_states(chronicle, steps, coverage), *_corrections(chronicle, thread, steps)]
    yield from version_rows(provision_id, states, language=language)
    yield from _undated(provision_id, steps, language)


# States -------------------------------------------------------------------------------------------


def _states(
    chronicle: Chronicle, steps: Sequence[ProvisionStep], coverage: Sequence[Coverage]
) -> Iterator[PublishedState]:
    """Yield the dated states of a provision; a gap is a state that ends for an unknown reason."""
    closed: tuple[date, ProvisionStep] | None = None
    begun = False
    for place, step in enumerate(steps):
        begin = _begin(steps[: place + 1])
        cause = _ender(steps[place + 1 :])
        end = cause.first if cause else None
        if step.edition is None or begin is None or (end is not None and end <= begin):
            continue
        begin = max(begin, coverage[0].covered_from) if coverage else begin
        if closed is not None and closed[0] < begin:
            yield _gap(chronicle, *closed)
        if begun or step.text is not None:
            yield _state(chronicle, step, begin)
            begun = True
        closed = (end, cause) if cause is not None and end is not None else None
    if begun and closed is not None:
        yield _gap(chronicle, *closed)
    if begun and chronicle.ending is not None:
        yield _ended(chronicle, steps[-1])


def _begin(steps: Sequence[ProvisionStep]) -> date | None:
    """Return the commencement of a text: the day on which all its steps have taken effect.

    A step whose own date is unknown does not delay the text that replaced it.
    """
    if steps[-1].whole is None:
        return None
    return max(step.whole for step in steps if step.whole is not None)


def _ender(later: Sequence[ProvisionStep]) -> ProvisionStep | None:
    """Return the step that first ends a text."""
    dated = [step for step in later if step.first is not None]
    return min(dated, key=lambda step: step.first or date.max, default=None)


def _state(chronicle: Chronicle, step: ProvisionStep, begin: date) -> PublishedState:
    assert step.edition is not None
    return PublishedState(
        valid_from=begin,
        text=step.text,
        heading=step.unit.heading if step.unit else None,
        published=step.known,
        introduced_by=step.amendment.instrument,
        gone=step.amendment.gone,
        date_basis=DateBasis.DECISION if chronicle.traced else step.edition.basis,
        source=_source(step.edition, step.unit),
        upstream=_upstream(chronicle, step),
        note=step.edition.note,
    )


def _upstream(chronicle: Chronicle, step: ProvisionStep) -> dict[str, str]:
    """Return the source's own values, and why a text may be older than its edition."""
    assert step.edition is not None
    if not chronicle.traced or chronicle.amendments[step.edition.through - 1] is step.amendment:
        return step.edition.upstream
    reason = (
        f"no instrument after {step.amendment.instrument or step.amendment.published} touches it"
    )
    return {**step.edition.upstream, "reason": reason}


def _gap(chronicle: Chronicle, day: date, cause: ProvisionStep) -> PublishedState:
    """Return the state of an unknown text; a missing edition is a gap at all known-at dates."""
    missing = cause.edition is None and not chronicle.traced
    return PublishedState(
        valid_from=day,
        text=None,
        published=None if missing else cause.noticed,
        introduced_by=cause.amendment.instrument,
        gone=EndReason.UNKNOWN,
        source=SourceRef(file=cause.edition.file if cause.edition else "-"),
    )


def _ended(chronicle: Chronicle, last: ProvisionStep) -> PublishedState:
    ending = chronicle.ending
    assert ending is not None
    return PublishedState(
        valid_from=ending.day,
        text=None,
        published=ending.published,
        introduced_by=ending.by,
        gone=ending.how,
        source=SourceRef(file=last.edition.file if last.edition else "-"),
    )


def _source(edition: Edition, unit: Unit | None) -> SourceRef:
    line = f"line {unit.line}" if unit and unit.line else None
    file = unit.file if unit and unit.file else edition.file
    return SourceRef(file=file, locator=line, url=edition.url)


def _corrections(
    chronicle: Chronicle, thread: ProvisionTrace, steps: Sequence[ProvisionStep]
) -> Iterator[PublishedState]:
    """Yield changes in the source without an amendment: corrections, known since they appeared."""
    places = {id(step.edition): place for place, step in enumerate(steps)}
    place, last = -1, None
    for edition, unit in zip(chronicle.editions, thread, strict=True):
        if id(edition) in places:
            place, last = places[id(edition)], unit
        elif unit is None or unit.text is None or last is None or not _rewritten(last, unit):
            continue
        elif (begin := _begin(steps[: place + 1])) is not None:
            changes = {
                "text": last.text if _alike(last, unit) else unit.text,
                "published": edition.observed,
                "source": _source(edition, unit),
                "note": unit.remark or edition.note,
            }
            yield _state(chronicle, steps[place], begin).model_copy(update=changes)
            last = unit


def _alike(one: Unit, other: Unit) -> bool:
    return fold(one.text or "") == fold(other.text or "")


def _rewritten(one: Unit, other: Unit) -> bool:
    """Return whether a unit's text or remark was changed; a removed remark is not a change."""
    remarked = other.remark is not None and fold(other.remark) != fold(one.remark or "")
    return remarked or not _alike(one, other)


# Texts without a day ------------------------------------------------------------------------------


def _undated(provision_id: str, steps: Sequence[ProvisionStep], language: str) -> Iterator[Version]:
    """Yield the texts whose commencement is, or was for a time, not fixed."""
    for place, step in enumerate(steps):
        row = _waiting(step) or _unrecorded(step)
        if row is None or step.edition is None or step.unit is None or step.unit.text is None:
            continue
        commencement, condition, until = row
        later = [s.amendment.published for s in steps[place + 1 :] if s.amendment.published]
        if commencement is Commencement.TO_BE_FIXED:
            until = min([day for day in (until, *later) if day is not None], default=None)
        published = step.amendment.published
        if published is not None and until is not None and until <= published:
            continue
        yield Version(
            id=f"{provision_id}@undated-{published or place}",
            provision_id=provision_id,
            language=language,
            heading=step.unit.heading,
            text=step.unit.text,
            commencement=commencement,
            condition=condition,
            introduced_by=step.amendment.instrument,
            published=published,
            known_from=published,
            known_to=until,
            date_basis=step.edition.basis,
            source=_source(step.edition, step.unit),
            upstream=step.edition.upstream,
            note=step.edition.note,
        )


_Row = tuple[Commencement, str, date | None]


def _waiting(step: ProvisionStep) -> _Row | None:
    """Return a text enacted without a date, up to the publication of its date."""
    label = number(step.unit.label) if step.unit else ()
    enacted = (step.amendment.enacted_as or step.amendment).starts(label)
    conditions = [start.condition for start in enacted if start.pending]
    if not conditions:
        return None
    fixed = step.known if step.whole is not None else None
    return Commencement.TO_BE_FIXED, conditions[0] or "a day to be fixed", fixed


def _unrecorded(step: ProvisionStep) -> _Row | None:
    if step.whole is not None:
        return None
    condition = next((start.condition for start in step.starts if start.condition), None)
    return Commencement.UNKNOWN, condition or UNRECORDED, None
