"""The command line: mounts every room's own ``cli.py``.

The rooms' modules are light; each verb imports what it needs when it runs, so that
``inforce --help`` answers at once.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.markup import escape

from agent.cli.ask import app as agent_app
from agent.cli.model import app as model_app
from agent.cli.traces import app as traces_app
from corpus.cli import app as corpus_app
from corpus.errors import InForceError
from eval.cli import app as eval_app
from retrieval.cli.law import app as retrieval_app
from rl.cli import app as rl_app
from ui.cli import app as ui_app

app = typer.Typer(
    name="inforce",
    help="Ask what the law said on the day that matters.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    epilog="Example:  inforce law 'art. 1240 Code civil' --on 2016-10-01",
)
for room in (ui_app, agent_app, traces_app, model_app, retrieval_app, corpus_app, eval_app, rl_app):
    app.add_typer(room)


def main() -> None:
    """Run the command line. Exit status: 0 done, 1 failed here, 2 bad input."""
    try:
        app()
    except InForceError as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[red]inforce:[/] {escape(str(error))}")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
