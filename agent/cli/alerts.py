"""Command-line verb ``alerts``, and the check after an ingest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, out, print_json

if TYPE_CHECKING:
    from agent.matters.alerts import Alert
    from agent.people import Person
    from corpus.settings import Settings

app = typer.Typer()

PersonId = Annotated[
    str | None,
    typer.Option("--person", help="Id of the person who acts; default: the local user."),
]


@app.command(epilog="Example:  inforce alerts --acknowledge 3f2a91c4")
def alerts(
    matter: Annotated[str | None, typer.Option(help="Only those of this matter.")] = None,
    history: Annotated[
        bool, typer.Option("--all", help="Those that were acknowledged too.")
    ] = False,
    acknowledge: Annotated[
        list[str] | None, typer.Option(help="Acknowledge the alert with this id.")
    ] = None,
    person: PersonId = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check what matters cite against the law on record, send what is new, and list alerts.

    Told is what was amended, repealed, renumbered or corrected since the question was asked, and
    what will be within INFORCE_ALERT_DAYS. Each change is told once, also by webhook and e-mail
    where INFORCE_ALERT_WEBHOOK or INFORCE_ALERT_SMTP_HOST is set; what could not be sent is sent
    with the next check. Every ingest checks as well.

    Exit status 1 while there is an alert that was not acknowledged.
    """
    from agent.matters.alerts import acknowledge as take_note
    from agent.matters.alerts import alerts_of
    from agent.matters.checking import check
    from agent.matters.store import Matters, matters_url
    from corpus.clock import today
    from corpus.settings import Settings

    settings = Settings.load()
    who = acting(settings, person)
    checked = check(settings)
    with Matters.open(matters_url(settings)) as matters:
        for each in acknowledge or ():
            take_note(matters, who, each)
        found = alerts_of(matters, who, matter, acknowledged=history)
    if json:
        said = [{**a.model_dump(mode="json"), "words": a.said(today()).text} for a in found]
        print_json({"alerts": said, "problems": checked.problems})
    else:
        for one in found:
            _show(one)
        if not found:
            out.print("There are no new alerts.")
    _say_problems(checked.problems)
    if any(one.acknowledged is None for one in found):
        raise typer.Exit(1)


def acting(settings: Settings, person_id: str | None) -> Person:
    """Return the person with an id, else the local user.

    Whoever runs the command line reads the database itself, so nothing is proved here.

    Raises:
        BadInputError: nobody of that id may sign in.
        StoreError: the database of people cannot be read.
    """
    from agent.people import People, local_person, people_url
    from corpus.errors import BadInputError

    if person_id is None:
        return local_person()
    with People.open(people_url(settings)) as people:
        found = people.find(person_id)
    if found is None:
        raise BadInputError(f"There is no person '{person_id[:80]}': see 'inforce people list'.")
    return found


def check_after_ingest(settings: Settings) -> None:
    """Check all matters and say how many alerts are new; a failure is one sentence."""
    from agent.matters.checking import check
    from corpus.errors import InForceError

    try:
        checked = check(settings)
    except InForceError as problem:
        errors.print(f"Alerts were not checked: {problem}", markup=False)
        return
    if checked.found:
        count = len(checked.found)
        what = "alert is" if count == 1 else "alerts are"
        errors.print(f"{count} {what} new: inforce alerts", markup=False)
    _say_problems(checked.problems)


def _show(alert: Alert) -> None:
    from rich.markup import escape

    from corpus.clock import today

    seen = "" if alert.acknowledged is None else " [dim](acknowledged)[/]"
    out.print(
        f"[cyan]{alert.id[:12]}[/]  matter {alert.matter[:12]}  "
        f"{escape(alert.said(today()).text)}{seen}"
    )


def _say_problems(problems: tuple[str, ...]) -> None:
    for problem in problems:
        errors.print(problem, markup=False)
