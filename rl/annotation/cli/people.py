"""The verb that says who works on a labelling project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out
from rl.annotation.cli.common import Project, opened_queue

if TYPE_CHECKING:
    from rl.annotation.queue.label_queue import LabelQueue

app = typer.Typer()


@app.command(epilog="Example:  inforce labels people fees --annotators cleo --remove ben")
def people(
    project: Project,
    annotators: Annotated[
        str, typer.Option(help="Let these label, separated by commas; an adjudicator no more.")
    ] = "",
    adjudicators: Annotated[
        str, typer.Option(help="Let these label and settle, separated by commas.")
    ] = "",
    remove: Annotated[
        str, typer.Option(help="Let these work on it no longer; what they decided stays.")
    ] = "",
) -> None:
    """List who works on a project, after adding and removing those that are named."""
    with opened_queue() as queue:
        queue.project(project)
        add_people(queue, project, annotators, adjudicators)
        for name in named(remove):
            queue.remove_person(project, name)
        found = sorted(queue.people(project).items())
    for name, role in found:
        out.print(f"{name}: {role.value}", markup=False)


def named(listed: str) -> list[str]:
    """Return the names in a list with commas, each once."""
    return list(dict.fromkeys(filter(None, (part.strip() for part in listed.split(",")))))


def add_people(queue: LabelQueue, project: str, annotators: str, adjudicators: str) -> None:
    """Add people to a project; ``annotators`` and ``adjudicators`` are lists with commas."""
    from rl.annotation.items import Role

    for role, names in ((Role.ANNOTATOR, annotators), (Role.ADJUDICATOR, adjudicators)):
        for name in named(names):
            queue.add_person(project, name, role)
