"""Validate the filters of a request: jurisdictions and territories that the corpus knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from corpus.errors import BadInputError
from corpus.model import Work
from corpus.store import Store
from corpus.territories import extent_parts, jurisdiction_of, territories


def check_filters(
    store: Store, works: Sequence[Work], jurisdictions: Iterable[str], extent: str | None
) -> None:
    """Check that the corpus holds law of the jurisdictions, and knows the territory.

    Raises:
        BadInputError: a code is unknown; the message lists the known ones.
    """
    held = {work.jurisdiction for work in works}
    unknown = sorted(set(jurisdictions) - held)
    if unknown:
        raise BadInputError(
            f"There is no jurisdiction '{unknown[0][:60]}' in this corpus; "
            f"there are {', '.join(sorted(held))}."
        )
    if extent is None:
        return
    present = _territories(store.extents(), held)
    unheld = [part for part in extent_parts(extent) if part not in present]
    if unheld:
        listed = ", ".join(sorted(present)) or "none: no text of it is limited to a territory"
        raise BadInputError(
            f"There is no territory '{unheld[0][:60]}' in this corpus; there are {listed}."
        )


def _territories(limited: frozenset[str], held: set[str]) -> frozenset[str]:
    """Return the territories that texts are limited to, and the other parts of their homes."""
    homes = {jurisdiction_of(part) for part in limited} & held
    known = territories()
    return limited.union(*(known[home].parts for home in homes if home is not None))
