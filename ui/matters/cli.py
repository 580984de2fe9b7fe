"""Command-line verb ``matters``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from agent.cli.alerts import PersonId
from corpus.console import errors, optional_day, out, print_json

if TYPE_CHECKING:
    from agent.matters.records import Contents, MatterRecord
    from agent.matters.store import Matters
    from agent.people import Person
    from corpus.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="""Keep the questions, notes, facts and dates of a case together.

    A matter is private to its owner and those it is shared with. INFORCE_MATTERS says where matters
    are kept. 'inforce alerts' tells which cited law has changed since.
    """,
)

Id = Annotated[
    str, typer.Argument(metavar="ID", help="The matter's id, or its first four characters or more.")
]
Name = Annotated[str, typer.Argument(help="Name of the matter.")]
Json = Annotated[bool, typer.Option("--json", help="Print one object.")]


@app.command("list", epilog="Example:  inforce matters list")
def list_matters(
    archived: Annotated[bool, typer.Option(help="Those that are archived.")] = False,
    find: Annotated[str, typer.Option(help="Only names and references with this text.")] = "",
    person: PersonId = None,
    json: Json = False,
) -> None:
    """List the open matters that a person may see, last changed first."""
    with _desk(person) as desk:
        found = desk.matters.all(desk.person, archived=archived, find=find)
    if json:
        print_json({"matters": [one.model_dump(mode="json") for one in found]})
        return
    for one in found:
        _line(one)
    if not found:
        out.print("There is no matter.")


@app.command(epilog="Example:  inforce matters show 3f2a91c4")
def show(matter: Id, person: PersonId = None, json: Json = False) -> None:
    """Print a matter with its notes and questions."""
    from agent.audit import Action, Kind
    from agent.matters.audited import log

    with _desk(person) as desk:
        contents = desk.matters.contents(desk.person, matter)
        log(desk.settings, desk.person, Action.SAW, Kind.MATTER, contents.matter.id)
    if json:
        print_json(contents.model_dump(mode="json"))
    else:
        _show(contents, desk.settings)


@app.command(epilog="Example:  inforce matters new 'Smith v Jones' --as-at 2012-04-05")
def new(
    name: Name,
    reference: Annotated[
        str, typer.Option(help="The client's reference, such as the number of the file.")
    ] = "",
    as_at: Annotated[str | None, typer.Option("--as-at", "--on", help="Governing date.")] = None,
    issue: Annotated[str | None, typer.Option(help="Legal issue, as of inforce ask.")] = None,
    fact: Annotated[
        list[str] | None, typer.Option(help="A date of the case, ROLE=YYYY-MM-DD.")
    ] = None,
    jurisdiction: Annotated[
        list[str] | None, typer.Option(help="Search only in this jurisdiction.")
    ] = None,
    extent: Annotated[str | None, typer.Option(help="Territory of the case.")] = None,
    topic: Annotated[str | None, typer.Option(help="Special topic, as of inforce ask.")] = None,
    known_at: Annotated[
        str | None, typer.Option(help="Use only what had been published by this day.")
    ] = None,
    person: PersonId = None,
    json: Json = False,
) -> None:
    """Make a matter with the date and the facts of its case."""
    from agent.governing_date.replies import read_facts_given, read_issue
    from agent.matters.records import CaseFrame

    frame = CaseFrame(
        as_at=optional_day(as_at, "--as-at"),
        issue=read_issue(issue) if issue is not None else None,
        facts=read_facts_given(fact or ()),
        jurisdictions=tuple(jurisdiction or ()),
        extent=extent,
        topic=topic,
        known_at=optional_day(known_at, "--known-at"),
    )
    with _desk(person) as desk:
        _said(desk.matters.create(desk.person, name, frame, reference), json=json)


@app.command(epilog="Example:  inforce matters rename 3f2a91c4 'Smith v Jones (appeal)'")
def rename(matter: Id, name: Name, person: PersonId = None, json: Json = False) -> None:
    """Give a matter another name."""
    with _desk(person) as desk:
        _said(desk.matters.rename(desk.person, matter, name), json=json)


@app.command(epilog="Example:  inforce matters refer 3f2a91c4 'ACME/2026-118'")
def refer(
    matter: Id,
    reference: Annotated[str, typer.Argument(help="The reference; empty removes it.")],
    person: PersonId = None,
    json: Json = False,
) -> None:
    """Set the client's reference of a matter, such as the number of the file."""
    with _desk(person) as desk:
        _said(desk.matters.refer(desk.person, matter, reference), json=json)


