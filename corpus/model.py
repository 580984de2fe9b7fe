"""Data model: works, provisions, versions and their dates, as frozen data. No I/O, no clock.

The vocabulary follows FRBR as legal publishers use it: a :class:`Work` (an act or code) contains
:class:`Provision` s (an article, whatever its number), and each provision has :class:`Version` s
(FRBR expressions: one text, in one language, for one territory).

There are two clocks. *Valid time* (``valid_from``/``valid_to``): when was this the law? *Known
time* (``known_from``/``known_to``): when was this the published state of knowledge? Both are
half-open ``[start, end)``; ``None`` is an open end. There are no sentinel dates.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Frozen(BaseModel):
    """Base of all InForce data: immutable, and unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _written_out(value: object) -> object:
    """Refuse what pydantic would read as seconds since 1970: a number, or a text of digits."""
    if value is None or isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    raise ValueError("a day is written as YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_written_out)]
"""A date that is read from outside: ``YYYY-MM-DD`` and nothing else."""


class Interval(Frozen):
    """A half-open interval of dates ``[start, end)``. ``None`` leaves that side open.

    Raises:
        ValueError: the interval ends on or before its start.
    """

    start: Day | None = None
    end: Day | None = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"interval ends {self.end} but starts {self.start}")
        return self

    def __contains__(self, day: date) -> bool:
        """Return whether ``day`` is inside the interval; the end is excluded."""
        return not (self.before(day) or self.after(day))

    def before(self, day: date) -> bool:
        """Return whether the whole interval is before ``day``."""
        return self.end is not None and self.end <= day

    def after(self, day: date) -> bool:
        """Return whether the whole interval is after ``day``."""
        return self.start is not None and self.start > day

    def intersect(self, other: Interval) -> Interval | None:
        """Return the dates that both intervals contain, or ``None`` if there are none."""
        starts = [day for day in (self.start, other.start) if day is not None]
        ends = [day for day in (self.end, other.end) if day is not None]
        start, end = max(starts, default=None), min(ends, default=None)
        if start is not None and end is not None and end <= start:
            return None
        return Interval(start=start, end=end)

    def overlaps(self, other: Interval) -> bool:
        """Return whether the two intervals share a date."""
        return self.intersect(other) is not None

    def words(self) -> str:
        """Return the interval in words, by its first and its last day (not the exclusive end)."""
        return "".join(map(str, self.parts()))

    def parts(self) -> tuple[str | date, ...]:
        """Return :meth:`words` as parts, with the dates as ``date`` objects."""
        if self.start is None and self.end is None:
            return ("without recorded limits",)
        if self.end is None:
            return ("since ", self.start or "")
        last = date.fromordinal(self.end.toordinal() - 1)
        if self.start is None:
            return ("until ", last)
        return ("only on ", last) if self.start == last else ("from ", self.start, " to ", last)


class EndReason(StrEnum):
    """Why a version stopped being in force on its ``valid_to``."""

    SUPERSEDED = "superseded"
    REPEALED = "repealed"
    EXPIRED = "expired"
    ANNULLED = "annulled"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"  # the record stops here: what follows is a coverage gap


class Commencement(StrEnum):
    """What is known of the date on which a version takes effect."""

    FIXED = "fixed"
    TO_BE_FIXED = "to_be_fixed"  # enacted; commencement depends on ``condition``
    UNKNOWN = "unknown"  # it took effect, but the source does not say when


class DateBasis(StrEnum):
    """Origin of ``valid_from``."""

    METADATA = "metadata"
    CLAUSE = "clause"
    DECISION = "decision"
    OVERLAY = "overlay"


class SourceRef(Frozen):
    """The document that a version was read from.

    ``file`` is the path inside the source, ``locator`` a commit, line or element id, ``url`` the
    official page if there is one.
    """

    file: str
    locator: str | None = None
    url: str | None = None

    def words(self) -> str:
        """Return the file, the place inside it and the official page as text."""
        return " ".join(part for part in (self.file, self.locator, self.url) if part)


