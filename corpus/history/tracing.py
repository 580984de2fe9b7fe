"""Trace of one provision through the snapshots of its work, and the rows made from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from corpus.history.placing import Divisions
from corpus.history.snapshots import Gap, Snapshot, Unit
from corpus.history.timeline import PublishedState
from corpus.model import EndReason, ProvisionNumber


class TraceEvent(NamedTuple):
    """From ``day`` on the provision reads like ``unit``; ``None``: it ended, for ``reason``."""

    day: date
    unit: Unit | None
    reason: EndReason
    stage: Snapshot | Gap
    note: str | None = None


@dataclass(eq=False)
class ProvisionTrace:
    """A provision being traced.

    ``events`` are in order of their dates, ``borne`` holds the label from each date on (``None``
    for none), ``last`` is its last text, ``order`` its last printed position, and ``placed`` holds
    the divisions around it from each date on.
    """

    id: str
    events: list[TraceEvent] = field(default_factory=list)
    borne: list[tuple[date, str | None]] = field(default_factory=list)
    last: Unit | None = None
    order: int = 0
    placed: list[tuple[date, Divisions]] = field(default_factory=list)

    @property
    def alive(self) -> bool:
        """Return whether it is in force after its last event."""
        return bool(self.events) and self.events[-1].unit is not None

    def bears(self, day: date, label: str | None) -> None:
        """Record its label from ``day`` on."""
        if not self.borne or self.borne[-1][1] != label:
            self.borne.append((day, label))

    def stands(self, day: date, divisions: Divisions) -> None:
        """Record the divisions around it from ``day`` on."""
        if not self.placed or self.placed[-1][1] != divisions:
            self.placed.append((day, divisions))

    def reads(self, unit: Unit, stage: Snapshot) -> None:
        """Record its text from the snapshot's date on."""
        if not (self.alive and self.says(unit)):
            note = _note(stage, len(stage.page[unit.key]))
            self.events.append(TraceEvent(stage.day, unit, EndReason.SUPERSEDED, stage, note))
        self.last = unit

    def ends(self, day: date, reason: EndReason, stage: Snapshot | Gap) -> None:
        """Record that it has no text from ``day`` on, if it had one."""
        if self.alive:
            self.events.append(TraceEvent(day, None, reason, stage))

    def says(self, unit: Unit) -> bool:
        """Return whether its last text equals the unit's."""
        last = self.last
        return last is not None and (last.words, last.heading) == (unit.words, unit.heading)

    def resumes_with(self, unit: Unit) -> bool:
        """Return whether the unit, printed under its number, continues this provision."""
        unknown = not self.events or self.events[-1].reason is EndReason.UNKNOWN
        return self.alive or unknown or self.says(unit)


def labels(thread: ProvisionTrace) -> tuple[ProvisionNumber, ...]:
    """Return the labels of a provision with their intervals; empty intervals are left out."""
    ends = [day for day, _ in thread.borne[1:]]
    return tuple(
        ProvisionNumber(text=text, valid_from=start, valid_to=end)
        for (start, text), end in zip(thread.borne, [*ends, None], strict=True)
        if text is not None and start != end
    )


def states(thread: ProvisionTrace, early: Sequence[Snapshot]) -> Iterator[PublishedState]:
    """Yield the published states of a provision.

    A snapshot that repeats the text of an earlier date is left out, unless it was published before
    it; then it was the first to state the text, for its own date.
    """
    for event in thread.events:
        yield _state(event)
    for stage in early:
        past = [event for event in thread.events if event.day <= stage.day]
        if not past or past[-1].stage is stage or isinstance(past[-1].stage, Gap):
            continue
        said = past[-1].stage.published
        if said is not None and stage.published is not None and stage.published < said:
            yield _state(past[-1]._replace(day=stage.day, stage=stage))


def _state(event: TraceEvent) -> PublishedState:
    stage, unit = event.stage, event.unit
    if isinstance(stage, Gap):
        return PublishedState(
            valid_from=event.day, text=None, gone=event.reason, source=stage.source
        )
    fields: dict[str, object] = {
        "valid_from": event.day,
        "text": None,
        "published": stage.published,
        "introduced_by": stage.introduced_by,
        "source": stage.source,
    }
    if unit is None:
        return PublishedState.model_validate({**fields, "gone": event.reason})
    more = {"text": unit.text, "heading": unit.heading, "note": event.note}
    return PublishedState.model_validate({**fields, **more, "upstream": dict(stage.upstream)})


def _note(stage: Snapshot, printed: int) -> str | None:
    if printed > 1:
        return f"The source prints {printed} texts under this number and does not choose."
    if stage.unsure_since is not None:
        return f"Found in a copy of {stage.day}; in force since an unknown earlier day."
    return stage.note
