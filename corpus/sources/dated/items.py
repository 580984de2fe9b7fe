"""A row of the index with its document, and the edition made from both."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from corpus.errors import Place, SourceError
from corpus.model import DateBasis
from corpus.provision_numbers import label_key
from corpus.sources.dated.alignment import align, by_label
from corpus.sources.dated.dated_dialect import Listing
from corpus.sources.dated.editions import Edition, Unit
from corpus.sources.dated.rows import Row
from corpus.sources.dated.texts import Document


@dataclass(frozen=True)
class Item:
    """A row of the index with its document."""

    row: Row
    document: Document
    listing: Listing

    @property
    def adopted(self) -> date | None:
        """Return the adoption of the instrument: the row's, else the header's last event."""
        if self.row.adopted or not self.document.events:
            return self.row.adopted
        return self.document.events[-1].day

    @property
    def published(self) -> date | None:
        """Return the publication: the row's, else the header's, else the adoption."""
        header = self.listing.header
        days = [
            event.day
            for event in self.document.events
            if header and header.published and header.published.search(event.words)
        ]
        later = [day for day in days if self.adopted is not None and day >= self.adopted]
        return self.row.published or max(later, default=self.adopted)

    @property
    def instrument(self) -> str | None:
        """Return the instrument of the edition, if row or header names it."""
        header, events = self.listing.header, self.document.events
        if self.row.introduced_by or not events or self.adopted is None:
            return self.row.introduced_by
        last = events[-1]
        amends = header is not None and header.amends and header.amends.search(last.words)
        limit = 0 if amends else YEAR
        return last.words if abs((self.adopted - last.day).days) <= limit else None

    @property
    def order(self) -> tuple[date, date]:
        """Return the sort key: adoption, then commencement."""
        known = self.adopted or self.published or self.row.in_force_from or date.min
        return known, self.row.in_force_from or date.max


YEAR = 366
"""Greatest number of days between the adoption and the publication of one instrument."""

Renumberings = Mapping[date, Mapping[str, tuple[str, Place]]]
"""Known renumberings by date: the key of a new number, the old key, and the place."""


def edition_of(
    item: Item,
    through: int,
    earlier: Sequence[Edition],
    told: Renumberings,
    *,
    numbers_stay: bool = False,
) -> Edition:
    """Return the edition that contains the first ``through`` amendments.

    ``numbers_stay``: articles keep their numbers, so that a number identifies an article.

    Raises:
        SourceError: a known renumbering names an article that does not exist.
    """
    units = item.document.units
    before = earlier[-1].units if earlier else ()
    if numbers_stay:
        continues = by_label(before, units)
    else:
        continues = align(before, units, _told(item, before, told)) if before else {}
    return Edition(
        file=item.row.file,
        units=units,
        through=through,
        continues=continues,
        observed=item.row.observed or item.published,
        url=item.row.url or item.document.url,
        basis=_basis(item),
        upstream=item.row.upstream,
        note=item.row.note,
    )


def _told(item: Item, before: Sequence[Unit], told: Renumberings) -> dict[int, int]:
    begins = item.row.in_force_from
    old = {label_key(unit.label): index for index, unit in enumerate(before)}
    new = {label_key(unit.label): index for index, unit in enumerate(item.document.units)}
    found = {}
    for to, (source, place) in (told.get(begins, {}) if begins else {}).items():
        if to not in new or source not in old:
            missing = f"'{to}' on" if to not in new else f"'{source}' before"
            raise SourceError(place, f"no provision is numbered {missing} {begins}")
        found[new[to]] = old[source]
    return found


def _basis(item: Item) -> DateBasis:
    if "in_force_from: reason" in item.row.upstream:
        return DateBasis.OVERLAY
    said = item.row.basis or ""
    found = (basis for start, basis in item.listing.basis.items() if re.match(start, said))
    return next(found, DateBasis.METADATA)
