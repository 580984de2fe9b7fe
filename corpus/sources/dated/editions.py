"""Dated editions of an act and the instruments between them.

An *edition* is a consolidated text: the sum of the first ``through`` amendments. Each provision is
traced through the editions; :mod:`corpus.sources.dated.dating` dates its texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date

from pydantic import Field

from corpus.history.placing import Divisions
from corpus.model import DateBasis, EndReason, Frozen, Work
from corpus.sources.dated.amendments import Amendment


class Unit(Frozen):
    """One provision as printed. ``text`` is ``None`` if the number has no text.

    ``remark`` is the publisher's note below the text, which is not law. ``file`` is given if it is
    not the edition's. ``divisions`` are those around it.
    """

    label: str
    text: str | None
    heading: str | None = None
    line: int | None = None
    remark: str | None = None
    file: str | None = None
    divisions: Divisions = ()


class Edition(Frozen):
    """A consolidated text. ``through`` counts the amendments it contains, in order.

    ``continues`` maps a unit (by index) to the unit of the previous edition that it continues.
    ``observed`` is the date by which the source showed it, for texts that change without an
    amendment.
    """

    file: str
    units: tuple[Unit, ...]
    through: int
    continues: dict[int, int] = Field(default_factory=dict)
    observed: date | None = None
    url: str | None = None
    basis: DateBasis = DateBasis.METADATA
    upstream: dict[str, str] = Field(default_factory=dict)
    note: str | None = None


class Ending(Frozen):
    """How a whole act ceased to be law."""

    day: date
    how: EndReason = EndReason.REPEALED
    by: str | None = None
    published: date | None = None


class Chronicle(Frozen):
    """Everything that a source says about one act.

    ``traced``: the amendments name what they change. ``origin``: the first of them is the beginning
    of the act. ``in_force_by``: a date by which every text published before it had taken effect,
    even without a stated date. ``checked``: when the source was last compared with its publisher.
    """

    work: Work
    kind: str = "article"
    amendments: tuple[Amendment, ...]
    editions: tuple[Edition, ...]
    traced: bool = False
    origin: bool = False
    in_force_by: date | None = None
    ending: Ending | None = None
    checked: date | None = None


ProvisionTrace = tuple[Unit | None, ...]
"""A provision: its unit in every edition, ``None`` where it is absent."""


def threads(editions: Sequence[Edition]) -> tuple[ProvisionTrace, ...]:
    """Trace every provision through the editions, in the order of its latest printed position.

    A number without a text that has one again is a new provision.
    """
    found: list[list[Unit | None]] = []
    places: list[int] = []
    current: dict[int, int] = {}
    for turn, edition in enumerate(editions):
        following: dict[int, int] = {}
        for index, unit in enumerate(edition.units):
            thread = current.get(edition.continues.get(index, -1))
            if thread is None or _reborn(found[thread][-1], unit):
                thread = len(found)
                found.append([None] * turn)
                places.append(index)
            found[thread].append(unit)
            places[thread] = index
            following[index] = thread
        for units in found:
            units.extend([None] * (turn + 1 - len(units)))
        current = following
    order = sorted(range(len(found)), key=lambda thread: places[thread])
    return tuple(tuple(found[thread]) for thread in order)


def _reborn(last: Unit | None, unit: Unit) -> bool:
    return last is not None and last.text is None and unit.text is not None


def fold(text: str) -> str:
    """Return a text normalised for comparison: widths, spaces and most punctuation removed.

    Points and commas inside numbers stay.
    """
    wide = unicodedata.normalize("NFKC", text)
    return re.sub(r"(?<!\d)[^\w%‰§$€£¥]|[^\w%‰§$€£¥](?!\d)", "", wide)
