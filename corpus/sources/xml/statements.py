"""Version rows from statements, for formats that state an interval with each text.

A file covers dates up to the one on which it was seen. Where files disagree about a date, the
newest counts; where none covers it, nothing is known, and the row before ends as ``unknown``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from corpus.act_report import Observation
from corpus.errors import Place, SourceError
from corpus.history.identity import provision_id
from corpus.history.placing import Divisions, placements
from corpus.history.timeline import PublishedState, version_rows
from corpus.model import (
    Commencement,
    Coverage,
    EndReason,
    Interval,
    Provision,
    ProvisionNumber,
    SourceRef,
    Version,
    Work,
    WorkHistory,
)


@dataclass(frozen=True)
class Statement:
    """A file's statement that this is the text from ``start`` until ``end`` (excluded).

    ``end`` is ``None`` if the file gives none: the statement then holds up to ``seen``. If
    ``start`` is ``None``, ``commencement`` and ``condition`` say what is known. ``end_known`` is
    the publication of what ends it. ``exists_since`` is a date from which the provision exists,
    whatever its text. ``divisions`` are those around it.
    """

    label: str
    kind: str
    text: str
    seen: date
    source: SourceRef
    language: str
    start: date | None = None
    end: date | None = None
    ended: EndReason = EndReason.UNKNOWN
    end_known: date | None = None
    commencement: Commencement = Commencement.FIXED
    condition: str | None = None
    heading: str | None = None
    extent: str | None = None
    applies_from: date | None = None
    published: date | None = None
    introduced_by: str | None = None
    exists_since: date | None = None
    divisions: Divisions = ()
    upstream: dict[str, str] = field(default_factory=dict)
    note: str | None = None

    @property
    def until(self) -> date:
        """Return the first day on which the statement no longer holds."""
        return self.end or self.seen + timedelta(days=1)

    @property
    def is_stillborn(self) -> bool:
        """Tell whether it ends on or before the day it begins, so that it was never the law."""
        return self.start is not None and self.end is not None and self.end <= self.start

    def holds_on(self, other: Statement) -> bool:
        """Tell whether this text is in force on the day on which another one would begin."""
        if self.is_stillborn or self.start is None or other.start is None:
            return False
        mine, its = ((s.label, s.extent, s.language) for s in (self, other))
        return mine == its and self.start <= other.start < (self.end or date.max)


def work_history(
    work: Work,
    statements: Sequence[Statement],
    *,
    origin: date | None = None,
    note: str | None = None,
) -> WorkHistory:
    """Return a work from statements about it; provisions are identified by their label.

    Args:
        work: the work.
        statements: in the printed order of provisions.
        origin: the date on which the work itself took effect, if the source gives it.
        note: stored with the coverage.
    """
    by_label = defaultdict(list)
    for statement in statements:
        by_label[statement.label].append(statement)
    provisions = tuple(
        _provision(work.id, order, own) for order, own in enumerate(by_label.values())
    )
    end = max(statement.until for statement in statements)
    versions = tuple(
        version
        for provision, own in zip(provisions, by_label.values(), strict=True)
        for version in _versions(provision.id, own, end)
    )
    seen = max(statement.seen for statement in statements)
    coverage = tuple(_coverage(work.id, versions, origin, seen, note))
    return WorkHistory(work=work, provisions=provisions, versions=versions, coverage=coverage)


def without_stillborn(statements: Sequence[Statement], seen: Observation) -> list[Statement]:
    """Leave out the texts that were replaced before they began, and note them.

    Raises:
        SourceError: no other text is in force on the day on which such a text would begin.
    """
    living = [said for said in statements if not said.is_stillborn]
    for said in statements:
        if not said.is_stillborn:
            continue
        place = Place(said.source.file, field=said.source.locator)
        problem = f"{said.label} ends on {said.end} but starts on {said.start}"
        fault = SourceError(place, f"{problem}: it was never in force")
        if not any(other.holds_on(said) for other in living):
            raise fault
        seen.refuse(fault)
    return living


def refuse_doubles(statements: Iterable[Statement], path: Path) -> None:
    """Check that a file does not state two texts of one provision for one territory and date.

    Raises:
        SourceError: it does.
    """
    texts: dict[tuple[str, str | None, date | None], str] = {}
    for said in statements:
        if texts.setdefault((said.label, said.extent, said.start), said.text) != said.text:
            raise SourceError(Place(str(path)), f"states two texts of {said.label} for one day")


def _provision(work_id: str, order: int, own: Sequence[Statement]) -> Provision:
    first = min((s.start or s.seen) for s in own)
    since = min((s.exists_since for s in own if s.exists_since), default=None)
    return Provision(
        id=provision_id(work_id, own[0].label, first),
        work_id=work_id,
        kind=own[0].kind,
        order=order,
        labels=(ProvisionNumber(text=own[0].label, valid_from=since),),
        placements=placements(
            (said.start, said.divisions)
            for said in sorted(own, key=lambda said: said.seen)
            if said.divisions  # a file of one provision may leave out what is around it
        ),
    )


def _versions(provision_id: str, own: Sequence[Statement], end: date) -> Iterator[Version]:
    """Yield the rows of a provision; from ``end`` on nothing is known."""
    groups = defaultdict(list)
    for statement in own:
        groups[statement.extent, statement.language].append(statement)
    for (extent, language), group in groups.items():
        states = [*_states([s for s in group if s.start is not None and s.start < s.until])]
        states.append(
            PublishedState(
                valid_from=end, text=None, gone=EndReason.UNKNOWN, source=group[0].source
            )
        )
        applies = {s.start: s.applies_from for s in group if s.applies_from is not None}
        for row in version_rows(provision_id, states, language=language, extent=extent):
            yield row.model_copy(update={"applies_from": applies.get(row.valid_from)})
        waiting = {s.text: s for s in group if s.start is None}
        for place, statement in enumerate(waiting.values()):
            yield _undated(provision_id, statement, place)


def _states(dated: Sequence[Statement]) -> Iterator[PublishedState]:
    """Yield the state at each date on which a statement begins or ends."""
    days = sorted({day for s in dated if s.start for day in (s.start, s.until)})
    for day in days:
        speaking = [s for s in dated if s.start and s.start <= day < s.until]
        believed = max(speaking, key=lambda s: (s.seen, s.start), default=None)
        if believed is not None:
            yield _state(believed, day)
        else:
            last = max((s for s in dated if s.until == day), key=lambda s: s.seen)
            yield PublishedState(
                valid_from=day,
                text=None,
                gone=last.ended,
                published=last.end_known,
                source=last.source,
            )


def _state(statement: Statement, day: date) -> PublishedState:
    return PublishedState(
        valid_from=day,
        text=statement.text,
        heading=statement.heading,
        published=statement.published,
        introduced_by=statement.introduced_by,
        source=statement.source,
        upstream=statement.upstream,
        note=statement.note,
    )


def _undated(provision_id: str, statement: Statement, place: int) -> Version:
    extent = f"~{statement.extent}" if statement.extent else ""
    return Version(
        id=f"{provision_id}@undated{extent}" + (f"~{place + 1}" if place else ""),
        provision_id=provision_id,
        language=statement.language,
        extent=statement.extent,
        heading=statement.heading,
        text=statement.text,
        commencement=statement.commencement,
        condition=statement.condition,
        published=statement.published,
        known_from=statement.published,
        known_to=statement.end_known,
        introduced_by=statement.introduced_by,
        source=statement.source,
        upstream=statement.upstream,
        note=statement.note,
    )


def _coverage(
    work_id: str,
    versions: Iterable[Version],
    origin: date | None,
    seen: date,
    note: str | None,
) -> Iterator[Coverage]:
    """Yield the intervals for which any text is held."""
    spans: list[Interval] = []
    for valid in sorted(
        (v.valid for v in versions if v.valid_from), key=lambda span: span.start or date.min
    ):
        last = spans[-1] if spans else None
        if last is None or (last.end is not None and valid.start and last.end < valid.start):
            spans.append(valid)
        elif last.end is not None:
            end = None if valid.end is None else max(last.end, valid.end)
            spans[-1] = Interval(start=last.start, end=end)
    for span in spans:
        assert span.start is not None
        yield Coverage(
            work_id=work_id,
            covered_from=span.start,
            covered_to=span.end,
            from_origin=span.start == origin,
            checked=seen,
            note=note,
        )
