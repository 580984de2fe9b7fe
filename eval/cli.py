"""Verbs of evaluation: score what answers questions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus.console import out, print_json
from eval.bench.cli import app as bench

app = typer.Typer()
app.add_typer(bench, name="bench")
evaluate = typer.Typer(no_args_is_help=True, help="Score answers against questions.")
app.add_typer(evaluate, name="eval")


@evaluate.command(epilog="Example:  inforce eval baselines questions.jsonl --split test")
def baselines(
    file: Annotated[Path, typer.Argument(help="A file made by 'inforce questions make'.")],
    split: Annotated[str | None, typer.Option(help="Only this split.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score the oracle (the store itself) and the newest text, per family with intervals."""
    from corpus.questions import read_questions
    from corpus.settings import Settings
    from corpus.store import Store
    from eval.baselines import newest_text, oracle, score_by_family

    asked = [q for q in read_questions(file) if split in (None, q.split)]
    with Store.open(Settings.load().store_url) as store:
        found = {
            name: score_by_family(store, asked, baseline)
            for name, baseline in (("oracle", oracle), ("newest_text", newest_text))
        }
    if json:
        print_json({n: {f: s.model_dump() for f, s in by.items()} for n, by in found.items()})
        return
    for name, by_family in found.items():
        out.print(f"[bold]{name.replace('_', ' ')}[/]")
        for family, score in by_family.items():
            out.print(f"  {family:<22} {score}")