@app.command(epilog="Example:  inforce matters archive 3f2a91c4")
def archive(
    matter: Id,
    undo: Annotated[bool, typer.Option("--undo", help="Open it again.")] = False,
    person: PersonId = None,
    json: Json = False,
) -> None:
    """Archive a matter: it can be read, and is neither changed nor checked for alerts."""
    with _desk(person) as desk:
        _said(desk.matters.archive(desk.person, matter, archived=not undo), json=json)


@app.command(epilog="Example:  inforce matters share 3f2a91c4 ben@firm.example")
def share(
    matter: Id,
    other: Annotated[
        str, typer.Argument(metavar="PERSON", help="What the other person signs in as.")
    ],
    undo: Annotated[bool, typer.Option("--undo", help="End the sharing.")] = False,
    person: PersonId = None,
    json: Json = False,
) -> None:
    """Let another person see a matter, add notes and file questions in it."""
    from agent.audit import Action, Kind
    from agent.matters.audited import log

    action = Action.UNSHARED if undo else Action.SHARED
    with _desk(person) as desk:
        change = desk.matters.unshare if undo else desk.matters.share
        found = change(desk.person, matter, other)
        log(desk.settings, desk.person, action, Kind.MATTER, found.id, other=other)
        _said(found, json=json)


@app.command(epilog="Example:  inforce matters note 3f2a91c4 'Dismissed on 5 April 2012.'")
def note(
    matter: Id,
    text: Annotated[str, typer.Argument(help="The note.")],
    person: PersonId = None,
) -> None:
    """Add a note to a matter."""
    with _desk(person) as desk:
        desk.matters.add_note(desk.person, matter, text)


@app.command(epilog="Example:  inforce matters file 3f2a91c4 77ab01cd")
def file(
    matter: Id,
    trace: Annotated[str, typer.Argument(help="Id of a kept trace, or the start of it.")],
    undo: Annotated[bool, typer.Option("--undo", help="Take it out of the matter.")] = False,
    person: PersonId = None,
) -> None:
    """File a question and its answer in a matter; alerts then tell what changes of its law."""
    from agent.matters.filing import file_question, take_out
    from agent.trace_store import TraceStore, traces_url
    from corpus.store import Store

    with _desk(person) as desk, TraceStore.open(traces_url(desk.settings)) as traces:
        found = traces.load_own(traces.load(trace).id, desk.person)
        if undo:
            take_out(desk.matters, desk.person, matter, found.id)
            return
        with Store.open(desk.settings.store_url) as store:
            file_question(desk.matters, desk.person, matter, found, store)


