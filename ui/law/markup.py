"""HTML of the Law page. All text that is not our own markup is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from math import sqrt

from corpus.compare import Cell, Redline, as_html, as_rows, caption
from corpus.force_words import beyond_reading, source_words, version_in_force
from corpus.model import Interval, ProvisionHistory, SourceRead, Version, Work
from corpus.number_words import numbers_known
from corpus.reading.act import Act, Entry, EntryStatus
from corpus.reading.between import Between
from corpus.reading.changes import ChangeDay
from corpus.reading.contents import Page
from corpus.reading.spans import Span
from corpus.territories import territory_words
from ui.law.address import permalink
from ui.markup import escaped
from ui.words import day_words, interval_words

STATUS_WORDS: dict[EntryStatus, str] = {
    "in_force": "in force",
    "ambiguous": "in force, with texts that differ by territory or language",
    "not_yet_in_force": "not yet in force",
    "repealed": "no longer in force",
    "coverage_gap": "without a text on record",
    "other_territory": "of another territory",
}


def act_head(act: Act, read: SourceRead | None) -> str:
    """Return title, official citation and source of an act, and what the record holds of it."""
    work = act.work
    counts = act.counts()
    held = " · ".join(f"{counts[s]:,} {STATUS_WORDS[s]}" for s in STATUS_WORDS if counts.get(s))
    return (
        f'<section class="act"><h2 lang="{escaped(work.language)}">{escaped(work.title)}</h2>'
        f"<p>{escaped(work.citation)} · {escaped(work.kind)}</p>"
        f"<p>Provisions on {day_words(act.as_at)}: {escaped(held) or 'none'}.</p>"
        f"{_coverage(act)}{_read(read, act.as_at)}{_note(work)}</section>"
    )


def _coverage(act: Act) -> str:
    spans = "; ".join(interval_words(each.span) for each in act.coverage)
    if not act.covered:
        return (
            '<p class="missing">The corpus does not cover this day: the law of the act is then not '
            f"known. It covers it {escaped(spans) or 'on no day'}.</p>"
        )
    return f"<p>The record is complete {escaped(spans)}.</p>"


def _read(read: SourceRead | None, day: date) -> str:
    if read is None:
        return ""
    words = source_words(read).written(day_words)
    beyond = beyond_reading(read, day).written(day_words)
    return f"<p>{escaped(words[0].upper() + words[1:])}. {escaped(beyond)}</p>"


def _note(work: Work) -> str:
    parts = [part for part in (work.note, work.licence and f"Licence: {work.licence}") if part]
    return f'<p class="quiet">{escaped(" ".join(parts))}</p>' if parts else ""


def page_text(
    page: Page, texts: dict[str, Version], work: Work, day: date, corpus_hash: str
) -> str:
    """Return the provisions of a page with their texts in force, each with its permalink."""
    return "".join(_provision(entry, texts, work, day, corpus_hash) for entry in page.entries)


def _provision(
    entry: Entry, texts: dict[str, Version], work: Work, day: date, corpus_hash: str
) -> str:
    versions = [texts[version] for version in entry.versions if version in texts]
    link = escaped(permalink(entry.provision, day, corpus_hash))
    bodies = "".join(
        (_where(version, work) if len(versions) > 1 else "") + _paragraphs(version)
        for version in versions
    )
    heading = f" <em>{escaped(entry.heading)}</em>" if entry.heading else ""
    return (
        f'<article class="provision"><h3 lang="{escaped(work.language)}"><a href="{link}">'
        f"{escaped(entry.label)}</a>{heading}</h3>{bodies or _no_text(entry)}</article>"
    )


def _where(version: Version, work: Work) -> str:
    place = territory_words(work.jurisdiction, version.extent)
    return f'<p class="quiet">{escaped(place)} ({escaped(version.language)}):</p>'


def _no_text(entry: Entry) -> str:
    return f'<p class="quiet">{escaped(STATUS_WORDS[entry.status].capitalize())}.</p>'


def _paragraphs(version: Version) -> str:
    lines = "".join(f"<p>{escaped(line)}</p>" for line in version.text.split("\n") if line.strip())
    return f'<div class="text" lang="{escaped(version.language)}">{lines}</div>'


def provision_head(label: str, heading: str | None, language: str) -> str:
    """Return the number and the heading of a provision."""
    shown = f"<em>{escaped(heading)}</em>" if heading else ""
    return (
        f'<section class="act"><h3 class="label" lang="{escaped(language)}">{escaped(label)}</h3>'
        f"{shown}</section>"
    )


def provision_text(
    version: Version, work: Work, day: date, corpus_hash: str, chosen: int | None
) -> str:
    """Return the text in force, a permalink beside each paragraph; ``chosen`` is marked."""
    lines = [line for line in version.text.split("\n") if line.strip()]
    body = "".join(
        _paragraph(line, number, permalink(version.provision_id, day, corpus_hash, number), chosen)
        for number, line in enumerate(lines, start=1)
    )
    place = territory_words(work.jurisdiction, version.extent)
    return (
        '<article class="card law"><div class="top">'
        f'<span class="chip">In force {version_in_force(version).written(day_words)}</span>'
        f'<span class="where">Holds in {escaped(place)}</span></div>'
        f'<div class="text" lang="{escaped(version.language)}">{body}</div></article>'
    )


def _paragraph(line: str, number: int, link: str, chosen: int | None) -> str:
    marked = ' class="chosen"' if number == chosen else ""
    return (
        f'<p id="par-{number}"{marked}>{escaped(line)} <a class="par" href="{escaped(link)}" '
        f'aria-label="Link to paragraph {number}">¶</a></p>'
    )


def facts(version: Version, history: ProvisionHistory, work: Work, read: SourceRead | None) -> str:
    """Return what is recorded of a text: acts, dates, numbers, source."""
    rows = [
        ("Brought in by", version.introduced_by),
        ("Ended by", version.ended_by),
        ("Applies from", version.applies_from and day_words(version.applies_from)),
        ("Published", version.published and day_words(version.published)),
        ("Numbers", _numbers(history)),
        ("Date taken from", version.date_basis.value),
        ("Corrected from the source", "; ".join(f"{k}: {v}" for k, v in version.upstream.items())),
        ("Note", " ".join(part for part in (version.note, work.note) if part)),
        ("Source", version.source.file),
        ("Source read", read and source_words(read).written(day_words)),
        ("Licence", work.licence),
        ("Version", version.id),
    ]
    shown = "".join(f"<dt>{n}</dt><dd>{escaped(v)}</dd>" for n, v in rows if v)
    return f'<dl class="facts">{shown}{_official(version, work)}</dl>'


_ALSO_SECURE = ("www.legislation.gov.uk/", "law.moj.gov.tw/")
"""Publishers that write ``http`` in their own links and answer to ``https``."""


def _official(version: Version, work: Work) -> str:
    url = version.source.url or ""
    bare = url.removeprefix("http://")
    url = f"https://{bare}" if bare.startswith(_ALSO_SECURE) else url
    if not url.startswith("https://"):
        return f"<dt>Official citation</dt><dd>{escaped(work.citation)}</dd>"
    return (
        f'<dt>Official page</dt><dd><a href="{escaped(url)}" target="_blank" '
        f'rel="noopener noreferrer">{escaped(work.citation)}</a></dd>'
    )


def _numbers(history: ProvisionHistory) -> str:
    known = numbers_known(history.provision)
    if len(known) < 2:
        return ""
    return "; ".join(f"{number.text} {interval_words(number.valid)}" for number in known)


_MOST = 12  # numbers of provisions that a day of change names


def changes(days: Sequence[ChangeDay]) -> str:
    """Return the days on which an act changed, latest first, as a table."""
    rows = "".join(
        f'<tr><th scope="row">{day_words(each.day)}</th><td>{escaped(_what(each))}</td></tr>'
        for each in reversed(days)
    )
    return (
        '<div class="overview tall" tabindex="0"><table><thead><tr><th scope="col">Day</th>'
        f'<th scope="col">What changed</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _what(change: ChangeDay) -> str:
    kinds = (
        ("new", change.began),
        ("changed", change.changed),
        ("ended", change.ended),
        ("record stops", change.unrecorded),
        ("renumbered", change.renumbered),
    )
    said = [f"{len(some)} {name}: {_listed(some)}" for name, some in kinds if some]
    by = f", by {', '.join(change.instruments)}" if change.instruments else ""
    return "; ".join(said) + by


def _listed(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _MOST} more" if len(labels) > _MOST else ""
    return ", ".join(labels[:_MOST]) + more


def absence(said: str) -> str:
    """Return why no text is in force."""
    return f'<section class="declined" role="status"><p>{escaped(said)}</p></section>'


def widths(spans: Sequence[Span], today: date) -> str:
    """Return the style that makes the timeline's buttons as wide as their days (square root)."""
    rules = "".join(
        f".st-key-span-{place} {{ flex: {max(1, round(sqrt(span.days(today))))} 1 auto; }}"
        for place, span in enumerate(spans)
    )
    return f"<style>{rules}</style>"


