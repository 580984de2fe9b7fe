"""Command-line verbs ``runs card``, ``runs push`` and ``runs pull``: what is given to others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from corpus.console import out, print_json

QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "TRL_EXPERIMENTAL_SILENCE": "1"}
"""Environment variables that turn off the libraries' telemetry and notices."""

Home = Annotated[
    Path | None, typer.Option("--runs", help="Folder of runs; INFORCE_HOME/runs by default.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one object per line.")]

app = typer.Typer()


@app.command(epilog="Example:  inforce runs card tiny-grpo-s0-1")
def card(
    name: Annotated[str, typer.Argument(help="A run's name or folder.")],
    home: Home = None,
    json: AsJson = False,
) -> None:
    """Write a run's model card, README.md in its folder, in the format of the Hugging Face Hub."""
    from rl.run.model_card import write_model_card
    from rl.run.run_directory import find_run, runs_home

    written = write_model_card(find_run(name, home or runs_home()))
    if json:
        print_json({"card": str(written)})
    else:
        out.print(str(written), soft_wrap=True)


@app.command(epilog="Example:  inforce runs push tiny-grpo-s0-1 owner/tiny-law")
def push(
    name: Annotated[str, typer.Argument(help="A run's name or folder.")],
    repo: Annotated[str, typer.Argument(help="The repository, owner/name; made if needed.")],
    public: Annotated[
        bool, typer.Option("--public", help="Let all read a repository that is made.")
    ] = False,
    home: Home = None,
    json: AsJson = False,
) -> None:
    """Push a run's newest checkpoint and model card to the Hugging Face Hub, or HF_ENDPOINT.

    Needs inforce[train].
    """
    from corpus.errors import training_installed
    from rl.run.run_directory import find_run, runs_home

    run = find_run(name, home or runs_home())
    os.environ |= QUIET
    with training_installed("Pushing to a hub"):
        from rl.run.hub import push_run

        address = push_run(run, repo, public=public)
    if json:
        print_json({"address": address})
    else:
        out.print(address, soft_wrap=True)


@app.command(epilog="Example:  inforce runs pull owner/tiny-law")
def pull(
    repo: Annotated[str, typer.Argument(help="The repository, owner/name.")],
    to: Annotated[
        Path | None,
        typer.Option(help="Write here; by default INFORCE_HOME/models/hub/owner/name."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Pull a model or an adapter from the Hugging Face Hub, or HF_ENDPOINT; print its policy.

    Needs inforce[train].
    """
    from corpus.errors import training_installed

    os.environ |= QUIET
    with training_installed("Pulling from a hub"):
        from rl.run.hub import pull_model

        folder, policy = pull_model(repo, to)
    if json:
        print_json({"folder": str(folder), "policy": policy})
    else:
        out.print(f"INFORCE_POLICY={policy}", markup=False, soft_wrap=True)
