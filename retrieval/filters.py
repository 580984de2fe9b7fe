"""Validate the filters of a request: what the corpus holds and knows."""

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


def check_chosen(
    works: Sequence[Work],
    acts: Iterable[str] = (),
    kinds: Iterable[str] = (),
    languages: Iterable[str] = (),
) -> None:
    """Check that the corpus holds the acts, kinds of acts and languages that a search names.

    Raises:
        BadInputError: one is not held; the message lists those that are, of kinds and languages.
    """
    ids = {work.id for work in works}
    if unknown := sorted(set(acts) - ids):
        raise BadInputError(f"There is no act with the id '{unknown[0][:60]}' in this corpus.")
    held_kinds = {work.kind for work in works}
    held_languages = {work.language for work in works}
    for what, asked, held in (
        ("kind of act", kinds, held_kinds),
        ("text in the language", languages, held_languages),
    ):
        if unknown := sorted(set(asked) - held):
            raise BadInputError(
                f"There is no {what} '{unknown[0][:60]}' in this corpus; "
                f"there are {', '.join(sorted(held))}."
            )


def _territories(limited: frozenset[str], held: set[str]) -> frozenset[str]:
    """Return the territories that texts are limited to, and the other parts of their homes."""
    homes = {jurisdiction_of(part) for part in limited} & held
    known = territories()
    return limited.union(*(known[home].parts for home in homes if home is not None))
