"""What the verbs ``law``, ``versions`` and ``compare`` print for a reader."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

from rich.markup import escape
from rich.table import Table

from corpus.compare import Redline, as_html, as_text
from corpus.console import out
from corpus.force_words import beyond_reading, source_words
from corpus.model import EndReason, Interval, SourceRead
from retrieval.citations.comparisons import Comparison
from retrieval.citations.law_answers import LawAnswer, NumberLine, VersionLine, VersionsAnswer


def show_law(found: LawAnswer) -> None:
    """Print what a citation meant, the part it cites first."""

    title = f"{found.citation} on {found.on}"
    out.print(f"[bold]{escape(title)}[/]  [cyan]{found.status.replace('_', ' ')}[/]")
    out.print(escape(found.explanation))
    if found.quote:
        out.print(f"\n[bold]{escape(found.pinpoint or '')}[/]  {escape(found.quote)}")
    if found.text:
        out.print(f"\n{escape(found.text)}\n")
        parts = (found.numbered, found.territory, found.provision, found.source)
        out.print(f"[dim]{escape(' · '.join(part for part in parts if part))}[/]")
    if found.source_read:
        beyond = beyond_reading(found.source_read, found.on).text
        out.print(f"[dim]{escape(f'{_read(found.source_read)} {beyond}'.strip())}[/]")


def show_versions(found: VersionsAnswer) -> None:
    """Print versions as tables, and when their source was read."""

    out.print(_version_table(f"{found.citation} ({found.provision})", found.versions))
    for other in found.others:
        days = Interval(start=other.valid_from, end=other.valid_to).words()
        title = f"Also under {other.number}, {days}: {other.provision}"
        out.print(_version_table(title, other.versions))
    out.print(f"[dim]{escape(_read(found.source_read))}[/]")


def _version_table(title: str, rows: Iterable[VersionLine]) -> Table:
    """Return versions as a table, one row for each number that a version stood under."""

    table = Table(title=escape(title), show_lines=False)
    for column in ("from", "to", "label", "brought by", "text"):
        table.add_column(column)
    for row in rows:
        text = row.text[:60] + ("…" if len(row.text) > 60 else "")
        for number, start, end in _stretches(row):
            cells = (start, end, number, row.introduced_by or "", text)
            table.add_row(*(escape(cell) for cell in cells))
    return table


def _stretches(row: VersionLine) -> Iterator[tuple[str, str, str]]:
    """Yield number, first day and end of each stretch of a version under one number."""
    whole = NumberLine(number=row.label or "", valid_from=row.valid_from, valid_to=row.valid_to)
    for number in row.numbers or (whole,):
        start = str(number.valid_from or "to be fixed")
        applies = row.applies_from if number.valid_from == row.valid_from else None
        start += f" (applies from {applies})" if applies else ""
        if number.valid_to is None:
            end = "open"
        elif number.valid_to != row.valid_to:
            end = f"{number.valid_to} (renumbered)"
        elif row.ended == EndReason.UNKNOWN:
            end = f"{number.valid_to} (end of the record)"
        else:
            end = f"{number.valid_to} ({row.ended})"
        yield number.number, start, end


def comparison_text(found: Comparison) -> str:
    """Return what was said of a comparison, then the redlines with marks."""
    parts = [words.text for words in found.said]
    for title, redline in _redlines(found):
        parts.append(f"{title}{as_text(redline)}")
    return "\n\n".join([*parts, _read(found.source_read)])


def comparison_html(found: Comparison) -> str:
    """Return what was said of a comparison, then the redlines, as HTML."""
    parts = [f"<p>{html.escape(words.text)}</p>" for words in found.said]
    for title, redline in _redlines(found):
        parts += [f"<h4>{html.escape(title.strip())}</h4>"] if title else []
        parts.append(as_html(redline))
    return "\n".join([*parts, f"<p>{html.escape(_read(found.source_read))}</p>"])


def _redlines(found: Comparison) -> Iterator[tuple[str, Redline]]:
    """Yield the redlines with their titles; one alone needs none."""
    both = found.provision is not None and found.number is not None
    if found.provision is not None:
        yield "The provision. " if both else "", found.provision
    if found.number is not None:
        yield f"The texts that stood under {found.citation}. ", found.number


def _read(read: SourceRead | None) -> str:
    if read is None:
        return ""
    words = source_words(read).text
    return f"{words[0].upper()}{words[1:]}."
