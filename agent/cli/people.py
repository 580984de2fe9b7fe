"""Command-line verb ``people``: who may sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out, print_json

if TYPE_CHECKING:
    from agent.people import Person, Role

app = typer.Typer(
    no_args_is_help=True,
    help="""Say who may sign in to the app, and with which roles.

    Roles: reader (ask, search, read), annotator (label), adjudicator (label and settle),
    administrator (everything). Without sign-in everybody is the one local person.
    """,
)

Id = Annotated[
    str, typer.Argument(metavar="ID", help="What they sign in as, as a rule an e-mail address.")
]
Roles = Annotated[list[str], typer.Option("--role", help="A role; may be repeated.")]
Json = Annotated[bool, typer.Option("--json", help="Print one object.")]


@app.command("list", epilog="Example:  inforce people list")
def list_people(json: Json = False) -> None:
    """List everybody who may sign in, with their roles."""
    from agent.people import People, people_url
    from corpus.settings import Settings

    with People.open(people_url(Settings.load())) as people:
        found = people.all()
    if json:
        print_json({"people": [_lean(person) for person in found]})
        return
    for person in found:
        _print(person)
    if not found:
        out.print(
            "Nobody may sign in yet: inforce people add ID --name NAME --role administrator",
            markup=False,
        )


@app.command(epilog="Example:  inforce people add anna@firm.example --name Anna --role reader")
def add(
    person: Id,
    name: Annotated[str, typer.Option(help="The name that others see.")],
    role: Roles,
) -> None:
    """Let a person sign in."""
    from agent.people import local_person
    from agent.people_changes import add_person
    from corpus.settings import Settings

    _print(add_person(Settings.load(), local_person(), person, name, _roles(role)))


@app.command("role", epilog="Example:  inforce people role anna@firm.example --role adjudicator")
def set_role(person: Id, role: Roles) -> None:
    """Replace the roles of a person; it takes effect with their next click."""
    from agent.people import local_person
    from agent.people_changes import set_roles
    from corpus.settings import Settings

    _print(set_roles(Settings.load(), local_person(), person, _roles(role)))


@app.command(epilog="Example:  inforce people remove anna@firm.example")
def remove(person: Id) -> None:
    """Let a person sign in no longer, and revoke their keys; what they asked stays."""
    from agent.people import local_person
    from agent.people_changes import remove_person
    from corpus.settings import Settings

    removed = remove_person(Settings.load(), local_person(), person)
    out.print(f"{removed.id} can no longer sign in.", markup=False)


def _roles(names: list[str]) -> list[Role]:
    from agent.people import Role
    from corpus.errors import BadInputError

    unknown = [name for name in names if name not in set(Role)]
    if unknown:
        raise BadInputError(f"'{unknown[0]}' is no role: choose one of {', '.join(Role)}.")
    return [Role(name) for name in names]


def _lean(person: Person) -> dict[str, object]:
    return {**person.model_dump(mode="json"), "roles": sorted(person.roles)}


def _print(person: Person) -> None:
    out.print(f"{person.id}  {person.name}  ({', '.join(sorted(person.roles))})", markup=False)
