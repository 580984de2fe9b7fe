"""The verb that tests what is claimed of a method."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from corpus.console import errors, out, print_json
from corpus.errors import BadInputError


def claims(
    method: Annotated[
        str | None,
        typer.Argument(help="A method, such as nsr, or a recipe of your own; left out, all."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Runs of every arm.")] = 5,
    tabular: Annotated[
        bool, typer.Option("--tabular", help="Check the finite Wasserstein flow instead (wpg).")
    ] = False,
    journal: Annotated[
        Path | None, typer.Option(help="Keep finished runs here, and do not run them again.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write the page and its pictures (under images/) here.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one object per claim.")] = False,
) -> None:
    """Hold each training method against its own best control, over several seeds."""
    try:
        from eval.claims.measure import Journal, tested
        from eval.claims.report import arms_table, collapse_pictures, points
        from eval.claims.report import page as written
        from eval.claims.rows import rows_of
    except ImportError as missing:
        raise BadInputError(
            f"Testing a method needs {missing.name}, which is not installed:"
            " pip install 'inforce[train]'."
        ) from missing
    if tabular:
        _tabular(method, page, json=json)
        return
    rows = rows_of(method)
    kept, counted = Journal(journal), range(seeds)
    findings = [tested(row, counted, kept, lambda arm: errors.print(f"  {arm}")) for row in rows]
    if page is not None:
        _write(page, written(findings, seeds))
        for finding in (one for one in findings if one.method == "rlif"):
            entropy, gap = collapse_pictures(finding)
            _write(page.parent / "images" / "rlif-entropy.svg", entropy)
            _write(page.parent / "images" / "rlif-gap.svg", gap)
    if json:
        print_json([finding.model_dump() for finding in findings])
        return
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
