"""Snapshots of a work, as publishers of consolidated texts print them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from corpus.model import EndReason, SourceRef

Slot = tuple[str, int]
"""A label's key, and which of the texts printed under it (0 is the first)."""


@dataclass(frozen=True, eq=False)
class Unit:
    """A provision as a state prints it. Two that print the same must be one object.

    ``text`` is ``None`` where the state says that there is none; ``absence`` then says why.
    ``words`` is the text with all white space made single spaces.
    """

    key: str
    label: str
    heading: str | None
    text: str | None
    words: str
    absence: EndReason | None = None


Page = Mapping[str, tuple[Unit, ...]]
"""The units of a state as printed, by label key; of equal texts under one label, only one."""


@dataclass(frozen=True)
class Snapshot:
    """A whole work as it stands from ``day`` on.

    ``unsure_since``: the stage is a copy made on ``day``, and what differs from the stage before
    took effect on an unknown day since then.
    """

    day: date
    page: Page
    source: SourceRef
    published: date | None = None
    introduced_by: str | None = None
    unsure_since: date | None = None
    upstream: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True)
class Gap:
    """From ``day`` until the next stage the record is incomplete."""

    day: date
    source: SourceRef
