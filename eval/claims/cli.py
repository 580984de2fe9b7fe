"""Command-line verb ``eval claims``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from corpus.console import errors, out, print_json
from corpus.errors import BadInputError, training_installed

if TYPE_CHECKING:
    from eval.claims.claim_specs import ClaimSpec
    from eval.claims.measure import Finding, Noise, Play


def claims(
    method: Annotated[
        str | None,
        typer.Argument(
            help="A method, such as nsr, a .toml recipe of a claim, relex (the laboratory alone) "
            "safectrl or imitation (the agent alone); left out, all methods of training."
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=2, help="Runs of every arm, each with its own seed.")
    ] = 5,
    agent: Annotated[
        bool,
        typer.Option(
            "--agent",
            help="Train the legal agent (minutes a run), not the laboratory (seconds a run).",
        ),
    ] = False,
    tabular: Annotated[
        bool, typer.Option("--tabular", help="Check the finite Wasserstein flow instead (wpg).")
    ] = False,
    journal: Annotated[
        Path | None, typer.Option(help="File of finished runs; these are not run again.")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(help="Write the page here and its pictures into images/ beside it."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one object per claim.")] = False,
) -> None:
    """Compare each training method with its own best control, over several seeds.

    Prints effect, 95 % interval and verdict. A claim and its arms are a recipe, in
    eval/claims/recipes or eval/claims/agent. Several processes may share one --journal once the
    warm starts exist; runs of the agent also stay under INFORCE_HOME/claims and continue there.
    """
    if tabular:
        _tabular(method, page, json=json)
        return
    if method == "relex":
        _extrapolated(seeds, json=json)
        return
    if method == "safectrl":
        _steered(seeds, json=json)
        return
    if method == "imitation":
        _beyond_imitation(seeds, json=json)
        return
    with training_installed("Testing a method"):
        findings = _findings(method, seeds, journal, agent=agent)
    if page is not None:
        _publish(findings, seeds, page, agent=agent)
    if json:
        print_json([finding.model_dump() for finding in findings])
        return
    _show(findings, seeds)


def _findings(
    method: str | None, seeds: int, journal: Path | None, *, agent: bool
) -> list[Finding]:
    from eval.claims.measure import Journal, tested

    with (_on_the_agent if agent else _in_the_laboratory)(method) as (rows, play, noise):
        kept = Journal(journal, play)
        return [
            tested(row, range(seeds), kept, lambda arm: errors.print(f"  {arm}"), noise)
            for row in rows
        ]


Where = tuple["Sequence[ClaimSpec[Any]]", "Play", "Noise | None"]


@contextmanager
def _in_the_laboratory(method: str | None) -> Iterator[Where]:
    from eval.claims.claim_specs import claim_specs_of
    from eval.claims.lab_runs import Trial, gradient_noise, run

    yield claim_specs_of(method, Trial, "recipes"), run, gradient_noise


@contextmanager
def _on_the_agent(method: str | None) -> Iterator[Where]:
    from eval.claims.agent import AgentTrial, agent_environment
    from eval.claims.claim_specs import claim_specs_of
    from rl.run.progress import ProgressBar

    rows = claim_specs_of(method, AgentTrial, "agent")
    with agent_environment(lambda title: ProgressBar(errors, title)) as ground:
        yield rows, ground.run, None


def _publish(findings: Sequence[Finding], seeds: int, path: Path, *, agent: bool) -> None:
    from eval.claims.report import AGENT, LABORATORY, collapse_pictures, labels_picture
    from eval.claims.report import page as written

    place = AGENT if agent else LABORATORY
    _write(path, written(findings, seeds, place))
    for finding in (one for one in findings if one.method == "rlif"):
        entropy, gap = collapse_pictures(finding, place)
        _write(path.parent / "images" / f"{place.pictures}-entropy.svg", entropy)
        _write(path.parent / "images" / f"{place.pictures}-gap.svg", gap)

    for finding in (one for one in findings if one.labels):
        picture = labels_picture(finding.labels)
        _write(path.parent / "images" / f"{finding.method}-labels.svg", picture)


def _show(findings: Sequence[Finding], seeds: int) -> None:
    from eval.claims.report import arms_table, points

    for finding in findings:
        out.print(f"[bold]{finding.method}[/]: {finding.claimed}")
        for name, effect in finding.effects.items():
            out.print(
                f"  {name} against {finding.control}, {finding.metric}: "
                f"{points(effect)} points. {effect.verdict.capitalize()} ({seeds} seeds).",
                soft_wrap=True,
                markup=False,
            )
        out.print(arms_table(finding, seeds), soft_wrap=True, markup=False)


def _extrapolated(seeds: int, *, json: bool) -> None:
    with training_installed("Extrapolation"):
        from eval.claims.extrapolation import extrapolations
    found = extrapolations(range(seeds), lambda doing: errors.print(f"  {doing}"))
    if json:
        print_json(found.model_dump())
        return
    out.print(
        f"{seeds} seeds, lines through rounds 1 to {found.fitted} of {found.rounds}: first"
        f" component {found.first}, random walk {found.walk_first:.3f}; held-out R2"
        f" {found.held_out_r2}"
    )
    for name, one in found.points.items():
        out.print(f"  {name:<16} right {one.right}  against raw {one.gained}")
    out.print(
        f"Written by the guard: {', '.join(found.written)}; worse than raw on the selection split"
        f" in {found.worse_on_selection}, on the test split in {found.worse_on_test}."
    )


def _steered(seeds: int, *, json: bool) -> None:
    from eval.claims.report import points
    from rl.run.progress import ProgressBar

    with training_installed("A controller"):
        from eval.claims.agent import agent_environment
        from eval.claims.steering import steered
    with agent_environment(lambda title: ProgressBar(errors, title)) as ground:
        found = steered(ground, range(seeds), lambda doing: errors.print(f"  {doing}"))
    if json:
        print_json(found.model_dump())
        return
    out.print(
        f"{seeds} seeds, {found.questions} questions each; best fixed strategies:"
        f" {', '.join(found.fixed)}"
    )
    for name, arm in found.arms.items():
        told = (
            f"  {name:<10} right {arm.right:.3f}  invalid {arm.invalid:.3f}  calls {arm.calls:.2f}"
        )
        if arm.right_gained is not None and arm.invalid_gained is not None:
            told += f"  learnt less this: right {points(arm.right_gained)}, invalid"
            told += f" {points(arm.invalid_gained)}"
        out.print(told, markup=False, soft_wrap=True)


def _beyond_imitation(seeds: int, *, json: bool) -> None:
    from eval.claims.report import points

    with training_installed("Training on"):
        from eval.claims.imitation import beyond_imitation, hard_ground
    with hard_ground(lambda doing: errors.print(f"  {doing}")) as ground:
        found = beyond_imitation(ground, range(seeds))
    if json:
        print_json(found.model_dump())
        return
    out.print(f"{found.seeds} seeds, {found.questions} questions each")
    for name, arm in found.arms.items():
        told = f"  {name:<14} right {arm.right:.3f}  of harder families {arm.harder:.3f}"
        told += f"  {arm.seconds:.0f} s"
        if arm.less is not None and arm.less_harder is not None:
            told += f"  rewards less this: {points(arm.less)}, harder {points(arm.less_harder)}"
        out.print(told, markup=False, soft_wrap=True)
    named = {"rounds, first half": found.first, "second half": found.last, **found.groups}
    for name, group in named.items():
        out.print(
            f"  groups, {name}: right {group.right:.2f}, unvaried {group.unvaried:.2f},"
            f" within 0.2 to 0.8 {group.middle:.2f}",
            markup=False,
            soft_wrap=True,
        )


def _tabular(method: str | None, page: Path | None, *, json: bool) -> None:
    from eval.claims.tabular import contraction, picture

    if method not in (None, "wpg"):
        raise BadInputError(f"--tabular checks wpg, not {method}.")
    found = contraction()
    if page is not None:
        _write(page.parent / "images" / "wpg-contraction.svg", picture())
    if json:
        print_json(found.model_dump())
        return
    out.print(
        f"{found.processes} random processes, {found.steps} steps each: the error shrank by"
        f" 1 - eta (1 - gamma) or more at every step but {found.broken}; at most"
        f" {found.nearest:.3f} of what the bound allows was left."
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
