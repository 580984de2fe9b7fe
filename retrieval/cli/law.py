"""Command-line verbs ``ingest``, ``law``, ``versions`` and ``compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, optional_day, out, parse_day, print_json, printable
from retrieval.cli.index import Vectors
from retrieval.cli.index import app as index_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from corpus.ingest import IngestReport
    from corpus.settings import Settings

app = typer.Typer()
app.add_typer(index_app, name="index")

AFTER_INGEST: list[Callable[[Settings], None]] = []
"""What the verb ``ingest`` does afterwards; the command line as a whole adds to it."""

Citation = Annotated[str, typer.Argument(help="As a lawyer writes it: 'art. 1240 Code civil'.")]
KnownAt = Annotated[
    str | None,
    typer.Option(help="Use only what had been published by that date (YYYY-MM-DD)."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object per answer.")]
Jurisdictions = Annotated[
    list[str] | None,
    typer.Option("--jurisdiction", "--in", help="Only this jurisdiction; may be repeated."),
]
Extent = Annotated[str | None, typer.Option(help="Territory, where the text differs by territory.")]


@app.command(epilog="Example:  inforce ingest path/to/legislation")
def ingest(
    source: Annotated[
        str,
        typer.Argument(
            help="An interchange file (.jsonl), a git repository or bundle, a folder in a known "
            "layout, or 'demo'."
        ),
    ],
    dialect: Annotated[
        str | None,
        typer.Option(help="Name or .toml file of the layout; recognised where left out."),
    ] = None,
    overlay: Annotated[
        Path | None,
        typer.Option(help="Corrections of a RegML folder (.toml), and the day of the copy."),
    ] = None,
    strict: Annotated[bool, typer.Option(help="Stop at the first fault.")] = False,
    vectors: Vectors = True,
    json: Json = False,
) -> None:
    """Read legislation into the store and bring the index up to date.

    What was found of each act is printed where it is worth a look, and kept: 'inforce corpus
    report' shows it again.

    A work with a fault is left out whole and reported with its place; the others load. Works
    already recorded with the same content are skipped, so the verb may be run again at any time.
    Each distinct text is embedded once (about 1 ms of one core for each token); an ingest that is
    stopped meanwhile goes on there when it is run again.
    """
    from corpus.settings import Settings
    from corpus.sources.registry import open_source
    from retrieval.index_build import load

    settings = Settings.load()
    report = load(open_source(source, dialect, overlay), settings, strict=strict, vectors=vectors)
    for act in AFTER_INGEST:
        act(settings)
    print_json(report.model_dump(mode="json")) if json else _show_report(report)
    raise typer.Exit(2 if report.faults else 0)


def _show_report(report: IngestReport) -> None:
    from rich.markup import escape

    from corpus.cli import show_act_reports

    out.print(
        f"{report.source}: {report.works} works ({report.written} new or changed), "
        f"{report.provisions} provisions, {report.versions} versions in {report.seconds:.1f} s",
        markup=False,
    )
    show_act_reports([act for act in report.acts if act.work_id is not None])
    for fault in report.faults:
        errors.print(f"[red]left out:[/] {escape(fault)}", markup=True)


@app.command(epilog="Example:  inforce law 'art. 1382 Code civil' --as-at 2016-09-30")
def law(
    citation: Annotated[
        str | None, typer.Argument(help="As a lawyer writes it: 'art. 1240 Code civil'.")
    ] = None,
    as_at: Annotated[
        str | None,
        typer.Option("--as-at", "--on", help="Governing date: the date whose law is wanted."),
    ] = None,
    known_at: KnownAt = None,
    extent: Extent = None,
    jurisdictions: Jurisdictions = None,
    batch: Annotated[
        Path | None,
        typer.Option(help="A file of requests, one JSON object a line; - reads standard input."),
    ] = None,
    json: Json = False,
) -> None:
    """Print the version that a citation meant on a date, or why there is none.

    A batch request is {"citation": ..., "as_at": ...}, with "known_at", "extent" and
    "jurisdictions" (a list) where wanted; "on" may be written for "as_at". The file is checked
    whole before the first request is answered; answers come out in its order.
    """
    from corpus.errors import BadInputError
    from corpus.settings import Settings
    from retrieval.citations.batch import LawRequest, read_requests
    from retrieval.citations.law_answers import law as answer
    from retrieval.cli.law_output import show_law
    from retrieval.whole_state import last_whole_state

    if bool(citation) == (batch is not None):
        raise BadInputError("give either a citation with --as-at, or --batch FILE")
    if batch is not None:
        requests = read_requests(batch)
    elif not citation or as_at is None:
        raise BadInputError("--as-at: the governing date is missing")
    else:
        day, known = parse_day(as_at, "--as-at"), optional_day(known_at, "--known-at")
        only = tuple(jurisdictions or ())
        requests = [
            LawRequest(citation=citation, on=day, known_at=known, extent=extent, jurisdictions=only)
        ]
    with last_whole_state(Settings.load()) as store:
        for ask in requests:
            found = answer(store, **ask.model_dump())
            print_json(found.model_dump(mode="json")) if json else show_law(found)


@app.command(epilog="Example:  inforce versions 'art. 144 Code civil'")
def versions(
    citation: Citation,
    as_at: Annotated[
        str | None,
        typer.Option(
            "--as-at", "--on", help="Date on which the citation's number is read; default: today."
        ),
    ] = None,
    known_at: KnownAt = None,
    json: Json = False,
) -> None:
    """List every version of a provision under all its numbers, oldest first.

    A number may belong to another provision at another time, so the citation is read on a date;
    what else has stood under the number is listed apart.
    """
    from corpus.clock import today
    from corpus.settings import Settings
    from retrieval.citations.law_answers import versions as answer
    from retrieval.cli.law_output import show_versions
    from retrieval.whole_state import last_whole_state

    day = parse_day(as_at, "--as-at") if as_at else today()
    with last_whole_state(Settings.load()) as store:
        found = answer(store, citation, day, optional_day(known_at, "--known-at"))
    print_json(found.model_dump(mode="json")) if json else show_versions(found)


@app.command(epilog="Example:  inforce compare 'art. 144 Code civil' 2006-04-04 2006-04-05")
def compare(
    citation: Citation,
    before: Annotated[str, typer.Argument(help="The first date (YYYY-MM-DD).")],
    after: Annotated[str, typer.Argument(help="The second date (YYYY-MM-DD).")],
    html: Annotated[bool, typer.Option(help="Print HTML with <del> and <ins>.")] = False,
    json: Json = False,
) -> None:
    """Print a word-level redline of a provision between two dates, with the amending act.

    The provision is followed through its numbers. Where another one stands under the number on one
    of the dates, that is said, and what stood under the number is compared too.
    """
    from corpus.settings import Settings
    from retrieval.citations.comparisons import compared
    from retrieval.cli.law_output import comparison_html, comparison_text
    from retrieval.whole_state import last_whole_state

    days = parse_day(before, "BEFORE"), parse_day(after, "AFTER")
    with last_whole_state(Settings.load()) as store:
        result = compared(store, citation, *days)
    if json:
        print_json(result.model_dump(mode="json"))
    else:
        sys.stdout.write(
            (comparison_html(result) if html else printable(comparison_text(result))) + "\n"
        )
