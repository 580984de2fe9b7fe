"""Command-line verbs ``train``, ``runs``, ``plugins`` and ``rescore``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import out, print_json
from rl.after_run.cli import app as after_app
from rl.control.cli import app as control_app
from rl.rewards_cli import app as rewards
from rl.run.cli import QUIET, AsJson, Home
from rl.run.cli import app as shared

if TYPE_CHECKING:
    from rl.recipes.recipe import Recipe
    from rl.run.run_directory import Run

app = typer.Typer()
app.add_typer(after_app)
app.add_typer(control_app)
runs = typer.Typer(help="List, show and compare training runs.", no_args_is_help=True)
runs.add_typer(shared)
app.add_typer(runs, name="runs")
app.add_typer(rewards, name="rewards")


@app.command(epilog="Example:  inforce train tiny-grpo --set train.seed=1")
def train(
    recipe: Annotated[
        str, typer.Argument(help="Name of a recipe that comes with InForce, or a .toml file.")
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting, as table.field=value.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Continue the newest run of this recipe from its last checkpoint."
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check the recipe, print its passes, steps, tokens and memory, and train nothing.",
        ),
    ] = False,
    accelerate: Annotated[
        str | None,
        typer.Option(
            help="With --dry-run: a configuration of accelerate to check against the recipe:"
            " multi-gpu, fsdp2, deepspeed-zero2 or a .json file."
        ),
    ] = None,
    home: Home = None,
    json: AsJson = False,
) -> None:
    """Train a model by reinforcement learning, as a recipe says.

    Needs inforce[train], except with --dry-run.
    """
    from corpus.errors import BadInputError
    from rl.recipes.launch_config import check_launch, config_path
    from rl.recipes.load import load_recipe

    resolved = load_recipe(recipe, set_ or ())
    launched = None if accelerate is None else config_path(accelerate)
    if launched is not None:
        check_launch(resolved, launched)
        start = _started_by(launched, recipe, set_ or (), home)
        if not dry_run:
            raise BadInputError(f"--accelerate needs --dry-run; the run is started by: {start}")
    if dry_run:
        _plan(resolved, home, as_json=json)
        if launched is not None and not json:
            out.print(f"Start: {start}", markup=False, soft_wrap=True)
        return
    run = _train(resolved, home, resume=resume)
    if json:
        print_json({"run": run.name, "folder": str(run.folder)})
    else:
        out.print(f"{run.name} is done: {run.report}", soft_wrap=True)


def _started_by(config: Path, recipe: str, overrides: Sequence[str], home: Path | None) -> str:
    """Return the shell command that starts the run that was checked."""
    words = ["accelerate", "launch", "--config_file", str(config), "-m", "inforce", "train", recipe]
    words += [word for one in overrides for word in ("--set", one)]
    return shlex.join(words if home is None else [*words, "--runs", str(home)])


def _train(recipe: Recipe, home: Path | None, *, resume: bool) -> Run:
    from corpus.errors import training_installed

    os.environ |= QUIET
    with training_installed("Training"):
        from rl.training.launch import start
    return start(recipe, home, resume=resume)


def _plan(recipe: Recipe, home: Path | None, *, as_json: bool) -> None:
    from rl.recipes.budget import batch_budget, memory_budget, shape_of, token_budget
    from rl.recipes.requirements import missing
    from rl.run.run_directory import runs_home

    batch, tokens, shape = batch_budget(recipe.train), token_budget(recipe), shape_of(recipe)
    memory = memory_budget(recipe, shape) if shape else None
    lacking = missing(recipe, home or runs_home())
    if as_json:
        found = {"batch": batch, "tokens": tokens, "memory": memory}
        counted = {name: plan.model_dump() for name, plan in found.items() if plan}
        print_json({"recipe": recipe.model_dump(mode="json"), **counted, "missing": lacking})
        return
    train = recipe.train
    out.print(
        f"[bold]{recipe.name}[/]  {recipe.about}\n"
        f"A round: {train.questions} questions x {train.group_size} = {batch.rollouts} rollouts, "
        f"{batch.rollouts_per_process} in each of {train.processes} processes; "
        f"{batch.passes_per_epoch} passes of {train.micro_batch}, {batch.accumulated} to a step.\n"
        f"The run: {train.rounds} rounds x {batch.steps_per_round} = {batch.steps} steps.\n"
        f"Tokens at most: {tokens.thread:,} in a thread; a round writes "
        f"{tokens.written_per_round:,} and learns from {tokens.learnt_per_round:,}; "
        f"the run learns from {tokens.learnt:,}."
    )
    if memory is None:
        out.print("Memory: not counted, since the model's shape is not at hand (model.shape).")
    else:
        out.print(
            f"Memory of each process: {memory.training:.2f} GiB, of which weights "
            f"{memory.weights:.2f}, gradients {memory.gradients:.2f}, optimiser "
            f"{memory.optimiser:.2f}, activations {memory.activations:.2f} "
            f"({memory.parameters / 1e6:,.1f} M parameters, {memory.trained / 1e6:,.1f} M trained)."
        )
        if memory.sampler:
            out.print(f"Memory of vLLM: {memory.sampler:.2f} GiB for weights and cache.")
    for words in lacking:
        out.print(f"Missing here: {words}", markup=False)


@runs.command("list", epilog="Example:  inforce runs list")
def list_runs(home: Home = None, json: AsJson = False) -> None:
    """List the runs, oldest first."""
    from rl.run.run_directory import all_runs, runs_home

    for run in all_runs(home or runs_home()):
        found = _summary(run)
        if json:
            print_json(found)
        else:
            reward = "-" if found["reward"] is None else f"{found['reward']:.3f}"
            out.print(
                f"[bold]{run.name}[/]  {found['started']:%Y-%m-%d %H:%M}  step {found['step']}"
                f" of {found['steps']}  reward {reward}"
            )


@runs.command(epilog="Example:  inforce runs show tiny-grpo-s0-1")
def show(
    name: Annotated[str, typer.Argument(help="A run's name or folder.")],
    home: Home = None,
    json: AsJson = False,
) -> None:
    """Print a run's settings and newest metrics, and write its report.html anew."""
    from rl.run.report import write_report
    from rl.run.run_directory import find_run, runs_home

    run = find_run(name, home or runs_home())
    newest = _newest(run)
    if json:
        print_json({**_summary(run), "metrics": newest, "folder": str(run.folder)})
        return
    for key, value in {**_summary(run), **newest}.items():
        shown = f"{value:.4g}" if isinstance(value, float) else value
        out.print(f"{key:<32} {shown}")
    out.print(f"{'report':<32} {write_report(run)}", soft_wrap=True)


