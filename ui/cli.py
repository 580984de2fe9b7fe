"""Command-line verbs ``serve``, ``demo`` and ``export``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from corpus.console import errors, out

if TYPE_CHECKING:
    from corpus.settings import Settings

app = typer.Typer()

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port of the app.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 accepts other machines.")]


@app.command(epilog="Example:  inforce serve --port 8501")
def serve(
    port: Port = 8501,
    host: Host = "localhost",
    processes: Annotated[
        int, typer.Option(help="Processes of the app behind the address; one per core for many.")
    ] = 1,
) -> None:
    """Serve the app on your own corpus and print its address.

    A signal that ends the server leaves no process behind. Whether it answers is at
    /_stcore/health, whether there is a library to ask at /healthz, and how often each page was
    shown, and in how many seconds, at /metrics (with the extra serve). Without a library, what to
    do is printed and shown on the page, which works once there is one.

    With several processes each browser stays with one of them, by a cookie; one that ends is
    started again.
    """
    from corpus.settings import Settings
    from ui.serving.listening import check_free
    from ui.serving.processes import serve_processes

    settings = Settings.load()
    check_free(host, port)
    _say_if_empty(settings)
    if processes == 1:
        _become_app(settings, host, port)
    _say_where(host, port)
    serve_processes(
        lambda own: _app_command("127.0.0.1", own, host),
        settings.environment(),
        *(host, port, processes),
    )


@app.command(epilog="Example:  inforce demo --port 8501")
def demo(
    port: Port = 8501,
    host: Host = "localhost",
    home: Annotated[Path, typer.Option(help="Folder of the demonstration corpus.")] = Path(
        "var/demo"
    ),
    ask: Annotated[bool, typer.Option(help="Answer a first question in the terminal.")] = True,
    serve: Annotated[bool, typer.Option(help="Serve the app afterwards.")] = True,
) -> None:
    """Load the demonstration corpus, answer a first question and serve the app."""
    from agent.cli.terminal import show_trace
    from corpus.settings import Settings
    from ui.demo import QUESTION, first_answer, load_demo
    from ui.serving.listening import check_free

    settings = Settings.under(home)
    if serve:
        check_free(host, port)
    load_demo(settings)
    if ask:
        out.print(f"\n[bold]{QUESTION}[/]")
        show_trace(first_answer(settings))
    if serve:
        _become_app(settings, host, port)


@app.command(epilog="Example:  inforce export 3f2a91c4 --to memo.docx")
def export(
    trace: Annotated[
        str,
        typer.Argument(
            metavar="TRACE", help="Id of a kept trace, or its start, or a trace's .json file."
        ),
    ],
    to: Annotated[Path, typer.Option(help="File to write; one that exists is replaced.")],
    how: Annotated[
        str | None,
        typer.Option("--as", help="docx, pdf, md or json; default: the suffix of the file."),
    ] = None,
) -> None:
    """Write the memo of an answer or abstention: Word, PDF or Markdown, or the trace as JSON.

    A memo has the question, the governing date with its rule, the short answer, the authorities
    with interval and quotation, the reasoning, the limits, and an appendix for audit. The texts
    are read from the store in the state in which the question was answered.
    """
    from agent.cli.traces import load_trace
    from agent.trace_store import TraceStore, traces_url
    from corpus.settings import Settings
    from corpus.whole_file import write_whole
    from ui.export.files import Format, as_json, exported, format_of
    from ui.export.recorded import recorded

    found, chosen = load_trace(trace), format_of(to, how)
    if chosen is Format.JSON:
        content = as_json(found).encode()
    else:
        content = exported(found, *recorded(found, Settings.load()), chosen)
    write_whole(to, content)
    if not trace.endswith(".json"):
        with TraceStore.open(traces_url(Settings.load())) as store:
            store.note_export([found.id], to)
    out.print(f"The {chosen} of trace {found.id[:12]} is in {to}.", markup=False)


def _say_if_empty(settings: Settings) -> None:
    """Print what to do where there is no library yet."""
    from agent.library import Library
    from corpus.errors import IndexMissingError, SearchFailedError, StoreError

    try:
        Library.open(settings).close()
    except (StoreError, IndexMissingError, SearchFailedError) as error:
        errors.print(f"There is no library to ask yet: {error}", markup=False)
        errors.print(
            "'inforce ingest demo' loads the demonstration corpus, 'inforce ingest PATH' your own."
        )


def _become_app(settings: Settings, host: str, port: int) -> NoReturn:
    """Replace this process by the app's server."""
    _say_where(host, port)
    command = _app_command(host, port, host)
    sys.stdout.flush()
    os.execve(sys.executable, command, {**os.environ, **settings.environment()})  # noqa: S606


def _say_where(host: str, port: int) -> None:
    errors.print(f"[bold green]InForce is at http://{host}:{port}[/]  (Ctrl+C stops it)")


def _app_command(host: str, port: int, public: str) -> list[str]:
    """Return the command of the app's server; ``public`` is the host that browsers name."""
    page = Path(__file__).with_name("server.py")
    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": public,
        "client.showErrorLinks": "false",
        "logger.level": "warning",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(page)]
    return command + [f"--{name}={value}" for name, value in options.items()]
