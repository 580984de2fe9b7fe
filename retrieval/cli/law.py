"""Verbs that read the law: ingest it, cite it, list it, compare it, index it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, optional_day, out, parse_day, print_json, printable
from retrieval.cli.index import app as index_app

if TYPE_CHECKING:
    from corpus.ingest import IngestReport
    from retrieval.citations.law_answers import LawAnswer, VersionsAnswer

app = typer.Typer()
app.add_typer(index_app, name="index")

Citation = Annotated[str, typer.Argument(help="As a lawyer writes it: 'art. 1240 Code civil'.")]
KnownAt = Annotated[
    str | None, typer.Option(help="Answer from what was published by that day (YYYY-MM-DD).")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per answer, nothing else.")]
Extent = Annotated[str | None, typer.Option(help="Territory, for texts that differ by it.")]


@app.command(epilog="Example:  inforce ingest ../shared/corpora/fr-codes-git")
def ingest(
    source: Annotated[str, typer.Argument(help="A file or folder of legislation, or 'demo'.")],
    dialect: Annotated[
        str | None, typer.Option(help="How it is written; recognised where left out.")
    ] = None,
    strict: Annotated[bool, typer.Option(help="Stop at the first fault.")] = False,
    json: Json = False,
) -> None:
    """Read legislation into the store and bring the index up to date."""
    from corpus.settings import Settings
    from corpus.sources.registry import open_source
    from retrieval.index_build import load

    report = load(open_source(source, dialect), Settings.load(), strict=strict)
    print_json(report.model_dump(mode="json")) if json else _show_report(report)
    raise typer.Exit(2 if report.faults else 0)


def _show_report(report: IngestReport) -> None:
    out.print(
        f"{report.source}: {report.works} works ({report.written} new or changed), "
        f"{report.provisions} provisions, {report.versions} versions in {report.seconds:.1f} s"
    )
    for fault in report.faults:
        errors.print(f"[red]left out:[/] {fault}", markup=True)


@app.command(epilog="Example:  inforce law 'art. 1382 Code civil' --on 2016-09-30")
def law(
    citation: Annotated[
        str | None, typer.Argument(help="As a lawyer writes it: 'art. 1240 Code civil'.")
    ] = None,
    on: Annotated[str | None, typer.Option(help="The day whose law is wanted.")] = None,
    known_at: KnownAt = None,
    extent: Extent = None,
    batch: Annotated[
        Path | None,
        typer.Option(help='A file of {"citation":…, "on":…, "known_at":…} lines; - reads stdin.'),
    ] = None,
    json: Json = False,
) -> None:
    """Read what a citation meant on a day."""
    from corpus.errors import BadInputError
    from corpus.settings import Settings
    from corpus.store import Store
    from retrieval.citations.batch import read_requests
    from retrieval.citations.law_answers import law as answer

    if (citation is None) == (batch is None):
        raise BadInputError("give either a citation with --on, or --batch FILE")
    if batch is not None:
        requests = read_requests(batch)
        with Store.open(Settings.load().store_url) as store:
            for ask in requests:
                found = answer(store, ask.citation, ask.on, ask.known_at, ask.extent)
                print_json(found.model_dump(mode="json")) if json else _show_law(found)
        return
    if citation is None or on is None:
        raise BadInputError("--on: the day is missing; there is no law without a date")
    day, known = parse_day(on, "--on"), optional_day(known_at, "--known-at")
    with Store.open(Settings.load().store_url) as store:
        found = answer(store, citation, day, known, extent)
    print_json(found.model_dump(mode="json")) if json else _show_law(found)


def _show_law(found: LawAnswer) -> None:
    from rich.markup import escape

    title = f"{found.citation} on {found.on}"
    out.print(f"[bold]{escape(title)}[/]  [cyan]{found.status.replace('_', ' ')}[/]")
    out.print(escape(found.explanation))
    if found.text:
        out.print(f"\n{escape(found.text)}\n")
        out.print(f"[dim]{escape(f'{found.label} · {found.provision} · {found.source}')}[/]")


@app.command(epilog="Example:  inforce versions 'art. 144 Code civil'")
def versions(
    citation: Citation,
    on: Annotated[
        str | None, typer.Option(help="The day on which the citation is read; default: today.")
    ] = None,
    known_at: KnownAt = None,
    json: Json = False,
) -> None:
    """List every version of a provision."""
    from corpus.clock import today
    from corpus.settings import Settings
    from corpus.store import Store
    from retrieval.citations.law_answers import versions as answer

    day = parse_day(on, "--on") if on else today()
    with Store.open(Settings.load().store_url) as store:
        found = answer(store, citation, day, optional_day(known_at, "--known-at"))
    print_json(found.model_dump(mode="json")) if json else _show_versions(found)


def _show_versions(found: VersionsAnswer) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(f"{found.citation} ({found.provision})"), show_lines=False)
    for column in ("from", "to", "label", "brought by", "text"):
        table.add_column(column)
    for row in found.versions:
        start = str(row.valid_from or "to be fixed")
        end = f"{row.valid_to} ({row.ended})" if row.valid_to else "open"
        text = row.text[:60] + ("…" if len(row.text) > 60 else "")
        cells = (start, end, row.label or "", row.introduced_by or "", text)
        table.add_row(*(escape(cell) for cell in cells))
    out.print(table)


@app.command(epilog="Example:  inforce compare 'art. 144 Code civil' 2006-04-04 2006-04-05")
def compare(
    citation: Citation,
    before: Annotated[str, typer.Argument(help="The first day.")],
    after: Annotated[str, typer.Argument(help="The second day.")],
    html: Annotated[bool, typer.Option(help="Print the redline as HTML.")] = False,
    json: Json = False,
) -> None:
    """Show what changed in a provision between two days."""
    from corpus.compare import as_html, as_text
    from corpus.compare import compare as redline
    from corpus.settings import Settings
    from corpus.store import Store
    from retrieval.citations.law_answers import in_force_pair

    days = parse_day(before, "BEFORE"), parse_day(after, "AFTER")
    with Store.open(Settings.load().store_url) as store:
        old, new = in_force_pair(store, citation, *days)
    result = redline(old, new)
    if json:
        print_json({"citation": citation, **result.model_dump(mode="json")})
    else:
        sys.stdout.write((as_html(result) if html else printable(as_text(result))) + "\n")
