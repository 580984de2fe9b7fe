"""Verbs of the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from corpus.console import optional_day, out, print_json

if TYPE_CHECKING:
    from agent.trace import Trace

app = typer.Typer()


@app.command(epilog="Example:  inforce ask 'At what age may one marry?' --on 2010-01-01")
def ask(
    question: Annotated[str, typer.Argument(help="In the language of the law you ask about.")],
    on: Annotated[str | None, typer.Option(help="The day whose law governs (YYYY-MM-DD).")] = None,
    known_at: Annotated[
        str | None, typer.Option(help="Answer from what was published by that day.")
    ] = None,
    jurisdiction: Annotated[
        list[str] | None, typer.Option(help="Search only here; may be repeated.")
    ] = None,
    extent: Annotated[str | None, typer.Option(help="Territory, where texts differ by it.")] = None,
    policy: Annotated[
        str | None,
        typer.Option(help="extractive, a model[+adapter] or an endpoint's URL[#model]."),
    ] = None,
    timing: Annotated[bool, typer.Option(help="Print how long the answer took.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the trace as one object.")] = False,
) -> None:
    """Answer a question from the law in force on a day, with citations, or say why not."""
    from agent.graph import ask as run
    from agent.library import Library
    from agent.policies.opening import PolicyChoice, open_policy
    from corpus.settings import Settings

    choice = PolicyChoice.load(policy)
    as_at, known = optional_day(on, "--on"), optional_day(known_at, "--known-at")
    with Library.open(Settings.load()) as library:
        trace = run(
            library,
            question,
            as_at=as_at,
            known_at=known,
            policy=open_policy(choice, library.works),
            jurisdictions=tuple(jurisdiction or ()),
            extent=extent,
        )
    if json:
        print_json(trace.model_dump(mode="json"))
    else:
        show_trace(trace)
        if timing:
            out.print(f"[dim]{trace.milliseconds:.0f} ms[/]")
    if trace.stop in {"policy_error", "tool_error"}:
        raise typer.Exit(1)


def show_trace(trace: Trace) -> None:
    """Print the answer with its citations, or the abstention with its reason."""
    from rich.markup import escape

    if trace.governing is not None:
        assumed = " (assumed)" if trace.governing.assumed else ""
        out.print(f"[dim]Law as at {trace.governing.as_at}{assumed}: {trace.governing.ground}[/]")
    if trace.abstention is not None:
        reason = trace.abstention.reason.replace("_", " ")
        out.print(f"[yellow]No answer ({reason}).[/] {escape(trace.abstention.explanation)}")
    if trace.answer is not None:
        out.print(f"\n{escape(trace.answer.text)}\n")
        for citation in trace.answer.citations:
            interval = citation.valid.words()
            out.print(
                f"  [cyan]{escape(f'{citation.work_title}, {citation.label}')}[/], "
                f"in force {interval}  [dim]{escape(citation.version_id)}[/]"
            )
