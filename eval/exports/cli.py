"""``inforce environment``: our questions, dated tools and rewards for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out, print_json

if TYPE_CHECKING:
    from eval.exports.export import Kind

app = typer.Typer(
    no_args_is_help=True, help="Export questions, tools and rewards for other trainers."
)

Folder = Annotated[Path, typer.Argument(help="The folder to write; it must not exist.")]
Questions = Annotated[
    Path, typer.Option(help="Questions on your corpus, of 'inforce questions make'.")
]
Turns = Annotated[int, typer.Option(help="Most messages of a model on one question.", min=1)]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command(epilog="Example:  inforce environment verifiers law-env --questions questions.jsonl")
def verifiers(
    folder: Folder, questions: Questions, max_turns: Turns = 8, json: AsJson = False
) -> None:
    """Write an environment of the library verifiers, for prime-rl and other trainers."""
    _write("verifiers", folder, questions, max_turns, as_json=json)


@app.command(epilog="Example:  inforce environment inspect law-task --questions questions.jsonl")
def inspect(
    folder: Folder, questions: Questions, max_turns: Turns = 8, json: AsJson = False
) -> None:
    """Write a task of the library inspect_ai."""
    _write("inspect", folder, questions, max_turns, as_json=json)


def _write(kind: Kind, folder: Path, file: Path, max_turns: int, *, as_json: bool) -> None:
    from agent.library import Library
    from corpus.questions import read_questions
    from corpus.settings import Settings
    from eval.exports.export import ExportSettings, askable, usual_rewards, write_export

    with Library.open(Settings.load()) as library:
        asked = askable(library, read_questions(file))
        settings = ExportSettings(
            corpus_hash=library.corpus_hash, max_turns=max_turns, rewards=usual_rewards()
        )
    written = write_export(kind, folder, asked, settings)
    if as_json:
        print_json({"folder": str(folder), "files": [path.name for path in written],
                    "questions": len(asked)})  # fmt: skip
    else:
        out.print(f"{len(asked)} questions in {folder}: see README.md there.", soft_wrap=True)
