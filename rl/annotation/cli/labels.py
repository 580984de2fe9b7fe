"""All verbs of ``inforce labels``."""

from __future__ import annotations

import typer

from rl.annotation.cli.adjudicate import app as adjudicate_app
from rl.annotation.cli.exchange import app as exchange_app
from rl.annotation.cli.people import app as people_app
from rl.annotation.cli.projects import app as projects_app

app = typer.Typer(
    help="Choose rollouts worth a person's label, and take the labels out again.",
    no_args_is_help=True,
)
for part in (projects_app, people_app, exchange_app, adjudicate_app):
    app.add_typer(part)
