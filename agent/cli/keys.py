"""Command-line verb ``keys``: the keys with which programs act for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, optional_day, out, print_json

if TYPE_CHECKING:
    from agent.people_keys import PersonKey

app = typer.Typer(
    no_args_is_help=True,
    help="""Make and revoke the keys with which programs act for a person.

    The API and the MCP server over HTTP take them. A key opens what its person may open, and
    nothing else; what it is used for is in the audit log under their name.
    """,
)

Json = Annotated[bool, typer.Option("--json", help="Print one object.")]


@app.command("create", epilog="Example:  inforce keys create anna@firm.example intranet")
def create_key(
    person: Annotated[str, typer.Argument(metavar="ID", help="Id of the person.")],
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    expires: Annotated[
        str | None, typer.Option(metavar="DAY", help="First day on which it is refused.")
    ] = None,
) -> None:
    """Make a key for a person, and print it once; only its SHA-256 is kept."""
    from agent.people import local_person
    from agent.people_changes import make_key
    from corpus.settings import Settings

    day = optional_day(expires, "--expires")
    made, key = make_key(Settings.load(), local_person(), person, name, day)
    out.print(key, markup=False, soft_wrap=True)
    errors.print(f"Key {made.id} of {made.person}. It is not shown again.", markup=False)


@app.command("list", epilog="Example:  inforce keys list anna@firm.example")
def list_keys(
    person: Annotated[str | None, typer.Argument(help="Only the keys of this person.")] = None,
    json: Json = False,
) -> None:
    """List keys: of whom, what for, since when, when last used, and whether they are valid."""
    from agent.people import local_person, people_url
    from agent.people_keys import PersonKeys
    from corpus.settings import Settings

    by = local_person()
    with PersonKeys.open(people_url(Settings.load())) as keys:
        found = keys.of(by, person) if person else keys.all(by)
    if json:
        print_json({"keys": [key.model_dump(mode="json") for key in found]})
        return
    for key in found:
        _print_key(key)
    if not found:
        out.print("There are no keys: inforce keys create ID NAME", markup=False)


@app.command("revoke", epilog="Example:  inforce keys revoke 3f2a91c4")
def revoke(
    key: Annotated[str, typer.Argument(help="Id of the key, or the start of it.")],
) -> None:
    """Refuse a key from now on."""
    from agent.people import local_person
    from agent.people_changes import revoke_key
    from corpus.settings import Settings

    _print_key(revoke_key(Settings.load(), local_person(), key))


def _print_key(key: PersonKey) -> None:
    used = f"last used {key.last_used:%Y-%m-%d %H:%M}" if key.last_used else "never used"
    expires = f", expires {key.expires}" if key.expires else ""
    revoked = f", revoked {key.revoked:%Y-%m-%d}" if key.revoked else ""
    out.print(
        f"{key.id}  {key.person}  {key.name}  (made {key.created:%Y-%m-%d}, {used}"
        f"{expires}{revoked})",
        markup=False,
    )
