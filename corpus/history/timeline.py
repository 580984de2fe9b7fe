"""Version rows from dated states, in valid and known time.

Publishers of consolidated texts print *states*: "from this date, as published on that date, the
provision reads so" (or is absent). This module converts the states of one provision to
non-overlapping rows, and keeps the rows that were believed before a later publication changed them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from pydantic import Field

from corpus.model import Commencement, DateBasis, EndReason, Frozen, SourceRef, Version


class PublishedState(Frozen):
    """A provision as it stands from ``valid_from`` on. ``text`` is ``None`` if it ended.

    ``published`` is when this became known, ``None`` if the source does not say (it then counts as
    always known). ``gone`` is the reason of the end. States of equal ``valid_from`` are ordered by
    publication, then as given; the last one known counts.
    """

    valid_from: date
    text: str | None
    published: date | None = None
    heading: str | None = None
    introduced_by: str | None = None
    gone: EndReason = EndReason.REPEALED
    date_basis: DateBasis = DateBasis.METADATA
    source: SourceRef
    upstream: dict[str, str] = Field(default_factory=dict)
    note: str | None = None


def version_rows(
    provision_id: str, states: Iterable[PublishedState], *, language: str, extent: str | None = None
) -> tuple[Version, ...]:
    """Return the rows of a provision: for each known-at date, the timeline believed then.

    A row keeps its version id while its end changes with later knowledge. Consecutive states with
    the same text and heading are one version, from the first of them.
    """
    ordered = sorted(states, key=lambda s: (s.valid_from, s.published or date.min))
    moments: list[date | None] = sorted(
        {s.published for s in ordered}, key=lambda day: day or date.min
    )
    open_rows: dict[str, Version] = {}
    closed: list[Version] = []
    ids = _version_ids(provision_id, ordered, extent)
    for moment in moments:
        believed = _believed(ordered, moment)
        fresh = {v.id: v for v in _timeline(believed, ids, provision_id, language, extent)}
        for version_id, row in list(open_rows.items()):
            if version_id not in fresh or not _same(fresh[version_id], row):
                del open_rows[version_id]
                if moment is not None:
                    closed.append(row.model_copy(update={"known_to": moment}))
        for version_id, row in fresh.items():
            if version_id not in open_rows:
                open_rows[version_id] = row.model_copy(update={"known_from": moment})
    rows = [*closed, *open_rows.values()]
    return tuple(sorted(rows, key=lambda v: (v.valid_from or date.min, v.known_from or date.min)))


def _believed(states: Sequence[PublishedState], moment: date | None) -> list[PublishedState]:
    """Return the states known at ``moment``, one per date; of equal dates the last counts."""
    by_day: dict[date, PublishedState] = {}
    for state in states:
        if state.published is None or (moment is not None and state.published <= moment):
            by_day[state.valid_from] = state
    return [by_day[day] for day in sorted(by_day)]


def _timeline(
    states: Sequence[PublishedState],
    ids: dict[int, str],
    provision_id: str,
    language: str,
    extent: str | None,
) -> list[Version]:
    merged: list[PublishedState] = []
    for state in states:
        if not merged or _content(merged[-1]) != _content(state):
            merged.append(state)
    rows = []
    for this, following in zip(merged, [*merged[1:], None], strict=True):
        if this.text is None:
            continue
        end = following.valid_from if following else None
        reason = None
        if following is not None:
            reason = EndReason.SUPERSEDED if following.text is not None else following.gone
        rows.append(
            Version(
                id=ids[id(this)],
                provision_id=provision_id,
                language=language,
                extent=extent,
                heading=this.heading,
                text=this.text,
                valid_from=this.valid_from,
                valid_to=end,
                commencement=Commencement.FIXED,
                ended=reason,
                introduced_by=this.introduced_by,
                ended_by=following.introduced_by if following else None,
                published=this.published,
                date_basis=this.date_basis,
                source=this.source,
                upstream=this.upstream,
                note=this.note,
            )
        )
    return rows


def _version_ids(
    provision_id: str, states: Sequence[PublishedState], extent: str | None
) -> dict[int, str]:
    """Return an id for each state: ``provision@date``, with ``~n`` for more texts of a date."""
    ids: dict[int, str] = {}
    seen: dict[date, int] = {}
    territory = f"~{extent}" if extent else ""
    for state in states:
        n = seen[state.valid_from] = seen.get(state.valid_from, 0) + 1
        suffix = f"~{n}" if n > 1 else ""
        ids[id(state)] = f"{provision_id}@{state.valid_from}{territory}{suffix}"
    return ids


def _content(state: PublishedState) -> tuple[str | None, str | None, EndReason | None]:
    if state.text is None:
        return (None, None, state.gone)
    return (state.text, state.heading, None)


def _same(new: Version, old: Version) -> bool:
    """Return whether two rows are equal apart from their known time."""
    blank = {"known_from": None, "known_to": None}
    return new.model_copy(update=blank) == old.model_copy(update=blank)
