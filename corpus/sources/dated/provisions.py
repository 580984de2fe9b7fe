"""Numbers of a provision, and coverage of an act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from corpus.history.identity import provision_id
from corpus.history.placing import Divisions, placements
from corpus.model import Coverage, Provision, ProvisionNumber
from corpus.provision_numbers import label_key
from corpus.sources.dated.amendments import Amendment
from corpus.sources.dated.editions import Chronicle, ProvisionTrace
from corpus.sources.dated.steps import ProvisionStep, day_of, label_at, step_at


def provision_of(
    chronicle: Chronicle,
    thread: ProvisionTrace,
    steps: Sequence[ProvisionStep],
    order: int,
    coverage: Sequence[Coverage],
) -> Provision:
    """Return a provision with its numbers through time; its id comes from the first one."""
    first = label_at(thread, 0)
    published = steps[0].amendment.published
    return Provision(
        id=provision_id(chronicle.work.id, label_key(first), published or date.min),
        work_id=chronicle.work.id,
        kind=chronicle.kind,
        order=order,
        labels=_labels(_numbers(chronicle, thread, steps[0], coverage)),
        placements=placements(_placed(chronicle, thread, steps[0], coverage)),
    )


def _placed(
    chronicle: Chronicle,
    thread: ProvisionTrace,
    first: ProvisionStep,
    coverage: Sequence[Coverage],
) -> Iterator[tuple[date | None, Divisions]]:
    """Yield the divisions around a provision in each edition, from the day the edition shows.

    An edition whose instrument has no day says nothing.
    """
    begun = False
    for edition, unit in zip(chronicle.editions, thread, strict=True):
        if unit is None:
            continue
        amendment = chronicle.amendments[edition.through - 1]
        day = day_of(chronicle, amendment, amendment.default)
        if not begun:
            yield _existence(chronicle, first, coverage), unit.divisions
        elif day is not None:
            yield day, unit.divisions
        begun = True


def _existence(
    chronicle: Chronicle, first: ProvisionStep, coverage: Sequence[Coverage]
) -> date | None:
    """Return the start of the provision, which may be earlier than its first stored text."""
    if chronicle.traced and first.amendment.touched is None and coverage:
        return coverage[0].covered_from
    return first.first


_Change = tuple[str | None, date | None, date | None]
"""A number taken (``None``: given up), its date, and its publication."""


def _numbers(
    chronicle: Chronicle, thread: ProvisionTrace, first: ProvisionStep, coverage: Sequence[Coverage]
) -> Iterator[_Change]:
    borne: str | None = None
    begun = False
    for edition, unit in zip(chronicle.editions, thread, strict=True):
        label = unit.label if unit else None
        if label == borne:
            continue
        if not begun:
            yield label, _existence(chronicle, first, coverage), first.amendment.published
        else:
            amendment = chronicle.amendments[edition.through - 1]
            step = step_at(chronicle, amendment, label or borne or "")
            yield label, step.whole or step.first, step.known
        borne, begun = label, True


def _labels(changes: Iterator[_Change]) -> tuple[ProvisionNumber, ...]:
    """Return labels from changes of number; before a change was public, the old label is open."""
    listed = list(changes)
    labels = []
    for (text, day, known), following in zip(listed, [*listed[1:], None], strict=True):
        if text is None:
            continue
        until, public = (following[1], following[2]) if following else (None, None)
        if until is None or (day is not None and until <= day):
            labels.append(ProvisionNumber(text=text, valid_from=day, known_from=known))
            continue
        if public is not None and (known is None or known < public):
            labels.append(
                ProvisionNumber(text=text, valid_from=day, known_from=known, known_to=public)
            )
        labels.append(ProvisionNumber(text=text, valid_from=day, valid_to=until, known_from=public))
    return tuple(labels)


# Coverage -----------------------------------------------------------------------------------------


def coverage_of(chronicle: Chronicle) -> tuple[Coverage, ...]:
    """Return the coverage of the act, with holes where whole editions are missing."""
    spans = [_beginning_of(chronicle)] if chronicle.traced else list(_spans(chronicle))
    origin = chronicle.origin and (
        not chronicle.traced or chronicle.amendments[0] is _restatement(chronicle)
    )
    return tuple(
        Coverage(
            work_id=chronicle.work.id,
            covered_from=start,
            covered_to=end,
            from_origin=origin and place == 0,
            checked=chronicle.checked,
        )
        for place, (start, end) in enumerate(spans)
    )


_Span = tuple[date, date | None]


def _restatement(chronicle: Chronicle) -> Amendment:
    """Return the last instrument before the first edition that restated the whole act."""
    before = chronicle.amendments[: chronicle.editions[0].through]
    return next(a for a in reversed(before) if a.touched is None)


def _beginning_of(chronicle: Chronicle) -> _Span:
    amendment = _restatement(chronicle)
    day = day_of(chronicle, amendment, amendment.default)
    if day is None:
        raise ValueError("nothing says when the act took effect")
    return day, None


def _spans(chronicle: Chronicle) -> Iterator[_Span]:
    opened: date | None = None
    done = 0
    for turn, edition in enumerate(chronicle.editions):
        *missing, own = chronicle.amendments[done : edition.through] or (None,)
        done = edition.through
        if own is None:
            continue
        begins = own.default.day
        lost = min((a.published for a in missing if a.published), default=None) if turn else None
        if opened is not None and lost is not None and (begins is None or lost < begins):
            if lost > opened:
                yield opened, lost
            opened = None
        opened = opened if opened is not None else begins
    if opened is not None:
        yield opened, None
