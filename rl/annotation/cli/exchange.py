"""The verbs that take labels out of a project and into it."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out
from rl.annotation.cli.common import Project, opened_queue

if TYPE_CHECKING:
    from rl.annotation.imported import Made
    from rl.annotation.items import Label, LabelStatus
    from rl.annotation.queue.decision_log import TextOf
    from rl.annotation.queue.label_queue import LabelQueue

app = typer.Typer()


@app.command(epilog="Example:  inforce labels export fees labels.jsonl --status agreed")
def export(
    project: Project,
    path: Annotated[
        Path,
        typer.Argument(help="A .jsonl file, a Label Studio .json file, or a folder for Parquet."),
    ],
    status: Annotated[
        list[str] | None,
        typer.Option(help="Only labels of this status: agreed, adjudicated, disagreed, open."),
    ] = None,
    as_: Annotated[
        str,
        typer.Option(
            "--as",
            help="labels; demonstrations (right rollouts); or pairs (a right and a wrong one).",
        ),
    ] = "labels",
    source: Annotated[
        str | None,
        typer.Option("--from", help="Run or traces.jsonl with the rollouts; the project's run."),
    ] = None,
) -> None:
    """Write the labels of a project to a file, or what they make of the run's rollouts."""
    from rl.annotation import exchange
    from rl.annotation.label_studio import write_label_studio
    from rl.annotation.queue.labels import labels

    wanted = [_status(word) for word in status or ()]
    with opened_queue() as queue:
        found = exchange.with_status(labels(queue, project), wanted)
        if as_ != "labels":
            _export_rollouts(queue, project, found, path, as_, source)
            return
        if path.suffix == ".jsonl":
            exchange.write_jsonl(found, path)
        elif path.suffix == ".json":
            kept = {label.item for label in found}
            items = [item for item in queue.items(project) if item.id in kept]
            write_label_studio(items, found, path)
        else:
            exchange.write_parquet(found, path)
    out.print(f"{len(found)} labels written to {path}")


def _export_rollouts(
    queue: LabelQueue,
    project: str,
    found: list[Label],
    path: Path,
    what: str,
    source: str | None,
) -> None:
    from rl.annotation import exchange, training_data
    from rl.annotation.run_of_project import journal_of
    from rl.rewards.scored_trace import read_rollouts

    records = read_rollouts(journal_of(source or queue.project(project).run))
    rows = training_data.rows(what, found, queue.items(project), records)
    exchange.write_jsonl(rows, path)
    out.print(f"{len(rows)} {what} written to {path}")


@app.command("import", epilog="Example:  inforce labels import fees label-studio.json")
def import_(
    project: Project,
    path: Annotated[
        Path,
        typer.Argument(help="An export of Label Studio, a .json file, or of labels, .jsonl."),
    ],
) -> None:
    """Take in decisions that were made in Label Studio or in another project; each imported once.

    Labels that an export of ours wrote are taken in as those of "exported", where the item has
    none.
    """
    from rl.annotation.queue.labels import labels

    with ExitStack() as stack:
        queue, text_of = stack.enter_context(opened_queue()), _text_reader(stack)
        made = _made(queue, project, path, text_of)
        known = {label.item for label in labels(queue, project) if label.choice is not None}
        new = [one for one in made if one.person or one.item.id not in known]
        taken = sum(_take(queue, project, one, text_of) for one in new)
    out.print(f"{taken} decisions imported, {len(made) - taken} were there already.")


def _made(queue: LabelQueue, project: str, path: Path, text_of: TextOf) -> list[Made]:
    from rl.annotation.imported import read_labels
    from rl.annotation.label_studio import read_label_studio

    corpus_hash, items = queue.project(project).corpus_hash, queue.items(project)
    if path.suffix == ".jsonl":
        return read_labels(path, items, corpus_hash, text_of)
    return read_label_studio(path, items, text_of)


def _text_reader(stack: ExitStack) -> TextOf:
    """Return what reads texts of versions from the store, which is opened for the first one."""
    from corpus.settings import Settings
    from corpus.store import Store
    from rl.annotation.spans import text_reader

    @cache
    def opened() -> TextOf:
        return text_reader(stack.enter_context(Store.open(Settings.load().store_url)))

    def text_of(version_id: str) -> str | None:
        return opened()(version_id)

    return text_of


def _take(queue: LabelQueue, project: str, made: Made, text_of: TextOf) -> bool:
    from rl.annotation.items import Role
    from rl.annotation.queue.assignments import take_in

    person = made.person or "exported"
    if person not in queue.people(project):
        queue.add_person(project, person, Role.ANNOTATOR)
    return take_in(queue, project, made.item, person, made.decision, text_of)


def _status(word: str) -> LabelStatus:
    from corpus.errors import BadInputError
    from rl.annotation.items import LabelStatus

    try:
        return LabelStatus(word)
    except ValueError:
        raise BadInputError(
            f"--status: '{word}' is none of {', '.join(s.value for s in LabelStatus)}"
        ) from None
