"""The verbs of ``inforce questions``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out, print_json, progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpus.ingest import Progress
    from corpus.model import WorkHistory
    from corpus.questions import Question
    from corpus.store import Store

app = typer.Typer()
questions = typer.Typer(
    no_args_is_help=True,
    help="""Make, show and count questions with provable answers.

    They are made from version histories in nine families, deterministic from a seed, and split by
    work, so that no act is in two splits.
    """,
)
app.add_typer(questions, name="questions")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
File = Annotated[Path, typer.Argument(help="A questions file (JSON lines).")]


@questions.command(epilog="Example:  inforce questions make questions.jsonl --per-family 50")
def make(
    file: File,
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same questions.")] = 0,
    per_family: Annotated[
        int | None, typer.Option(help="Most questions of a family per work.")
    ] = None,
    json: Json = False,
) -> None:
    """Write questions about every work of the store to FILE and count them."""
    from corpus.questions import make_questions, read_questions, tally, write_questions
    from corpus.settings import Settings
    from corpus.store import Store

    with Store.open(Settings.load().store_url) as store, progress_bar("Works") as advance:
        histories = _watched(store, advance)
        write_questions(make_questions(histories, seed=seed, per_family=per_family), file)
    _show_stats(tally(read_questions(file)).model_dump(), json)


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

    _show_stats(tally(read_questions(file)).model_dump(), json)


def _watched(store: Store, advance: Progress) -> Iterator[WorkHistory]:
    works = store.works()
    for done, work in enumerate(works, start=1):
        history = store.work_history(work.id)
        if history is not None:
            yield history
        advance(done, len(works), work.title)


def _show(question: Question) -> None:
    from rich.markup import escape

    gold = question.gold_version or f"decline: {question.decline} ({question.why})"
    span = f" “{question.gold_span.text}”" if question.gold_span else ""
    out.print(
        f"[bold]{escape(question.text)}[/]\n  [dim]{question.family}[/]  {escape(gold + span)}"
    )


def _show_stats(counts: dict[str, object], json: bool) -> None:
    if json:
        print_json(counts)
        return
    for name, value in counts.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{key} {count:,}" for key, count in value.items())
        out.print(f"{name.removeprefix('by_')}: {shown}")
