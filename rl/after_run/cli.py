"""Command-line verbs of ``inforce after``, on a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import errors, out, print_json

if TYPE_CHECKING:
    from rl.after_run.relex.extrapolate import RelexReport

app = typer.Typer()
after = typer.Typer(
    no_args_is_help=True, help="Make a model from a finished run, without training on."
)
app.add_typer(after, name="after")

RunName = Annotated[str, typer.Argument(help="A run, by name or folder.")]
Home = Annotated[
    Path | None, typer.Option("--runs", help="Folder of runs; INFORCE_HOME/runs by default.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@after.command(epilog="Example:  inforce after relex tiny-grpo-s0-1 --at 2x,5x --damping 0.5,1")
def relex(
    run: RunName,
    at: Annotated[
        str, typer.Option(help="How far to extrapolate: multiples of the last fitted step.")
    ] = "2x,5x,10x,20x",
    damping: Annotated[
        str, typer.Option(help="Factors of the extrapolated change; 0 is the start of the run.")
    ] = "0,0.25,0.5,1",
    until: Annotated[
        int | None, typer.Option(min=1, help="Fit only the snapshots up to this optimiser step.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="About the number of questions of the selection split.")
    ] = 150,
    to: Annotated[Path | None, typer.Option(help="Folder for the results; RUN/relex.")] = None,
    home: Home = None,
    json: AsJson = False,
) -> None:
    """Extrapolate the weights of a run along the line of its snapshots (RELEX).

    Needs inforce[train] and a run whose recipe has the table [snapshots]. A line is fitted to each
    weight tensor; how much of the change it explains is printed beside a random walk. Points on the
    line are scored on the selection split, and the best one is written as a model or adapter that
    opens as a policy. The raw last checkpoint is always among the points, so what is written is
    never worse than it on that split. An interrupted comparison is continued.
    """
    from corpus.errors import training_installed
    from rl.questions.training_questions import open_library
    from rl.run.run_directory import find_run, runs_home

    with training_installed("Extrapolation"):
        from rl.after_run.relex.extrapolate import Extrapolation, extrapolate
    wanted = Extrapolation(
        at=_numbers(at, "--at"), damping=_numbers(damping, "--damping"), until=until, limit=limit
    )
    trained = find_run(run, home or runs_home())
    with open_library(trained.recipe().data) as library:
        found = extrapolate(
            trained, library, wanted, to or trained.folder / "relex", say=errors.print
        )
    if json:
        print_json(found.model_dump())
    else:
        _show(found)


def _show(found: RelexReport) -> None:
    for name, fit in {**found.tensors, "all tensors": found.together}.items():
        share = "did not change" if fit.first is None else f"{fit.first:.3f}, {fit.first_two:.3f}"
        r2 = "" if fit.held_out_r2 is None else f"  held-out R2 {fit.held_out_r2:.3f}"
        walk = f"random walk {fit.walk_first:.3f}, {fit.walk_first_two:.3f}"
        out.print(f"{name}  first component, first two: {share}  ({walk}){r2}", markup=False)
    for one in found.candidates:
        out.print(f"{one.name:<22} {one.right:.3f} right of {one.questions}")
    out.print(f"Written: {found.written}, in {found.folder}", soft_wrap=True)


def _numbers(text: str, option: str) -> tuple[float, ...]:
    from corpus.errors import BadInputError

    try:
        return tuple(float(one.strip().removesuffix("x")) for one in text.split(","))
    except ValueError:
        raise BadInputError(
            f"{option}: '{text}' is no list of numbers; write it as 2x,5x or 0.5,1."
        ) from None


@after.command(epilog="Example:  inforce after g2d tiny-grpo-s0-1 --until 20")
def g2d(
    run: RunName,
    until: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Start from the weights after this optimiser step, and use the rollouts sampled "
            "up to it; by default that of the last checkpoint.",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(min=0.0, help="Learning rate of the pass; half the run's.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="Labels of the run's rollouts, of 'inforce labels export'; they override the gold "
            "answers."
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            help="Pairs of 'inforce labels export --as pairs', learnt from beside those of the run."
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="About the number of questions of the selection split.")
    ] = 150,
    to: Annotated[Path | None, typer.Option(help="Folder for the results; RUN/g2d-STEP.")] = None,
    home: Home = None,
    json: AsJson = False,
) -> None:
    """Train once on preference pairs of a run's own rollouts, by DPO (G2D).

    Needs inforce[train]. Two rollouts of a question make a pair if one is better: right, before
    abstained, before wrong. Tokens of tools are masked. Writes a model or adapter that opens as a
    policy, and prints its share right on the selection split before and after. What was
    interrupted is continued.
    """
    from corpus.errors import training_installed
    from rl.after_run.g2d.pairs import read_pairs
    from rl.annotation.exchange import read_jsonl
    from rl.questions.training_questions import open_library
    from rl.run.run_directory import find_run, runs_home

    told = list(read_jsonl(labels)) if labels else []
    given = read_pairs(pairs) if pairs else []
    with training_installed("DPO"):
        from rl.after_run.g2d.distil import distil, preference_of
    trained = find_run(run, home or runs_home())
    wanted = preference_of(trained, until, learning_rate).model_copy(update={"limit": limit})
    with open_library(trained.recipe().data) as library:
        folder = to or trained.folder / f"g2d-{wanted.until}"
        found = distil(trained, library, wanted, folder, told, given, errors.print)
    if json:
        print_json(found.model_dump())
        return
    tally = found.tally
    rate = "" if tally.pass_rate is None else f", mean share right {tally.pass_rate:.3f}"
    out.print(
        f"{tally.pairs} pairs, {tally.labelled} by labels, of {tally.usable} of {tally.questions}"
        f" questions{rate}, {tally.given} given"
        + f"; loss {found.curve.first_loss:.4f} to {found.curve.last_loss:.4f} in"
        f" {found.curve.steps} steps, margin {found.curve.margin:.3f}"
    )
    for one in found.scores:
        out.print(f"{one.name:<22} {one.right:.3f} right of {one.questions}")
    out.print(f"Written: {found.folder}", soft_wrap=True)
