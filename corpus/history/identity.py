"""Identity of provisions across renumbering: from snapshots of a work to histories.

Some publishers print a work as a series of complete texts, each from a date on, in which a
provision is known by its number only. Numbers move and are reused, so a number does not identify a
provision. These rules decide identity; texts are never guessed:

- A provision keeps its identity while its number stays and its text changes.
- It keeps its identity under another number if, on one date, its text leaves its number and
  appears, unchanged and nowhere else, under the other (:func:`renumbered`). The text under its old
  number from that date on belongs to another provision.
- A number that comes back after a repeal with another text is another provision; with the same
  text, or after a gap in the record, it is the same one.
- Several texts printed under one number in one state are several provisions with the same label on
  the same dates, so resolving the label reports an ambiguity. If later only one text is printed, it
  continues the first of them; the record of the others ends.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from corpus.history.placing import placements
from corpus.history.snapshots import Gap, Page, Slot, Snapshot, Unit
from corpus.history.timeline import version_rows
from corpus.history.tracing import ProvisionTrace, labels, states
from corpus.model import EndReason, Provision, Version


def renumbered(
    left: Mapping[Slot, str], arrived: Mapping[Slot, str], stayed: Collection[str], shortest: int
) -> dict[Slot, Slot]:
    """Return which provisions moved to which number on one date.

    A provision moved if the text that left its slot is the text that arrived in a slot of another
    label, and no other slot lost, gained or kept that text.

    Args:
        left: the texts, on the day before, of slots whose text changed or disappeared.
        arrived: the texts, on the date, of slots whose text changed or appeared.
        stayed: the texts of all other slots.
        shortest: texts of fewer characters are not matched.
    """
    lost, gained = Counter(left.values()), Counter(arrived.values())
    target = {text: slot for slot, text in arrived.items()}
    return {
        source: target[text]
        for source, text in left.items()
        if lost[text] == gained[text] == 1
        and target[text][0] != source[0]
        and text not in stayed
        and len(text) >= shortest
    }


def provision_id(work_id: str, label: str, day: date, nth: int = 0) -> str:
    """Return an id that does not contain the number: a hash of the first label and date."""
    digest = hashlib.sha256(f"{work_id}|{label}|{day}|{nth}".encode())
    return f"{work_id}#{digest.hexdigest()[:12]}"


def trace(
    work_id: str,
    stages: Iterable[Snapshot | Gap],
    *,
    language: str,
    kind: str = "article",
    shortest: int = 80,
) -> tuple[tuple[Provision, ...], tuple[Version, ...]]:
    """Return the provisions of a work and their version rows, in valid and known time.

    Args:
        work_id: the work's id.
        stages: the snapshots in order of their dates; on one date, in order of publication.
        language: language of the texts.
        kind: kind of the provisions.
        shortest: least characters of a text by which a renumbering is recognised.
    """
    so_far = _SoFar(work_id)
    for stage in stages:
        if isinstance(stage, Gap):
            _interrupt(so_far, stage)
        else:
            _advance(so_far, stage, shortest)
    _place(so_far, so_far.page)
    provisions: list[Provision] = []
    versions: list[Version] = []
    for thread in so_far.threads:
        rows = version_rows(thread.id, states(thread, so_far.early), language=language)
        borne = labels(thread)
        if rows and borne:
            versions.extend(rows)
            fields = {"id": thread.id, "work_id": work_id, "kind": kind, "order": thread.order}
            more = {"labels": borne, "placements": placements(thread.placed)}
            provisions.append(Provision.model_validate({**fields, **more}))
    return tuple(provisions), tuple(versions)


@dataclass
class _SoFar:
    """State while snapshots are processed. ``standing`` has the units in force, by slot.

    ``bearers`` has the last provision of each slot, in force or not; ``early`` the snapshots that
    were published before a snapshot of an earlier date.
    """

    work_id: str
    page: Page = field(default_factory=dict)
    standing: dict[str, dict[int, Unit]] = field(default_factory=dict)
    bearers: dict[Slot, ProvisionTrace] = field(default_factory=dict)
    threads: list[ProvisionTrace] = field(default_factory=list)
    early: list[Snapshot] = field(default_factory=list)
    latest: date | None = None


def _interrupt(so_far: _SoFar, gap: Gap) -> None:
    _place(so_far, so_far.page)
    for key, units in so_far.standing.items():
        for number in units:
            so_far.bearers[key, number].ends(gap.day, EndReason.UNKNOWN, gap)
    so_far.page, so_far.standing = {}, {}


def _advance(so_far: _SoFar, stage: Snapshot, shortest: int) -> None:
    """Process a snapshot; only the labels whose units changed are examined."""
    changed = [k for k in {**so_far.page, **stage.page} if so_far.page.get(k) != stage.page.get(k)]
    stood = {k: so_far.standing.pop(k, {}) for k in changed}
    eve = {(k, n): u for k, units in stood.items() for n, u in units.items()}
    day = {
        (k, n): u
        for k, units in stood.items()
        for n, u in _aligned(stage.page.get(k, ()), units).items()
    }
    left = {slot: unit for slot, unit in eve.items() if day.get(slot) is not unit}
    arrived = {s: u for s, u in day.items() if u.text is not None and eve.get(s) is not u}
    moves = _moves(so_far, eve, left, arrived, shortest)
    _place(so_far, {key for key, _ in left})
    movers = {target: so_far.bearers.pop(source) for source, target in moves.items()}
    for slot in left.keys() - arrived.keys() - moves.keys():
        _depart(so_far.bearers[slot], slot, day.get(slot), stage)
    for slot, unit in arrived.items():
        _arrive(so_far, stage, slot, unit, movers.get(slot))
    for (key, number), unit in day.items():
        if unit.absence is EndReason.UNKNOWN and (key, number) not in so_far.bearers:
            so_far.bearers[key, number] = _unread(so_far, stage, unit)
        if unit.text is not None:
            so_far.standing.setdefault(key, {})[number] = unit
    so_far.page = stage.page
    _place_in_divisions(so_far, stage)
    _mark_early(so_far, stage)


def _moves(
    so_far: _SoFar,
    eve: Mapping[Slot, Unit],
    left: Mapping[Slot, Unit],
    arrived: Mapping[Slot, Unit],
    shortest: int,
) -> dict[Slot, Slot]:
    if not (left and arrived):
        return {}
    stayed = {unit.words for slot, unit in eve.items() if slot not in left}
    stayed.update(unit.words for units in so_far.standing.values() for unit in units.values())
    return renumbered(
        {slot: unit.words for slot, unit in left.items()},
        {slot: unit.words for slot, unit in arrived.items()},
        stayed,
        shortest,
    )


def _arrive(
    so_far: _SoFar, stage: Snapshot, slot: Slot, unit: Unit, mover: ProvisionTrace | None
) -> None:
    """Start a text in a slot, of the provision that moved there, is there, or is new."""
    there = so_far.bearers.get(slot)
    thread = mover
    if thread is None and there is not None and there.resumes_with(unit):
        thread = there
        if stage.unsure_since is not None:
            thread.ends(stage.unsure_since, EndReason.UNKNOWN, stage)
    if thread is None:
        thread = ProvisionTrace(provision_id(so_far.work_id, unit.label, stage.day, slot[1]))
        so_far.threads.append(thread)
    if there is not None and there is not thread:
        _depart(there, slot, None, stage)
        there.bears(stage.day, None)
    thread.bears(stage.day, unit.label)
    thread.reads(unit, stage)
    so_far.bearers[slot] = thread


def _unread(so_far: _SoFar, stage: Snapshot, unit: Unit) -> ProvisionTrace:
    """Return a new provision that the snapshot has, and whose text it does not contain."""
    thread = ProvisionTrace(provision_id(so_far.work_id, unit.label, stage.day))
    thread.bears(stage.day, unit.label)
    so_far.threads.append(thread)
    return thread


def _depart(thread: ProvisionTrace, slot: Slot, absent: Unit | None, stage: Snapshot) -> None:
    """End a provision: repealed, unless the snapshot says otherwise or another text stays."""
    reason = EndReason.UNKNOWN if slot[1] else EndReason.REPEALED
    if absent is not None and absent.absence is not None:
        reason = absent.absence
    if stage.unsure_since is not None:
        thread.ends(stage.unsure_since, EndReason.UNKNOWN, stage)
    thread.ends(stage.day, reason, stage)
    if slot[1]:
        thread.bears(stage.day, None)


def _aligned(units: Sequence[Unit], stood: Mapping[int, Unit]) -> dict[int, Unit]:
    """Number the units of one label: a single one is the first; of several, each keeps its number.

    ``stood`` are the units that stood under the label until then, by their numbers.
    """
    if len(units) == 1:
        return {0: units[0]}
    printed = set(units)
    kept = {number: unit for number, unit in stood.items() if unit in printed}
    held = set(kept.values())
    free = (number for number in range(2 * len(units)) if number not in kept)
    return kept | {next(free): unit for unit in units if unit not in held}


def _place(so_far: _SoFar, keys: Collection[str]) -> None:
    """Set the printed position of the provisions in force under these labels."""
    if not keys:
        return
    for place, (key, units) in enumerate(so_far.page.items()):
        if key in keys:
            for number in range(2 * len(units)):
                if (key, number) in so_far.bearers:
                    so_far.bearers[key, number].order = place


def _place_in_divisions(so_far: _SoFar, stage: Snapshot) -> None:
    """Record the divisions around each provision in force."""
    for key, units in so_far.standing.items():
        for number in units:
            if key in stage.divisions:
                so_far.bearers[key, number].stands(stage.day, stage.divisions[key])


def _mark_early(so_far: _SoFar, stage: Snapshot) -> None:
    if stage.published is None:
        return
    if so_far.latest is not None and stage.published < so_far.latest:
        so_far.early.append(stage)
    else:
        so_far.latest = stage.published
