"""``inforce rewards``: list the rewards, write one of your own, try it on saved rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, out, print_json

if TYPE_CHECKING:
    from rl.rewards.scorer import Scorer
    from rl.rewards.trial import TriedReward, TriedRollout

app = typer.Typer(no_args_is_help=True, help="List, write and try rewards.")

Files = Annotated[list[Path] | None, typer.Option("--file", help="A Python file with rewards.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]


@app.command("list", epilog="Example:  inforce rewards list --file house_rewards.py")
def listed(file: Files = None, json: AsJson = False) -> None:
    """List the rewards: built in, of installed packages, and of files."""
    from rl.rewards.plugins import listed_rewards

    for one in listed_rewards(file or ()):
        if json:
            print_json(one.model_dump())
        else:
            out.print(f"[bold]{one.name}[/]  weight {one.weight:g}, {one.source}", highlight=False)
            out.print(f"  {one.measures}", highlight=False)


@app.command(epilog="Example:  inforce rewards new house_rewards.py")
def new(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
) -> None:
    """Write a file with a reward to change, and a test of it beside it."""
    from rl.rewards.scaffold import write_reward_file

    reward, test = write_reward_file(file)
    out.print(f"{reward} holds a reward; {test} tests it: run it with pytest.", soft_wrap=True)
    out.print(f"Next: inforce rewards try {reward} --run RUN", soft_wrap=True)


@app.command("try", epilog="Example:  inforce rewards try house_rewards.py --run tiny-grpo-s0-1")
def tried(
    file: Annotated[
        Path, typer.Argument(help="A Python file with rewards, or a recipe (.toml) that has some.")
    ],
    run: Annotated[
        str,
        typer.Option(help="A run, by name or folder, or the folder of an evaluation: its traces."),
    ],
    home: Annotated[
        Path | None, typer.Option("--runs", help="Folder of runs; INFORCE_HOME/runs by default.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Score saved rollouts by the rewards of a file; show the best and the worst."""
    from rl.rewards.trial import try_rewards
    from rl.run.run_directory import find_journal, runs_home

    journal = find_journal(run, home or runs_home())
    for found in try_rewards(_rewards_in(file), journal):
        if json:
            print_json(found.model_dump())
        else:
            _show(found)


def _rewards_in(file: Path) -> Sequence[Scorer]:
    from rl.recipes.load import load_recipe
    from rl.rewards.plugins import reward_scorers, rewards_of_file

    if file.suffix != ".toml":
        return rewards_of_file(file)
    recipe = load_recipe(str(file))
    return reward_scorers(recipe.rewards, recipe.reward_plugins, recipe.judge)


def _show(found: TriedReward) -> None:
    mean = "-" if found.mean is None else f"{found.mean:.3f}"
    out.print(f"[bold]{found.name}[/]  {found.scored} rollouts scored, mean {mean}")
    for outcome, value in found.by_outcome.items():
        out.print(f"  {outcome:<10} {value:.3f}")
    for reason, count in found.unscored.items():
        out.print(f"  unscored   {count}: {reason}", markup=False)
    if found.pays_wrong:
        errors.print("  Wrong answers earn at least as much as correct ones: see the best below.")
    for title, rollouts in (("best", found.best), ("worst", found.worst)):
        for rollout in rollouts:
            _show_rollout(title, rollout)


def _show_rollout(title: str, rollout: TriedRollout) -> None:
    out.print(f"  {title} {rollout.reward:.3f}, {rollout.outcome}, trace {rollout.trace}")
    out.print(f"    {rollout.question}", markup=False, soft_wrap=True)
    out.print(f"    {rollout.reply or '(no reply)'}", markup=False, soft_wrap=True)
