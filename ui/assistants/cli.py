"""Command-line verbs ``mcp``, ``api`` and ``api-key``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, out
from corpus.errors import BadInputError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

app = typer.Typer()

Host = Annotated[str, typer.Option(help="Address to listen on; others than localhost need keys.")]
KeyFile = Annotated[
    Path | None, typer.Option("--keys", envvar="INFORCE_API_KEYS", help="File of keys.")
]


@app.command(epilog="Example:  inforce mcp")
def mcp(
    http: Annotated[
        bool, typer.Option(help="Serve streamable HTTP at /mcp instead of standard input.")
    ] = False,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of --http.")] = 8502,
    keys: KeyFile = None,
) -> None:
    """Offer the four dated tools and ask to an assistant by the Model Context Protocol.

    Every tool needs a date and reads only; neither questions nor answers are stored. Without --http
    the assistant starts this command itself and speaks to it over standard input and output. With
    --http and the key of a person (see `inforce keys`) it acts as that person: their answers
    are kept, and it reads their answers and matters.
    """
    with _installed():
        import anyio

        from ui.assistants.desk import Desk
        from ui.assistants.keys import KeyNeeded, read_keys
        from ui.assistants.mcp_server import mcp_server, serve_stdio
    from corpus.settings import Settings

    settings = Settings.load()
    desk = Desk(settings)
    if not http:
        anyio.run(serve_stdio, desk)
        return
    known = read_keys(keys, host, settings)
    served = mcp_server(desk).streamable_http_app(host=host, stateless_http=True)
    _serve(KeyNeeded(served, known), known.who_is_let_in(), host, port, "/mcp")


@app.command(epilog="Example:  inforce api --port 8503")
def api(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API.")] = 8503,
    keys: KeyFile = None,
) -> None:
    """Serve the dated verbs as an HTTP API with an OpenAPI schema at /openapi.json.

    Routes: /v1/search, /v1/provision, /v1/versions, /v1/comparison and /v1/ask, each of which needs
    a date; /health and /metrics. Neither questions nor answers are stored, unless a request has the
    key of a person (see `inforce keys`): its answers are kept as theirs, and /v1/own has
    their answers and matters.
    """
    with _installed():
        from ui.assistants.api import api_app
        from ui.assistants.desk import Desk
        from ui.assistants.keys import read_keys
    from corpus.settings import Settings

    settings = Settings.load()
    known = read_keys(keys, host, settings)
    _serve(api_app(Desk(settings), known), known.who_is_let_in(), host, port, "")


@app.command("api-key", epilog="Example:  inforce api-key smith-llp --keys keys.txt")
def api_key(
    name: Annotated[str, typer.Argument(help="Name of the client, one word.")],
    keys: Annotated[Path, typer.Option(envvar="INFORCE_API_KEYS", help="File of keys to add to.")],
) -> None:
    """Make a key for a client of the API or the MCP server that is no person, and print it once.

    Its client acts as the local person, of whom no question, answer or matter is kept or shown;
    `inforce keys create` makes the key of a person. The file holds the SHA-256 of each key.
    To withdraw a key, delete its line and restart.
    """
    from ui.assistants.keys import add_key

    out.print(add_key(keys, name), markup=False)


def _serve(served: ASGIApp, let_in: str, host: str, port: int, path: str) -> None:
    import uvicorn

    from ui.serving.listening import check_free

    check_free(host, port)
    errors.print(let_in, markup=False)
    errors.print(f"InForce is at http://{host}:{port}{path}  (Ctrl+C stops it)", markup=False)
    uvicorn.run(served, host=host, port=port, log_level="warning")


@contextmanager
def _installed() -> Iterator[None]:
    """Turn a failed import of the server packages into an error message.

    Raises:
        BadInputError: a package is missing; the message says how to install it.
    """
    try:
        yield
    except ImportError as missing:
        raise BadInputError(
            f"This needs {missing.name}, which is not installed: pip install 'inforce[serve]'."
        ) from missing
