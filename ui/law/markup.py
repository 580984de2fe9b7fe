"""HTML of the Law page. All text that is not our own markup is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from math import sqrt
from typing import get_args

from corpus.compare import Cell, Redline, as_html, as_rows
from corpus.model import Interval, ProvisionHistory, SourceRead, Version, Work
from corpus.number_words import numbers_known
from corpus.reading.act import Act, Entry, EntryStatus
from corpus.reading.between import Between
from corpus.reading.changes import ChangeDay
from corpus.reading.contents import Page, opened
from corpus.reading.spans import Span
from corpus.wording import Wording
from ui.languages.catalogue import said, word
from ui.law.address import permalink
from ui.markup import english, escaped, told
from ui.words import (
    day_words,
    in_force_words,
    interval_words,
    redline_caption,
    source_words,
    territory_title,
)

_STATUSES = get_args(EntryStatus)


def act_head(act: Act, read: SourceRead | None) -> str:
    """Return title, official citation and source of an act, and what the record holds of it."""
    work = act.work
    counts = act.counts()
    some = [f"{said(counts[s])} {word(f'resolved.{s}')}" for s in _STATUSES if counts.get(s)]
    held = " · ".join(some) or word("law.none")
    return (
        f'<section class="act"><h2 lang="{escaped(work.language)}">{escaped(work.title)}</h2>'
        f"<p>{escaped(work.citation)} · {escaped(work.kind)}</p>"
        f"<p>{told('law.provisions_on', day=act.as_at, held=held)}</p>"
        f"{_coverage(act)}{_read(read, act.as_at)}{_note(work)}</section>"
    )


def _coverage(act: Act) -> str:
    spans = "; ".join(interval_words(each.span) for each in act.coverage)
    days = spans or word("days.never")
    if not act.covered:
        return f'<p class="missing">{told("law.not_covered", days=days)}</p>'
    return f"<p>{told('law.complete', days=days)}</p>"


def _read(read: SourceRead | None, day: date) -> str:
    if read is None:
        return ""
    words = source_words(read)
    beyond = word("law.beyond_reading", day=read.day) if day > read.day else ""
    return f"<p>{escaped(words[0].upper() + words[1:])}. {escaped(beyond)}</p>"


def _note(work: Work) -> str:
    parts = [
        part
        for part in (work.note, work.licence and word("law.licence", name=work.licence))
        if part
    ]
    return f'<p class="quiet">{escaped(" ".join(parts))}</p>' if parts else ""


def page_text(
    page: Page, texts: dict[str, Version], work: Work, day: date, corpus_hash: str
) -> str:
    """Return the provisions of a page with their texts in force, each with its permalink.

    Divisions stand above the first provision in them; the headings of provisions are then one level
    further in.
    """
    divided = any(entry.divisions for entry in page.entries)
    shown: list[str] = []
    before: tuple[str, ...] = ()
    for entry in page.entries:
        shown += [_division(name, depth, work) for depth, name in opened(before, entry.divisions)]
        link = permalink(entry.provision, day, corpus_hash)
        shown.append(_provision(entry, texts, work, link, "h4" if divided else "h3"))
        before = entry.divisions
    return "".join(shown)


def _division(name: str, depth: int, work: Work) -> str:
    language = escaped(work.language)
    return f'<h3 class="division depth-{depth}" lang="{language}">{escaped(name)}</h3>'


def around(divisions: Sequence[str], language: str) -> str:
    """Return the divisions around a provision, outermost first."""
    names = " › ".join(map(escaped, divisions))
    return f'<p class="quiet" lang="{escaped(language)}">{names}</p>'


def _provision(entry: Entry, texts: dict[str, Version], work: Work, link: str, tag: str) -> str:
    versions = [texts[version] for version in entry.versions if version in texts]
    bodies = "".join(
        (_where(version, work) if len(versions) > 1 else "") + _paragraphs(version)
        for version in versions
    )
    heading = f" <em>{escaped(entry.heading)}</em>" if entry.heading else ""
    return (
        f'<article class="provision"><{tag} lang="{escaped(work.language)}">'
        f'<a href="{escaped(link)}">{escaped(entry.label)}</a>{heading}</{tag}>'
        f"{bodies or _no_text(entry)}</article>"
    )


def _where(version: Version, work: Work) -> str:
    place = territory_title(work.jurisdiction, version.extent)
    return f'<p class="quiet">{escaped(place)} ({escaped(version.language)}):</p>'


def _no_text(entry: Entry) -> str:
    status = word(f"resolved.{entry.status}")
    return f'<p class="quiet">{escaped(status[0].upper() + status[1:])}.</p>'


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
    place = territory_title(work.jurisdiction, version.extent)
    return (
        '<article class="card law"><div class="top">'
        f'<span class="chip">{escaped(in_force_words(version))}</span>'
        f'<span class="where">{told("card.holds_in", place=place)}</span></div>'
        f'<div class="text" lang="{escaped(version.language)}">{body}</div></article>'
    )


def _paragraph(line: str, number: int, link: str, chosen: int | None) -> str:
    marked = ' class="chosen"' if number == chosen else ""
    return (
        f'<p id="par-{number}"{marked}>{escaped(line)} <a class="par" href="{escaped(link)}" '
        f'aria-label="{told("law.link_to", number=number)}">¶</a></p>'
    )


def facts(version: Version, history: ProvisionHistory, work: Work, read: SourceRead | None) -> str:
    """Return what is recorded of a text: acts, dates, numbers, source."""
    rows = [
        ("brought_in", version.introduced_by),
        ("ended_by", version.ended_by),
        ("applies_from", version.applies_from and day_words(version.applies_from)),
        ("published", version.published and day_words(version.published)),
        ("numbers", _numbers(history)),
        ("date_from", word(f"date_basis.{version.date_basis.value}")),
        ("corrected", "; ".join(f"{k}: {v}" for k, v in version.upstream.items())),
        ("note", " ".join(part for part in (version.note, work.note) if part)),
        ("source", version.source.file),
        ("source_read", read and source_words(read)),
        ("licence", work.licence),
        ("version", version.id),
    ]
    shown = "".join(
        f"<dt>{told(f'fact.{name}')}</dt><dd>{escaped(value)}</dd>" for name, value in rows if value
    )
    return f'<dl class="facts">{shown}{_official(version, work)}</dl>'


_ALSO_SECURE = ("www.legislation.gov.uk/", "law.moj.gov.tw/")
"""Publishers that write ``http`` in their own links and answer to ``https``."""


def _official(version: Version, work: Work) -> str:
    url = version.source.url or ""
    bare = url.removeprefix("http://")
    url = f"https://{bare}" if bare.startswith(_ALSO_SECURE) else url
    if not url.startswith("https://"):
        name = told("fact.official_citation")
        return f"<dt>{name}</dt><dd>{escaped(work.citation)}</dd>"
    return (
        f'<dt>{told("fact.official_page")}</dt><dd><a href="{escaped(url)}" target="_blank" '
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
        f'<div class="overview tall" tabindex="0" role="region" aria-label="{_head("days")}">'
        f'<table><thead><tr><th scope="col">{_head("day")}</th><th scope="col">{_head("what")}</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _head(name: str) -> str:
    return told(f"change.{name}")


def _what(change: ChangeDay) -> str:
    kinds = (
        ("began", change.began),
        ("changed", change.changed),
        ("ended", change.ended),
        ("unrecorded", change.unrecorded),
        ("renumbered", change.renumbered),
    )
    parts = [
        word(f"change.{name}", count=len(some), which=_listed(some)) for name, some in kinds if some
    ]
    by = f", {word('ended.by', act=', '.join(change.instruments))}" if change.instruments else ""
    return "; ".join(parts) + by


def _listed(labels: Sequence[str]) -> str:
    named = ", ".join(labels[:_MOST])
    return word("change.more", named=named, more=len(labels) - _MOST) if labels[_MOST:] else named


def absence(why: str | Wording) -> str:
    """Return why no text is in force."""
    shown = escaped(why) if isinstance(why, str) else english(why)
    return f'<section class="declined" role="status"><p>{shown}</p></section>'


def widths(spans: Sequence[Span], today: date) -> str:
    """Return the style that makes the timeline's buttons as wide as their days (square root)."""
    rules = "".join(
        f".st-key-span-{place} {{ flex: {max(1, round(sqrt(span.days(today))))} 1 auto; }}"
        for place, span in enumerate(spans)
    )
    return f"<style>{rules}</style>"


