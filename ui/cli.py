"""Command-line verbs ``serve`` and ``demo``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, out

if TYPE_CHECKING:
    from corpus.settings import Settings

app = typer.Typer()

Port = Annotated[int, typer.Option(help="Port of the app.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 accepts other machines.")]


@app.command(epilog="Example:  inforce serve --port 8501")
def serve(port: Port = 8501, host: Host = "localhost") -> None:
    """Serve the app on your own corpus and print its address."""
    from corpus.settings import Settings

    raise typer.Exit(_run_app(Settings.load(), host, port))


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

    settings = Settings.under(home)
    load_demo(settings)
    if ask:
        out.print(f"\n[bold]{QUESTION}[/]")
        show_trace(first_answer(settings))
    if serve:
        raise typer.Exit(_run_app(settings, host, port))


def _run_app(settings: Settings, host: str, port: int) -> int:
    page = Path(__file__).with_name("server.py")
    errors.print(f"[bold green]InForce is at http://{host}:{port}[/]  (Ctrl+C stops it)")
    options = {
        "server.address": host,
        "server.port": port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": host,
        "logger.level": "warning",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(page)]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = {**os.environ, **settings.environment()}
    return subprocess.run(command, env=environment, check=False).returncode
