"""What the store says of a cited text in one of its states, and what has changed between two.

States are compared by the identity of the version, the digest of its text, its interval and the
numbers of its provision.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from corpus.model import Citation, EndReason, Frozen, ProvisionNumber
from corpus.store import Store
from corpus.store_rows import digest_of

ChangeKind = Literal[
    "amended",
    "repealed",
    "expired",
    "annulled",
    "suspended",
    "record_ends",
    "renumbered",
    "corrected",
    "removed",
]

_KINDS: dict[EndReason, ChangeKind] = {
    EndReason.SUPERSEDED: "amended",
    EndReason.REPEALED: "repealed",
    EndReason.EXPIRED: "expired",
    EndReason.ANNULLED: "annulled",
    EndReason.SUSPENDED: "suspended",
    EndReason.UNKNOWN: "record_ends",
}


class Standing(Frozen):
    """A version as one state of the store has it; all fields are empty if that state lacks it.

    Attributes:
        digest: SHA-256 of its text; null if the state does not hold the version.
        valid_from: its first day in force.
        valid_to: the first day on which it is no longer in force; null while that is open.
        ended: how it ended.
        ended_by: the act that ended it, where the source names it.
        numbers: the numbers of its provision with their intervals.
    """

    digest: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    ended: EndReason | None = None
    ended_by: str | None = None
    numbers: tuple[ProvisionNumber, ...] = ()


class Change(Frozen):
    """A change of a cited text.

    Attributes:
        kind: what happened to the text.
        day: from when the change has effect; null where it has no day.
        by: the act that makes it; null where the source does not name it.
        number: the new number of a renumbered provision; null for other changes.
        text: SHA-256 of the text as it was corrected; null for other changes.
    """

    kind: ChangeKind
    day: date | None = None
    by: str | None = None
    number: str | None = None
    text: str | None = None


def standing_of(store: Store, provision_id: str, version_id: str) -> Standing:
    """Return what a store says of a version, by its latest knowledge."""
    provision, version = store.provision(provision_id), store.version(version_id)
    if provision is None or version is None:
        return Standing()
    return Standing(
        digest=digest_of(version.text),
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        ended=version.ended,
        ended_by=version.ended_by,
        numbers=tuple(n for n in provision.labels if n.known_to is None),
    )


def changes(
    before: Standing, after: Standing, cited: Citation, asked_on: date, until: date
) -> Iterator[Change]:
    """Yield what changed between two states, and what was to come after ``asked_on``.

    Args:
        before: the text in the state from which the question was answered.
        after: the text in another state.
        cited: the citation in the answer.
        asked_on: the day of the question: what was on record as of that day by then is no change.
        until: what has effect later is left out.
    """
    if before.digest is None:
        return  # what the answer relied on is not on record, so nothing can be compared
    if after.digest is None:
        yield Change(kind="removed")
        return
    if (before.digest, before.valid_from) != (after.digest, after.valid_from):
        yield Change(kind="corrected", day=after.valid_from, text=after.digest)
    yield from _end(before, after, asked_on, until)
    yield from _numbers(before, after, cited, asked_on, until)


def _end(before: Standing, after: Standing, asked_on: date, until: date) -> Iterator[Change]:
    was, now = (before.valid_to, before.ended), (after.valid_to, after.ended)
    if after.valid_to is None or after.ended is None:
        if was != now:
            yield Change(kind="corrected", day=before.valid_to)
        return
    if after.valid_to > until or (was == now and after.valid_to <= asked_on):
        return
    kind = _KINDS[after.ended]
    if kind == "record_ends":
        if before.ended is not EndReason.UNKNOWN:
            yield Change(kind=kind)
        return
    yield Change(kind=kind, day=after.valid_to, by=after.ended_by)


def _numbers(
    before: Standing, after: Standing, cited: Citation, asked_on: date, until: date
) -> Iterator[Change]:
    """Yield the numbers that the provision got since, or will get."""
    known = {(number.text, number.valid_from) for number in before.numbers}
    for number in after.numbers:
        start = number.valid_from
        if start is None or number.text == cited.label or start > until:
            continue
        if (number.text, start) not in known or start > asked_on:
            yield Change(kind="renumbered", day=start, number=number.text)
