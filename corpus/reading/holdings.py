"""What the corpus holds: each act with its dates, gaps, territories and known faults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

from corpus.act_report import ActReport
from corpus.model import Frozen, Interval, SourceRead, Work
from corpus.reading.act import gaps
from corpus.resolve import covered
from corpus.store import Store
from corpus.store_totals import WorkTotals


class Holding(Frozen):
    """What is held of one act.

    Attributes:
        work: id of the act.
        title: its title.
        jurisdiction: its jurisdiction.
        kind: act, code, regulation, ...
        language: language of its texts.
        citation: its official citation.
        provisions: number of provisions, of all dates.
        versions: number of texts.
        covered: the intervals for which the record is complete; ``end`` is excluded, null if open.
        gaps: the intervals between them, in which the law of the act is not known.
        covered_on: whether the record is complete on the day asked about; null without a day.
        first: first date of a text; null if none is dated.
        last_change: first date of the newest text; null if none is dated.
        extents: territories that its texts are limited to, beside those that hold everywhere.
        source_read: when its source was last read, as in `versions`.
        source: where it was read.
        faults: what reading it showed, in words; empty: nothing remarkable.
    """

    work: str
    title: str
    jurisdiction: str
    kind: str
    language: str
    citation: str
    provisions: int
    versions: int
    covered: tuple[Interval, ...]
    gaps: tuple[Interval, ...]
    covered_on: bool | None
    first: date | None
    last_change: date | None
    extents: tuple[str, ...]
    source_read: SourceRead
    source: str
    faults: tuple[str, ...]


class Holdings(Frozen):
    """Everything that is held.

    Attributes:
        acts: what is held of each act, by jurisdiction and title.
        left_out: acts or parts of sources that could not be read, each with its place and reason.
    """

    acts: tuple[Holding, ...]
    left_out: tuple[str, ...]


def holdings(
    store: Store,
    day: date | None = None,
    jurisdictions: Sequence[str] = (),
    kind: str | None = None,
) -> Holdings:
    """Return what a store holds of each act.

    Args:
        store: the store.
        day: the day for ``covered_on``.
        jurisdictions: only acts of these; empty: of all.
        kind: only acts of this kind.
    """
    totals = store.totals()
    reports: dict[str | None, list[ActReport]] = defaultdict(list)
    for report in store.act_reports():
        reports[report.work_id].append(report)
    works = (
        work
        for work in store.works()
        if (not jurisdictions or work.jurisdiction in jurisdictions) and kind in (None, work.kind)
    )
    found = (_holding(work, totals[work.id], reports[work.id], day) for work in works)
    return Holdings(
        acts=tuple(sorted(found, key=lambda each: (each.jurisdiction, each.title))),
        left_out=tuple(
            f"{report.source}: {remark}" for report in reports[None] for remark in report.refused
        ),
    )


def _holding(
    work: Work, totals: WorkTotals, reports: Sequence[ActReport], day: date | None
) -> Holding:
    return Holding(
        work=work.id,
        title=work.title,
        jurisdiction=work.jurisdiction,
        kind=work.kind,
        language=work.language,
        citation=work.citation,
        provisions=totals.provisions,
        versions=totals.versions,
        covered=tuple(each.span for each in totals.coverage),
        gaps=gaps(totals.coverage),
        covered_on=None if day is None else covered(totals.coverage, day),
        first=totals.first,
        last_change=totals.last,
        extents=totals.extents,
        source_read=totals.source_read,
        source=work.source,
        faults=tuple(fault for report in reports for fault in fault_words(report)),
    )


def fault_words(report: ActReport) -> Iterator[str]:
    """Yield what reading an act showed that a person should know, one sentence each."""
    counted = (
        (report.undated, "text", "without a day of commencement"),
        (report.unchanged, "published state", "without a change"),
        (report.of_one_day, "published state", "on the day of another"),
        (report.before_origin, "published state", "dated before the act"),
    )
    for count, thing, words in counted:
        if count:
            yield f"{count} {thing}{'' if count == 1 else 's'} {words}."
    if report.outside > 0.05:
        yield f"Up to {report.outside:.0%} of a published state stands in no provision."
    if report.out_of_proportion:
        yield f"Far longer than the rest: {', '.join(report.out_of_proportion)}."
    for remark in report.refused:
        yield f"Left out: {remark}"