class Work(Frozen):
    """An act, code, regulation or constitution.

    ``id`` is ``<jurisdiction>/<local id>``; ``citation`` is the official citation; ``aliases`` are
    short titles and abbreviations; ``note`` is shown with every text of the work.
    """

    id: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)?/[^\s@#]+$")
    jurisdiction: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)?$")
    language: str = Field(pattern=r"^[a-z]{2}(-[A-Za-z]+)?$")
    kind: str
    title: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    citation: str = Field(min_length=1)
    source: str = Field(min_length=1)
    licence: str | None = None
    note: str | None = None


class ProvisionNumber(Frozen):
    """A number of a provision (``art. 1382``, ``s 98``) with its interval."""

    text: str = Field(min_length=1)
    valid_from: Day | None = None
    valid_to: Day | None = None
    known_from: Day | None = None
    known_to: Day | None = None

    @property
    def valid(self) -> Interval:
        """Return the interval in which the provision has this number."""
        return Interval(start=self.valid_from, end=self.valid_to)

    @property
    def known(self) -> Interval:
        """Return the interval in which this was the published state of knowledge."""
        return Interval(start=self.known_from, end=self.known_to)

    @model_validator(mode="after")
    def _intervals_are_sound(self) -> Self:
        _ = self.valid, self.known
        return self


class Placement(Frozen):
    """The divisions of its act in which a provision stands, with the interval.

    ``divisions`` are named as printed, outermost first: ``("Titre VI : Du divorce", "Chapitre Ier :
    Des cas de divorce")``; empty where the source prints the provision outside all divisions.
    """

    divisions: tuple[str, ...] = ()
    valid_from: Day | None = None
    valid_to: Day | None = None

    @property
    def valid(self) -> Interval:
        """Return the interval in which the provision stands there."""
        return Interval(start=self.valid_from, end=self.valid_to)

    @model_validator(mode="after")
    def _interval_is_sound(self) -> Self:
        _ = self.valid
        return self


class Provision(Frozen):
    """One article or section through time, whatever its number.

    ``id`` does not contain the number, since numbers move and are reused. ``order`` sorts the
    provisions of a work as printed. ``successors`` names the provisions that replaced it after a
    split, a merger or a replacement. ``placements`` are the divisions in which it stands through
    time, by date; empty where the source does not say.
    """

    id: str = Field(pattern=r"^[^\s@#]+#[^\s@#]+$")
    work_id: str
    kind: str = "article"
    order: int = Field(default=0, ge=-(2**31), lt=2**31)
    labels: tuple[ProvisionNumber, ...] = Field(min_length=1)
    successors: tuple[str, ...] = ()
    placements: tuple[Placement, ...] = ()

    def label_on(self, day: date, known_at: date | None = None) -> str | None:
        """Return the label on ``day``, or ``None``."""
        for label in self.labels:
            if day in label.valid and _is_known(label.known, known_at):
                return label.text
        return None


class Version(Frozen):
    """One text of a provision with its intervals in valid and known time.

    ``valid_from`` is ``None`` only if ``commencement`` is not ``fixed``; ``condition`` then says
    what commencement depends on. ``known_from`` is the official publication if the source records
    it, else open. ``applies_from`` is set if application starts later than force. ``upstream``
    keeps the source's own value where it was corrected, and the reason.
    """

    id: str = Field(pattern=r"^[^\s@]+@[^\s@]+$")
    provision_id: str
    language: str
    extent: str | None = None
    heading: str | None = None
    text: str = Field(min_length=1)
    valid_from: Day | None = None
    valid_to: Day | None = None
    commencement: Commencement = Commencement.FIXED
    condition: str | None = None
    applies_from: Day | None = None
    ended: EndReason | None = None
    introduced_by: str | None = None
    ended_by: str | None = None
    published: Day | None = None
    known_from: Day | None = None
    known_to: Day | None = None
    date_basis: DateBasis = DateBasis.METADATA
    source: SourceRef
    upstream: dict[str, str] = Field(default_factory=dict)
    note: str | None = None

    @property
    def valid(self) -> Interval:
        """Return the interval in which this text is in force."""
        return Interval(start=self.valid_from, end=self.valid_to)

    @property
    def known(self) -> Interval:
        """Return the interval in which this was the published state of knowledge."""
        return Interval(start=self.known_from, end=self.known_to)

    def in_force(self, day: date, known_at: date | None = None) -> bool:
        """Return whether this text is in force on ``day`` as known at ``known_at`` (``None``: now).

        A version without a fixed commencement is never in force.
        """
        return self.valid_from is not None and day in self.valid and self.is_known(known_at)

    def is_known(self, known_at: date | None = None) -> bool:
        """Return whether this row was the state of knowledge at ``known_at`` (``None``: latest)."""
        return _is_known(self.known, known_at)

    @model_validator(mode="after")
    def _dates_are_sound(self) -> Self:
        _ = self.valid, self.known
        if (self.valid_from is None) == (self.commencement is Commencement.FIXED):
            raise ValueError("valid_from is required exactly when commencement is 'fixed'")
        if self.commencement is not Commencement.FIXED and not self.condition:
            raise ValueError("condition is required when commencement is not 'fixed'")
        if (self.valid_to is None) != (self.ended is None):
            raise ValueError("valid_to and ended go together")
        if self.valid_from is None and self.valid_to is not None:
            raise ValueError("valid_to needs valid_from")
        return self


