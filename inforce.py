"""The command line: mounts every room's own ``cli.py``.

The rooms' modules are light; each verb imports what it needs when it runs, so that
``inforce --help`` answers at once.
"""

from __future__ import annotations

import errno
import io
import sys
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from agent.cli.alerts import app as alerts_app
from agent.cli.alerts import check_after_ingest
from agent.cli.ask import app as agent_app
from agent.cli.audit import app as audit_app
from agent.cli.forget import app as forget_app
from agent.cli.keys import app as keys_app
from agent.cli.model import app as model_app
from agent.cli.people import app as people_app
from agent.cli.traces import app as traces_app
from corpus.cli import app as corpus_app
from corpus.console import errors, out
from corpus.errors import BadInputError, InForceError
from eval.cli import app as eval_app
from retrieval.cli.law import AFTER_INGEST
from retrieval.cli.law import app as retrieval_app
from retrieval.cli.questions import app as questions_app
from retrieval.cli.search import app as search_app
from retrieval.cli.works import app as works_app
from rl.annotation.cli.labels import app as labels_app
from rl.cli import app as rl_app
from ui.assistants.cli import app as assistants_app
from ui.cli import app as ui_app
from ui.matters.cli import app as matters_app

app = typer.Typer(
    name="inforce",
    help="""Search, read and cite the law in force on a governing date.

    With --json a verb prints JSON on standard output and nothing else; progress and messages go to
    standard error. `inforce --version` prints the version.

    Exit status: 0, an answer of any status; 1, the engine or the model failed, or what was compared
    differs; 2, bad input, reported in one sentence that names the place.
    """,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    epilog="Example:  inforce law 'art. 1240 Code civil' --as-at 2016-10-01",
)
for room in (
    ui_app,
    assistants_app,
    agent_app,
    traces_app,
    audit_app,
    forget_app,
    alerts_app,
    model_app,
    retrieval_app,
    search_app,
    works_app,
    corpus_app,
    eval_app,
    rl_app,
):
    app.add_typer(room)
AFTER_INGEST.append(check_after_ingest)
app.add_typer(questions_app, name="questions")
app.add_typer(labels_app, name="labels")
app.add_typer(people_app, name="people")
app.add_typer(keys_app, name="keys")
app.add_typer(matters_app, name="matters")


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        out.print(f"InForce {version('inforce')}", markup=False)
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Take the options that stand before the verb."""


_STORAGE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}


def main() -> None:
    """Run the command line and exit with the status that its help documents."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may know ASCII alone
    try:
        _check_encoding(sys.argv[1:])
        app()
    except InForceError as error:
        _stop(str(error), error.exit_status)
    except OSError as error:
        if error.errno not in _STORAGE:
            raise
        _stop(f"{error.filename or 'the disk'} cannot be used: {error.strerror}.", 1)
    except KeyboardInterrupt:
        sys.exit(130)


def _check_encoding(arguments: list[str]) -> None:
    for number, argument in enumerate(arguments, start=1):
        if not argument.isascii() and any("\ud800" <= char <= "\udfff" for char in argument):
            raise BadInputError(f"Argument {number} is not text in this terminal's encoding.")


def _stop(words: str, status: int) -> NoReturn:
    errors.print(f"[red]inforce:[/] {escape(words)}", soft_wrap=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
