"""Results of the tools: frozen data, discriminated by ``kind``.

Version ids in a result may be cited (:func:`version_ids`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from corpus.model import Frozen, SourceRead
from corpus.wording import DayAt, Wording
from retrieval.citations.pinpoints import Pinpoint
from retrieval.citations.resolution import Status


class Passage(Frozen):
    """A version in force on the date asked about, under the label it bore that day.

    ``caution`` says why it may not be cited although it is in force (:mod:`corpus.gate`); ``None``
    where it may.
    """

    version_id: str
    provision_id: str
    work_id: str
    work_title: str
    label: str
    language: str
    heading: str | None
    valid_from: date
    valid_to: date | None
    interval: str
    text: str
    caution: str | None = None


class SearchResult(Frozen):
    """Result of ``search_statutes``, best first. ``text`` may be an excerpt.

    ``words_only`` says why vectors took no part where the index was meant to have them.
    ``searched`` is the number of versions in the library that was searched.
    """

    kind: Literal["search"] = "search"
    as_at: date
    hits: tuple[Passage, ...]
    words_only: str | None = None
    searched: int | None = None


class ProvisionReading(Frozen):
    """What ``read_provision`` says: the text in force, or why there is none and where to look.

    ``provision_id`` is the provision that the reference means, ``None`` where none was found.
    ``name`` is title and label, ``None`` where no provision was found. ``last_day`` is the last
    day before the date on which it was law, ``first_day`` the first one after it, each ``None``
    where there is none. ``territories`` are the extents of the texts to choose from where they
    differ by territory. ``pinpoint`` is the part of the passage that the reference cites, where it
    cites one and the text shows it. ``source_read`` is when the work was last read from its source.
    ``explanation_days`` are the days in ``explanation``.
    """

    kind: Literal["provision"] = "provision"
    as_at: date
    status: Status
    explanation: str
    explanation_days: tuple[DayAt, ...] = ()
    provision_id: str | None = None
    name: str | None = None
    passage: Passage | None = None
    pinpoint: Pinpoint | None = None
    last_day: date | None = None
    first_day: date | None = None
    territories: tuple[str, ...] = ()
    source_read: SourceRead | None = None

    @property
    def wording(self) -> Wording:
        """Return the explanation, with its dates kept as dates."""
        return Wording(text=self.explanation, days=self.explanation_days)


class VersionLine(Frozen):
    """One state of a provision in a list. ``applies_from`` is set where it does not apply yet."""

    version_id: str
    label: str
    valid_from: date | None
    valid_to: date | None
    interval: str
    ended: str | None
    introduced_by: str | None
    applies_from: date | None = None


class VersionList(Frozen):
    """Result of ``list_versions``, oldest first."""

    kind: Literal["versions"] = "versions"
    as_at: date
    provision_id: str | None
    explanation: str
    versions: tuple[VersionLine, ...] = ()
    source_read: SourceRead | None = None


class Comparison(Frozen):
    """Result of ``compare_versions``. ``redline`` marks ``[-removed-]`` and ``{+added+}``."""

    kind: Literal["comparison"] = "comparison"
    as_at: date
    other: date
    explanation: str
    version_ids: tuple[str, ...] = ()
    changed: bool | None = None
    redline: str = ""
    source_read: SourceRead | None = None


class Refused(Frozen):
    """The arguments are invalid; says what to correct."""

    kind: Literal["refused"] = "refused"
    problem: str


ToolResult = Annotated[
    SearchResult | ProvisionReading | VersionList | Comparison | Refused,
    Field(discriminator="kind"),
]
"""The result of a tool call."""


def version_ids(result: ToolResult | None) -> Iterator[str]:
    """Yield the version ids of a result, in order.

    Ids that occur in the text of a provision do not count.
    """
    match result:
        case SearchResult(hits=hits):
            yield from (hit.version_id for hit in hits)
        case ProvisionReading(passage=Passage(version_id=name)):
            yield name
        case VersionList(versions=versions):
            yield from (version.version_id for version in versions)
        case Comparison(version_ids=names):
            yield from names
