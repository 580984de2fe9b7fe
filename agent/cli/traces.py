"""Command-line verbs ``traces`` and ``replay``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from corpus.console import errors, out, print_json, progress_bar

if TYPE_CHECKING:
    from agent.graph.replay import Replay
    from agent.trace import Trace
    from agent.trace_store import TraceStore

app = typer.Typer()
traces = typer.Typer(
    no_args_is_help=True,
    help="""List, show and export the kept traces.

    A trace is the whole record of one question: governing date, turns, tool calls, token ids of a
    model, the verifier's findings, and the answer. INFORCE_TRACES says where traces are kept.
    """,
)
app.add_typer(traces, name="traces")

Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The trace's id, or its first four characters or more, or a trace's .json file.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one object per trace.")]


@traces.command("list", epilog="Example:  inforce traces list --limit 5")
def list_traces(
    limit: Annotated[int, typer.Option(min=1, help="Most traces to list.")] = 20,
    json: Json = False,
) -> None:
    """List the traces kept, newest first."""
    with _opened() as store:
        lines = store.lines(limit)
    for line in lines:
        if json:
            print_json(line.model_dump(mode="json"))
        else:
            day = line.as_at or "no date"
            out.print(
                f"[cyan]{_shown(line.id[:12])}[/]  {line.started:%Y-%m-%d %H:%M}  law as at {day}  "
                f"{line.outcome.replace('_', ' ')}  [dim]{_shown(line.policy)}[/]  "
                f"{_shown(' '.join(line.question.split())[:80])}"
            )
    if not lines and not json:
        out.print("No trace has been kept yet.")


@traces.command(epilog="Example:  inforce traces show 3f2a91c4")
def show(trace: Id, json: Json = False) -> None:
    """Print one trace: question, turns, the verifier's findings, and the answer."""
    found = load_trace(trace)
    if json:
        print_json(found.model_dump(mode="json"))
    else:
        _print_trace(found)


@traces.command(epilog="Example:  inforce traces export traces.jsonl")
def export(
    file: Annotated[Path, typer.Argument(help="File to write; - is standard output.")],
) -> None:
    """Write every trace as one line of JSON, oldest first.

    A damaged trace is reported and left out; the exit status is then 1.
    """
    import sys

    from agent.trace_store import TraceError

    faults, written = 0, []
    with ExitStack() as opened:
        store = opened.enter_context(_opened())
        part = file.with_name(f"{file.name}.part")
        to = sys.stdout if str(file) == "-" else opened.enter_context(_written(part))
        for found in store.each():
            if isinstance(found, TraceError):
                errors.print(f"[red]inforce:[/] {found}")
                faults += 1
            else:
                to.write(found.model_dump_json() + "\n")
                written.append(found.id)
        to.flush()
        if str(file) != "-":
            part.replace(file)
            store.note_export(written, file)
            out.print(f"{len(written)} traces are in {file}.")
    if faults:
        raise typer.Exit(1)


@app.command(epilog="Example:  inforce replay 3f2a91c4")
def replay(
    trace: Id,
    now: Annotated[
        bool, typer.Option(help="Run on the present corpus instead of its recorded state.")
    ] = False,
    policy: Annotated[
        str | None,
        typer.Option(help="Run another policy; required where the first was an endpoint."),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print each comparison as one object.")
    ] = False,
) -> None:
    """Run the question of a trace again and print what differs.

    The run has the same governing date, known-at date, filters, facts and strategy. Where the
    corpus has changed since, its former state is read from the store and indexed for the replay.
    Of the JSON file of a matter, every answer is run again.
    Compared are corpus, policy, date, stop reason, the first turn that differs, citations, and the
    answer, as a redline. Exit status 1 when anything differs.
    """
    from agent.graph.replay import replay_recorded
    from agent.library import Library
    from corpus.settings import Settings

    settings = Settings.load()
    with (
        Library.open(settings) as library,
        progress_bar("Indexing the corpus as it was") as advance,
    ):
        outcomes = [
            replay_recorded(before, library, settings.index_url, advance, now=now, policy=policy)
            for before in load_traces(trace)
        ]
    for outcome in outcomes:
        if json:
            print_json({"same": outcome.same, **outcome.model_dump(mode="json")})
        else:
            _print_replay(outcome)
    if not all(outcome.same for outcome in outcomes):
        raise typer.Exit(1)


def load_trace(name: str) -> Trace:
    """Return a kept trace by its id or the start of it, or the one in a ``.json`` file.

    Raises:
        BadInputError: there is none of that name, the file cannot be read, or it is a matter
            without or with several answers.
        TraceError: the trace is damaged.
    """
    from corpus.errors import BadInputError

    found = load_traces(name)
    if len(found) != 1:
        raise BadInputError(f"{name} is a matter with {len(found)} answers, and one is wanted.")
    return found[0]


def load_traces(name: str) -> tuple[Trace, ...]:
    """Return what :func:`load_trace` does, or every trace of a matter in a ``.json`` file.

    Raises:
        BadInputError: there is none of that name, or the file cannot be read.
        TraceError: the trace is damaged.
    """
    if not name.endswith(".json"):
        with _opened() as store:
            return (store.load(name),)
    from agent.matters.bundle import read_traces

    return read_traces(Path(name))


def _written(file: Path) -> TextIO:
    from corpus.errors import BadInputError

    try:
        return file.open("w", encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"{file}: {error.strerror}") from None


def _shown(text: str) -> str:
    """Return external text without markup and control characters."""
    from rich.markup import escape

    from corpus.languages.quotation import seen

    return escape(seen(text))


def _opened() -> TraceStore:
    from agent.trace_store import TraceStore, traces_url
    from corpus.settings import Settings

    return TraceStore.open(traces_url(Settings.load()))


def _print_trace(trace: Trace) -> None:
    from agent.cli.terminal import show_trace

    out.print(f"[bold]{_shown(trace.question)}[/]")
    out.print(
        f"[dim]{trace.id}, asked {trace.started:%Y-%m-%d %H:%M:%S} UTC, {_shown(trace.policy)}, "
        f"corpus {trace.corpus_hash[:12]}, {trace.milliseconds:.0f} ms[/]"
    )
    for turn in trace.turns:
        if turn.adjustment:
            out.print(f"  [magenta]told:[/] {_shown(turn.adjustment)}")
        words = ", ".join(f"{call.name} {call.arguments}" for call in turn.calls) or turn.text
        out.print(f"  {turn.index + 1}. {_shown(words or turn.thought)}")
    for finding in trace.findings:
        mark = "[green]✓[/]" if finding.passed else "[red]✗[/]"
        out.print(f"  {mark} {_shown(finding.explanation)}")
    show_trace(trace)


def _print_replay(outcome: Replay) -> None:
    if outcome.same:
        out.print(f"[green]The same[/]: trace {outcome.before.id} came out as it was.")
        return
    for drift in outcome.drift:
        if drift.what == "answer":
            marks = {"same": "", "removed": "[red strike]", "added": "[green underline]"}
            parts = [
                f"{marks[s.kind]}{_shown(s.text)}{'[/]' if marks[s.kind] else ''}"
                for s in outcome.redline
            ]
            out.print("[bold]answer[/]: " + "".join(parts))
        else:
            out.print(f"[bold]{drift.what}[/]: {_shown(drift.before)} → {_shown(drift.after)}")