class Coverage(Frozen):
    """An interval of valid time for which the corpus holds a work completely.

    ``from_origin`` means that ``covered_from`` is the beginning of the work itself, so an earlier
    date is *not yet in force* rather than *unknown*. ``checked`` is the date on which the source
    was last compared with its publisher.
    """

    work_id: str
    covered_from: Day
    covered_to: Day | None = None
    from_origin: bool = False
    checked: Day | None = None
    note: str | None = None

    @property
    def span(self) -> Interval:
        """Return the covered interval."""
        return Interval(start=self.covered_from, end=self.covered_to)

    @model_validator(mode="after")
    def _span_is_sound(self) -> Self:
        _ = self.span
        return self


class SourceRead(Frozen):
    """The day on which a work was last read from its source.

    Attributes:
        day: that day.
        by: how it is known: ``publisher``, the day that the source gives for its last comparison
            with the publisher; ``record``, where it gives none, the day the store recorded it.
    """

    day: Day
    by: Literal["publisher", "record"]


class ProvisionHistory(Frozen):
    """A provision with its rows of every known time and the coverage of its work."""

    provision: Provision
    versions: tuple[Version, ...]
    coverage: tuple[Coverage, ...]


class WorkHistory(Frozen):
    """A work with all its data: the unit that is validated, stored and indexed."""

    work: Work
    provisions: tuple[Provision, ...]
    versions: tuple[Version, ...]
    coverage: tuple[Coverage, ...]

    def of(self, provision: Provision) -> ProvisionHistory:
        """Return the history of one provision."""
        own = tuple(v for v in self.versions if v.provision_id == provision.id)
        return ProvisionHistory(provision=provision, versions=own, coverage=self.coverage)


class Citation(Frozen):
    """A quotation of one version for one date; answers consist of these.

    ``quote`` stands verbatim in the version's text at ``[start, end)`` (characters). ``label`` is
    the provision's number on ``as_at``, since ``label_from`` (``None``: no earlier number is
    recorded), and ``other_numbers`` are the provision's other numbers. ``ended`` says how
    ``valid_to`` came about; with ``unknown`` the record ends there, not the law. ``source_read`` is
    when the work was last read. Traces kept before these four were recorded lack them.
    """

    version_id: str
    provision_id: str
    work_id: str
    work_title: str
    label: str
    label_from: Day | None = None
    other_numbers: tuple[ProvisionNumber, ...] = ()
    valid_from: Day
    valid_to: Day | None = None
    ended: EndReason | None = None
    source_read: SourceRead | None = None
    as_at: Day
    known_at: Day | None = None
    quote: str = Field(min_length=1)
    start: int = Field(ge=0)
    end: int

    @property
    def valid(self) -> Interval:
        """Return the interval in which the cited text is in force."""
        return Interval(start=self.valid_from, end=self.valid_to)


def _is_known(known: Interval, known_at: date | None) -> bool:
    return known.end is None if known_at is None else known_at in known
