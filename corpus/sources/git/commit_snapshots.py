"""The dated states of one act: what each of its commits says, and since when it is the law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from corpus.history.snapshots import Page
from corpus.model import SourceRef
from corpus.sources.git.git_history import GitHistory, Revision
from corpus.sources.git.markdown_dialect import Dialect, Where
from corpus.sources.git.markdown_page import PageReader, split_frontmatter


@dataclass(frozen=True)
class CommitState:
    """What one commit says of an act.

    ``last_day`` is set where the source gives one that is not before ``day``; ``origin`` is the day
    the act itself first took effect; ``upstream`` keeps the dates that could not be used, and why.
    """

    revision: Revision
    fields: Mapping[str, str]
    page: Page
    day: date
    published: date | None
    last_day: date | None
    origin: date | None
    is_snapshot: bool
    upstream: Mapping[str, str]

    @property
    def source(self) -> SourceRef:
        """The commit, and the publisher's page where the frontmatter names it."""
        path, commit = self.revision.path, self.revision.commit
        return SourceRef(file=path, locator=commit, url=self.fields.get("source") or None)

    @property
    def is_empty(self) -> bool:
        """Tell whether the page has no text of any provision."""
        return not any(unit.text for units in self.page.values() for unit in units)


def states(
    revisions: list[Revision], history: GitHistory, dialect: Dialect
) -> Iterator[CommitState]:
    """Yield the states by day; of one day, in order of the commits."""
    drop = dialect.commits.drop
    kept = [each for each in revisions if not (drop and drop.search(each.message))]
    dated = [(_effective(each, history, dialect), each.place_in_time, each) for each in kept]
    reader = PageReader(dialect.page)
    for day, _, revision in sorted(dated, key=lambda each: each[:2]):
        fields, body = split_frontmatter(history.text(revision), revision)
        yield _state(revision, fields, reader.read(body), day, dialect)


def _state(
    revision: Revision, fields: Mapping[str, str], page: Page, day: date, dialect: Dialect
) -> CommitState:
    dates, snapshot = dialect.dates, dialect.commits.snapshot
    upstream: dict[str, str] = {}
    published = _day(dates.published, revision, fields, upstream)
    last_day = _day(dates.last_day, revision, fields, upstream)
    if dates.last_day is not None and last_day is not None and last_day < day:
        _keep(upstream, dates.last_day, str(last_day), f"lies before the first day, {day}")
        last_day = None
    return CommitState(
        revision=revision,
        fields=fields,
        page=page,
        day=day,
        published=published,
        last_day=last_day,
        origin=_day(dates.origin, revision, fields, {}),
        is_snapshot=bool(snapshot and snapshot.search(revision.message)),
        upstream=upstream,
    )


def _effective(revision: Revision, history: GitHistory, dialect: Dialect) -> date:
    where = dialect.dates.effective
    fields: Mapping[str, str] = {}
    if where.frontmatter is not None:
        fields, _ = split_frontmatter(history.text(revision), revision)
    day = _day(where, revision, fields, {})
    if day is None:
        raise revision.fault("does not say since when it is the law", field=where.field)
    return day


def _day(
    where: Where | None, revision: Revision, fields: Mapping[str, str], upstream: dict[str, str]
) -> date | None:
    """Return a date; a placeholder is none, and goes to ``upstream`` with the reason."""
    written = where.read(revision.trailers, fields) if where else None
    if where is None or written is None:
        return None
    if written in where.unknown:
        _keep(upstream, where, written, "a placeholder: the source does not record the day")
        return None
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        problem = f"has '{written}', which is not a date (YYYY-MM-DD)"
        raise revision.fault(problem, field=where.field) from error


def _keep(upstream: dict[str, str], where: Where, written: str, reason: str) -> None:
    upstream |= {where.field: written, f"{where.field}_reason": reason}