@runs.command(epilog="Example:  inforce runs compare tiny-grpo-s0-1 tiny-grpo-s0-2 --to two.html")
def compare(
    names: Annotated[list[str], typer.Argument(help="Runs, by name or folder.")],
    to: Annotated[
        Path | None, typer.Option(help="Write the curves of all runs to this HTML file.")
    ] = None,
    home: Home = None,
    json: AsJson = False,
) -> None:
    """Print the settings in which runs differ, and their newest metrics side by side."""
    from rl.run.report import curves, page
    from rl.run.run_directory import differences, find_run, runs_home

    found = [find_run(name, home or runs_home()) for name in names]
    differing = differences([run.recipe() for run in found])
    newest = [_newest(run) for run in found]
    metrics = {key: [one.get(key) for one in newest] for one in newest for key in one}
    if json:
        print_json({"runs": [run.name for run in found], "recipe": differing, "metrics": metrics})
    else:
        _side_by_side([run.name for run in found], {**differing, **metrics})
    if to is not None:
        rows = {run.name: list(run.metrics.rows()) for run in found}
        to.write_text(page(" and ".join(rows), curves(rows)), encoding="utf-8")


def _side_by_side(names: Sequence[str], values: dict[str, list[object]]) -> None:
    from rich.table import Table

    table = Table("", *names)
    for key, cells in values.items():
        shown = (f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells)
        table.add_row(key, *shown)
    out.print(table)


def _summary(run: Run) -> dict[str, object]:
    from rl.recipes.budget import batch_budget

    facts, newest = run.facts(), _newest(run)
    return {
        "run": run.name,
        "recipe": run.recipe().name,
        "seed": facts.seed,
        "started": facts.started,
        "commit": facts.commit,
        "corpus_hash": facts.corpus_hash,
        "step": newest.get("step", 0),
        "steps": batch_budget(run.recipe().train).steps,
        "reward": newest.get("reward"),
    }


def _newest(run: Run) -> dict[str, object]:
    """Return the newest value of each metric."""
    newest: dict[str, object] = {}
    for row in run.metrics.rows():
        newest |= {name: value for name, value in row.items() if value is not None}
    newest.pop("seconds", None)
    return newest


@app.command(epilog="Example:  inforce plugins")
def plugins(json: AsJson = False) -> None:
    """List the rewards, methods, tools and policies that installed packages add.

    Exit status 1 if one of them cannot be used.
    """
    from rl.plugins import installed_parts

    parts = installed_parts()
    for one in parts:
        if json:
            print_json(one.model_dump())
            continue
        out.print(f"[bold]{one.name}[/]  {one.kind}, {one.source}", highlight=False)
        out.print(f"  {one.problem or one.about}", highlight=False, markup=False, soft_wrap=True)
    if not parts and not json:
        out.print("No installed package adds anything.")
    if any(one.problem for one in parts):
        raise typer.Exit(1)


@app.command(epilog="Example:  inforce rescore tiny-grpo-s0-1")
def rescore(
    run: Annotated[str, typer.Argument(help="A run, by name or folder.")],
    home: Home = None,
    json: AsJson = False,
) -> None:
    """Score a run's saved rollouts again with the present reward code and print the changes."""
    from rl.rewards.rescore import rescore as again
    from rl.run.run_directory import find_run, runs_home

    saved = find_run(run, home or runs_home())
    recipe = saved.recipe()
    found = again(saved.folder, recipe.reward_plugins, recipe.judge)
    if json:
        print_json(found.model_dump())
        return
    out.print(
        f"{found.traces} rollouts, {found.void} void; "
        f"{found.outcomes_changed} outcomes changed"
        + (f" (first: {found.first_changed})" if found.first_changed else "")
    )
    for name, drift in found.channels.items():
        out.print(
            f"  {name:<12} {drift.changed} of {drift.scored} changed, {drift.gained} gained, "
            f"{drift.lost} lost, at most by {drift.largest:.3g}"
        )
