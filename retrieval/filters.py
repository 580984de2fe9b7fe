"""The filters of a request: where law is looked for. A code that nothing bears is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from corpus.errors import BadInputError
from corpus.languages.places import places_known
from corpus.model import Work
from corpus.store import Store
from corpus.territories import extent_parts


def check_filters(
    store: Store, works: Sequence[Work], jurisdictions: Iterable[str], extent: str | None
) -> None:
    """Refuse a jurisdiction or a territory that the corpus does not know.

    A jurisdiction that questions can name is known, though no work of it is held.

    Raises:
        BadInputError: says which code is unknown, and which ones there are.
    """
    held = {work.jurisdiction for work in works}
    unknown = sorted(set(jurisdictions) - held - places_known())
    if unknown:
        raise BadInputError(
            f"There is no jurisdiction '{unknown[0][:60]}' in this corpus; "
            f"there are {', '.join(sorted(held))}."
        )
    if extent is None:
        return
    territories = store.extents()
    unheld = [part for part in extent_parts(extent) if part not in territories]
    if unheld:
        listed = ", ".join(sorted(territories)) or "none: no text of it is limited to a territory"
        raise BadInputError(
            f"There is no territory '{unheld[0][:60]}' in this corpus; there are {listed}."
        )
