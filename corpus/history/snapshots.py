"""Snapshots of a work: the complete text from a date on, as publishers print it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from corpus.model import EndReason, SourceRef

Slot = tuple[str, int]
"""A label's key, and the index among the texts printed under it."""


@dataclass(frozen=True, eq=False)
class Unit:
    """A provision as printed in a snapshot. Two that print the same must be one object.

    ``text`` is ``None`` if the snapshot says that there is none; ``absence`` is then the reason.
    ``words`` is the text with white space normalised to single spaces.
    """

    key: str
    label: str
    heading: str | None
    text: str | None
    words: str
    absence: EndReason | None = None


Page = Mapping[str, tuple[Unit, ...]]
"""The units of a snapshot by label key; equal texts under one label appear once."""


@dataclass(frozen=True)
class Snapshot:
    """A whole work as it stands from ``day`` on.

    ``unsure_since``: the snapshot is a copy made on ``day``, and what differs from the one before
    took effect on an unknown date since then. ``divisions`` are those around each label key, as
    printed, outermost first.
    """

    day: date
    page: Page
    source: SourceRef
    published: date | None = None
    introduced_by: str | None = None
    unsure_since: date | None = None
    upstream: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None
    divisions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Gap:
    """From ``day`` until the next snapshot the record is incomplete."""

    day: date
    source: SourceRef
