"""Command-line verb ``forget``."""

from __future__ import annotations

from typing import Annotated

import typer

from corpus.console import out, print_json

app = typer.Typer()


@app.command(epilog="Example:  inforce forget --older-than 365 --yes")
def forget(
    older_than: Annotated[
        int | None,
        typer.Option(min=1, help="Questions of more days ago; default INFORCE_RETENTION_DAYS."),
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="Everything of this person instead, however new.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; otherwise only count.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print what was deleted as one object; with --yes.")
    ] = False,
) -> None:
    """Delete old questions, or everything of a person, for good.

    Deleted are traces, threads and the files that `inforce export` and `inforce traces export`
    wrote of them; of a person also their matters and saved searches. Questions in a matter stay
    until it is deleted. The audit log keeps the ids of what was deleted.
    """
    from agent import retention
    from agent.people import Person, folded
    from corpus.clock import now
    from corpus.errors import BadInputError
    from corpus.settings import LOCAL_PERSON, Settings

    if older_than is not None and person is not None:
        raise BadInputError("Give --older-than or --person, not both.")
    if json and not yes:
        raise BadInputError("--json prints what was deleted: give --yes too.")
    settings = Settings.load()
    if person is not None:
        who = Person(id=folded(person) or LOCAL_PERSON, name=person, roles=frozenset())
        what = retention.all_of(settings, who)
    else:
        days = older_than or retention.retention_days()
        if days is None:
            raise BadInputError(
                "Say what to delete: --older-than DAYS, --person ID, or INFORCE_RETENTION_DAYS."
            )
        what = retention.older_than(settings, days, now())
    if not yes:
        more = (
            f", and {len(what.matters)} matters with their questions and {what.searches} saved "
            "searches"
            if person is not None
            else ""
        )
        out.print(
            f"{len(what.traces)} questions and {len(what.threads)} threads would be deleted{more}; "
            "--yes deletes them."
        )
        return
    done = retention.forget_person(settings, who) if person else retention.forget(settings, what)
    if json:
        print_json(done.model_dump(mode="json"))
        return
    out.print(
        f"Deleted: {done.traces} questions, {done.threads} threads, {done.matters} matters, "
        f"{done.searches} saved searches, {len(done.files)} files."
    )
    for said in done.kept:
        out.print(said, markup=False)