def redline_inline(redline: Redline) -> str:
    """Return the changes within one text."""
    return as_html(redline)


def redline_beside(redline: Redline) -> str:
    """Return the two texts beside each other, paragraph by paragraph."""
    language = escaped(redline.after.language)
    rows = "".join(
        f'<tr><td lang="{language}">{_cell(before, "removed", "del")}</td>'
        f'<td lang="{language}">{_cell(after, "added", "ins")}</td></tr>'
        for before, after in as_rows(redline)
    )
    return (
        f'<figure class="redline columns"><figcaption>{escaped(caption(redline))}</figcaption>'
        '<table><thead><tr><th scope="col">Before</th><th scope="col">After</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></figure>"
    )


def _cell(cell: Cell, kind: str, tag: str) -> str:
    return "".join(
        f"<{tag}>{escaped(part.text)}</{tag}>" if part.kind == kind else escaped(part.text)
        for part in cell
    )


def between(found: Between) -> str:
    """Return what changed a text between two dates, or why it cannot be compared."""
    said = "".join(f"<p>{escaped(each.written(day_words))}</p>" for each in found.said)
    if found.redline is None:
        return f'<section class="declined" role="status">{said}</section>'
    if not found.redline.changed:
        return said + "<p>The text is the same on both days.</p>"
    steps = "".join(
        f"<li>{day_words(step.day)}{', by ' + escaped(step.instrument) if step.instrument else ''}"
        "</li>"
        for step in found.steps
    )
    many = "once" if len(found.steps) == 1 else f"{len(found.steps)} times"
    unnamed = all(step.instrument is None for step in found.steps)
    note = " The source does not name the amending acts." if unnamed and found.steps else ""
    return f'{said}<p>Changed {many} between the two days.{note}</p><ul class="steps">{steps}</ul>'


def undated(versions: Iterable[Version]) -> str:
    """Return the texts that are enacted and have no day of commencement."""
    said = "".join(
        f"<li>Enacted, without a day of commencement: {escaped(version.condition or '')}</li>"
        for version in versions
    )
    return f'<ul class="quiet">{said}</ul>'


def span_words(span: Span) -> str:
    """Return the first day of an interval of the timeline, or that it is a gap."""
    if span.kind == "text":
        return day_words(span.start)
    what = "no law" if span.kind == "ended" else "not on record"
    return f"{what} {interval_words(Interval(start=span.start, end=span.end))}"