def redline_inline(redline: Redline) -> str:
    """Return the changes within one text."""
    return as_html(redline, redline_caption(redline))


def redline_beside(redline: Redline) -> str:
    """Return the two texts beside each other, paragraph by paragraph."""
    language = escaped(redline.after.language)
    title = escaped(redline_caption(redline))
    rows = "".join(
        f'<tr><td lang="{language}">{_cell(before, "removed", "del")}</td>'
        f'<td lang="{language}">{_cell(after, "added", "ins")}</td></tr>'
        for before, after in as_rows(redline)
    )
    return (
        f'<figure class="redline columns"><figcaption>{title}</figcaption>'
        f'<table><thead><tr><th scope="col">{told("redline.before")}</th>'
        f'<th scope="col">{told("redline.after")}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></figure>"
    )


def _cell(cell: Cell, kind: str, tag: str) -> str:
    return "".join(
        f"<{tag}>{escaped(part.text)}</{tag}>" if part.kind == kind else escaped(part.text)
        for part in cell
    )


def between(found: Between) -> str:
    """Return what changed a text between two dates, or why it cannot be compared."""
    missing = "".join(f"<p>{english(each)}</p>" for each in found.said)
    if found.redline is None:
        return f'<section class="declined" role="status">{missing}</section>'
    if not found.redline.changed:
        return f"{missing}<p>{told('redline.same')}</p>"
    steps = "".join(
        f"<li>{escaped(_dated(step.day, step.instrument))}</li>" for step in found.steps
    )
    unnamed = all(step.instrument is None for step in found.steps)
    note = word("redline.unnamed") if unnamed and found.steps else ""
    changed = word("redline.changed", count=len(found.steps))
    return f'{missing}<p>{escaped(f"{changed} {note}")}</p><ul class="steps">{steps}</ul>'


def _dated(day: date, instrument: str | None) -> str:
    """Return a day, with the act that changed the law on it where that is known."""
    by = f", {word('ended.by', act=instrument)}" if instrument else ""
    return f"{day_words(day)}{by}"


def undated(versions: Iterable[Version]) -> str:
    """Return the texts that are enacted and have no day of commencement."""
    lines = "".join(
        f"<li>{told('law.uncommenced', condition=version.condition or '')}</li>"
        for version in versions
    )
    return f'<ul class="quiet">{lines}</ul>'


def segment_words(span: Span) -> str:
    """Return the first day of an interval of the timeline, or that it is a gap."""
    if span.kind == "text":
        return day_words(span.start)
    days = interval_words(Interval(start=span.start, end=span.end))
    return word(f"segment.{span.kind}", days=days)