@app.command(epilog="Example:  inforce matters export 3f2a91c4 --to matter.docx")
def export(
    matter: Id,
    to: Annotated[Path, typer.Option(help="File to write; one that exists is replaced.")],
    how: Annotated[
        str | None,
        typer.Option("--as", help="docx, pdf, md or json; default: the suffix of the file."),
    ] = None,
    person: PersonId = None,
) -> None:
    """Write a matter as one memo of its answers, or as a JSON file that replay opens.

    The file is deleted with the matter, unless it was changed since.
    """
    from agent.audit import Action, Kind
    from agent.matters.audited import log
    from agent.matters.bundle import bundle_of
    from agent.matters.deletion import note_export
    from agent.trace_store import TraceStore, traces_url
    from corpus.whole_file import write_whole
    from ui.export.files import format_of
    from ui.export.matter import exported_matter

    chosen = format_of(to, how)
    with _desk(person) as desk, TraceStore.open(traces_url(desk.settings)) as traces:
        bundle = bundle_of(desk.matters, desk.person, matter, traces)
        content = exported_matter(bundle, desk.settings, chosen)
        log(desk.settings, desk.person, Action.EXPORTED, Kind.MATTER, bundle.matter.id)
        write_whole(to, content)
        note_export(desk.matters, desk.person, matter, to)
    out.print(f"The {chosen} of matter {bundle.matter.id[:12]} is in {to}.", markup=False)


@app.command(epilog="Example:  inforce matters delete 3f2a91c4 --yes")
def delete(
    matter: Id,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    person: PersonId = None,
    json: Json = False,
) -> None:
    """Delete a matter for good, with its traces, conversations, alerts and exported files."""
    from agent.matters.deletion import delete_matter

    with _desk(person) as desk:
        found = desk.matters.get(desk.person, matter)
        if not yes:
            typer.confirm(f"Delete matter '{found.name}' and its answers for good?", abort=True)
        done = delete_matter(desk.matters, desk.person, found.id, desk.settings)
    if json:
        print_json(done.model_dump(mode="json"))
        return
    out.print(
        f"Deleted: '{done.name}', {done.traces} traces, {done.threads} conversations, "
        f"{len(done.files)} files.",
        markup=False,
    )
    for words in done.kept:
        errors.print(words, markup=False)


# -- inside ----------------------------------------------------------------------------------


class _Desk(NamedTuple):
    """What every verb needs: the matters, who acts, and the settings."""

    matters: Matters
    person: Person
    settings: Settings


@contextmanager
def _desk(person_id: str | None) -> Iterator[_Desk]:
    from agent.cli.alerts import acting
    from agent.matters.store import Matters, matters_url
    from corpus.settings import Settings

    settings = Settings.load()
    person = acting(settings, person_id)
    with Matters.open(matters_url(settings)) as matters:
        yield _Desk(matters, person, settings)


def _said(matter: MatterRecord, *, json: bool) -> None:
    if json:
        print_json(matter.model_dump(mode="json"))
    else:
        _line(matter)


def _line(matter: MatterRecord) -> None:
    from rich.markup import escape

    shared = f", shared with {', '.join(matter.shared_with)}" if matter.shared_with else ""
    archived = ", archived" if matter.archived is not None else ""
    reference = f"{matter.reference}, " if matter.reference else ""
    out.print(
        f"[cyan]{matter.id[:12]}[/]  {matter.changed:%Y-%m-%d}  {escape(matter.name)}  "
        f"[dim]{escape(reference + matter.owner + shared + archived)}[/]"
    )


def _show(contents: Contents, settings: Settings) -> None:
    from rich.markup import escape

    from agent.trace_store import TraceStore, traces_url
    from ui.export.matter import frame_words

    _line(contents.matter)
    frame = contents.matter.frame
    for role, day in sorted(frame.facts.items()):
        out.print(f"  {role.words}: {day}", markup=False)
    for words in frame_words(frame):
        out.print(f"  {words}", markup=False)
    for one in contents.notes:
        out.print(f"[bold]{one.written:%Y-%m-%d} {escape(one.author)}[/]  {escape(one.text)}")
    ids = [question.trace_id for question in contents.questions]
    with TraceStore.open(traces_url(settings)) as traces:
        kept = {line.id: line for line in traces.lines(ids=ids)}
    for trace in ids:
        line = kept.get(trace)
        said = f"law as at {line.as_at}, {line.outcome}: {line.question}" if line else "not kept"
        out.print(f"[cyan]{trace[:12]}[/]  {escape(' '.join(said.split())[:140])}")
