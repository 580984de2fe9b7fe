"""Command-line verbs ``questions`` and ``corpus``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corpus.act_report import ActReport
    from corpus.questions import Question

app = typer.Typer()
questions = typer.Typer(
    no_args_is_help=True,
    help="""Make, show and count questions with provable answers.

    They are made from version histories in nine families (and four harder ones where they are
    named), deterministic from a seed, and split by work, so that no act is in two splits.
    """,
)
corpus = typer.Typer(no_args_is_help=True, help="Look at what the store holds.")
app.add_typer(corpus, name="corpus")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
File = Annotated[Path, typer.Argument(help="A questions file (JSON lines).")]


@corpus.command(epilog="Example:  inforce corpus report --work fr/LEGITEXT000006070721")
def report(
    work: Annotated[str | None, typer.Option(help="Only this work id.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Acts without anything remarkable too.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what reading each act showed of its history, as the last ingest left it."""
    from corpus.settings import Settings
    from corpus.store import Store

    with Store.open(Settings.load().store_url) as store:
        found = store.act_reports(work)
    shown = [act for act in found if everything or work or act.is_remarkable]
    if json:
        print_json({"acts": [act.model_dump(mode="json") for act in shown]})
    else:
        show_act_reports(shown, most=None)


def show_act_reports(acts: Sequence[ActReport], most: int | None = 20) -> None:
    """Print one line for each act that a person should check, and its refused records.

    ``most`` limits the acts printed; the others are counted.
    """
    from rich.markup import escape
    from rich.table import Table

    from corpus.act_report import REPORT_COLUMNS, report_cells

    remarkable = [act for act in acts if most is None or act.is_remarkable]
    table = Table(*REPORT_COLUMNS, title="Worth a look")
    for act in remarkable[:most]:
        table.add_row(*(escape(cell) for cell in report_cells(act)))
    if remarkable:
        out.print(table)
    for act in remarkable[:most]:
        for remark in act.refused[:3]:
            out.print(f"  {act.work_id or act.source}: {remark}", markup=False)
        if len(act.refused) > 3:
            out.print(f"  {act.work_id}: and {len(act.refused) - 3} more", markup=False)
    if most is not None and len(remarkable) > most:
        out.print(f"and {len(remarkable) - most} more acts: inforce corpus report")


@questions.command(epilog="Example:  inforce questions show questions.jsonl --family repealed")
def show(
    file: File,
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
    work: Annotated[str | None, typer.Option(help="Only about this work id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most questions to print.")] = 10,
    json: Json = False,
) -> None:
    """Print some questions with their answers, one per line with --json."""
    from itertools import islice

    from corpus.questions import read_questions

    wanted = (
        question
        for question in read_questions(file)
        if family in (None, question.family) and work in (None, question.work_id)
    )
    for question in islice(wanted, limit):
        print_json(question.model_dump(mode="json")) if json else _show(question)


@questions.command(epilog="Example:  inforce questions stats questions.jsonl")
def stats(file: File, json: Json = False) -> None:
    """Count questions by family, language, jurisdiction, split and reason to decline."""
    from corpus.questions import read_questions, tally

    show_stats(tally(read_questions(file)).model_dump(), json)


def _show(question: Question) -> None:
    from rich.markup import escape

    gold = question.gold_version or f"decline: {question.decline} ({question.why})"
    span = f" “{question.gold_span.text}”" if question.gold_span else ""
    out.print(
        f"[bold]{escape(question.text)}[/]\n  [dim]{question.family}[/]  {escape(gold + span)}"
    )


def show_stats(counts: dict[str, object], json: bool) -> None:
    """Print the counts of a set of questions."""
    if json:
        print_json(counts)
        return
    for name, value in counts.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{key} {count:,}" for key, count in value.items())
        out.print(f"{name.removeprefix('by_')}: {shown}")
