"""Command-line verb ``audit``."""

from __future__ import annotations

from typing import Annotated

import typer

from corpus.console import out, print_json

app = typer.Typer()


@app.command(epilog="Example:  inforce audit --person anna@firm.example --limit 50")
def audit(
    person: Annotated[
        str | None, typer.Option(help="Only what this person did, or what concerned them.")
    ] = None,
    of: Annotated[str | None, typer.Option(help="Only what was done to the thing of this id.")] = (
        None
    ),
    limit: Annotated[int, typer.Option(min=1, help="Most lines to print.")] = 100,
    json: Annotated[bool, typer.Option("--json", help="Print one object.")] = False,
) -> None:
    """Print who saw, exported, shared and deleted what, newest first: ids, never contents.

    A line is never changed or deleted, also when the thing that it names is deleted.
    """
    from agent.audit import AuditLog, audit_url
    from corpus.settings import Settings

    with AuditLog.open(audit_url(Settings.load())) as log:
        lines = log.lines(limit, person=person, of=of)
    if json:
        print_json({"lines": [line.model_dump(mode="json") for line in lines]})
        return
    for line in lines:
        other = f" ({line.other})" if line.other else ""
        out.print(
            f"{line.at:%Y-%m-%d %H:%M:%S}  {line.person}  {line.action.replace('_', ' ')} "
            f"{line.kind} {line.object}{other}",
            markup=False,
        )
    if not lines:
        asked = " of this" if person or of else ""
        out.print(f"Nothing{asked} has been logged yet.")
