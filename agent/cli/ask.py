"""Command-line verb ``ask``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from corpus.console import errors, optional_day
from corpus.errors import BadInputError

if TYPE_CHECKING:
    from agent.policies.registry import PolicyChoice
    from agent.request import AskRequest
    from agent.trace import Trace
    from corpus.settings import Settings

app = typer.Typer()

Asked = Annotated[
    str | None, typer.Argument(help="The question, in the language of the law asked about.")
]
AsAt = Annotated[str | None, typer.Option("--as-at", "--on", help="Governing date (YYYY-MM-DD).")]
Confirmed = Annotated[
    bool,
    typer.Option("--confirmed", help="Keep --as-at although question or facts name other dates."),
]
KnownAt = Annotated[str | None, typer.Option(help="Use only what had been published by that date.")]
Issue = Annotated[
    str | None,
    typer.Option(
        help="Legal issue whose rules choose the governing date: criminal, penalty, civil, "
        "procedure, limitation, continuing or tax."
    ),
]
Fact = Annotated[list[str] | None, typer.Option(help="A date of the case, ROLE=YYYY-MM-DD.")]
Topic = Annotated[
    str | None, typer.Option(help="A special subject with rules of its own, such as gdpr.")
]
Each = Annotated[bool, typer.Option(help="Answer once for every governing date that may be meant.")]
Jurisdiction = Annotated[list[str] | None, typer.Option(help="Search only in this jurisdiction.")]
Extent = Annotated[str | None, typer.Option(help="Territory, where the text differs by territory.")]
PolicyName = Annotated[
    str | None,
    typer.Option(
        help="extractive (no model), MODEL or MODEL+ADAPTER in this process, or the URL of an "
        "OpenAI-compatible endpoint, with #MODEL where it serves several."
    ),
]
StrategyName = Annotated[
    str | None,
    typer.Option(
        help="Instruction added before every turn of a model: none, date, narrow, widen, read, "
        "compare, quote, ask or abstain."
    ),
]
ControllerFolder = Annotated[
    Path | None,
    typer.Option("--controller", help="Folder of a learnt controller, which steers a model."),
]
MaxTurns = Annotated[int, typer.Option(min=1, help="Most turns of the policy.")]
MaxTokens = Annotated[
    int | None, typer.Option(min=1, help="Most tokens of all prompts and completions together.")
]
ThreadName = Annotated[
    str | None, typer.Option(help="Keep the run under this name, or continue it.")
]
Follow = Annotated[
    bool,
    typer.Option(
        "--follow", help="Ask QUESTION in the --thread that has ended: date and facts stay."
    ),
]
Save = Annotated[bool, typer.Option(help="Keep the trace for traces and replay.")]
Timing = Annotated[bool, typer.Option(help="Print the agent's own time.")]
Json = Annotated[bool, typer.Option("--json", help="Print the trace as one object.")]


@app.command(epilog="Example:  inforce ask 'At what age may one marry?' --as-at 2010-01-01")
def ask(
    question: Asked = None,
    as_at: AsAt = None,
    confirmed: Confirmed = False,
    known_at: KnownAt = None,
    issue: Issue = None,
    fact: Fact = None,
    topic: Topic = None,
    each: Each = False,
    jurisdiction: Jurisdiction = None,
    extent: Extent = None,
    policy: PolicyName = None,
    strategy: StrategyName = None,
    controller: ControllerFolder = None,
    max_turns: MaxTurns = 8,
    max_tokens: MaxTokens = None,
    thread: ThreadName = None,
    follow: Follow = False,
    save: Save = True,
    timing: Timing = False,
    json: Json = False,
) -> None:
    """Answer a question from the law in force on the governing date, or abstain with a reason.

    Every sentence of the answer has its citation. Without --as-at the governing date follows from
    the question, --issue and --fact by rules; the rule, its authority and whether it was verified
    are printed. A missing date, dates that differ and a place that decides the answer are asked for
    at a terminal; elsewhere the agent abstains and says what is missing.

    With --thread every finished step is kept: where the process was killed or waits for a date, the
    same --thread continues, and --as-at, --issue and --fact reply to what it waits for. A thread
    continues only with the corpus and the policy that it began with.

    With --follow a thread that has ended is asked another question, which keeps the governing date,
    the facts and the filters. Where the question names another day, it is asked which one counts.
    """
    from agent.governing_date.replies import read_facts_given, read_issue
    from agent.policies.registry import PolicyChoice
    from agent.request import AskRequest
    from corpus.settings import Settings

    if question is None and thread is None:
        raise BadInputError("Ask a question, or name the --thread to go on with.")
    if each and thread is not None:
        raise BadInputError("--each answers several times and keeps no --thread.")
    choice = PolicyChoice.load(policy, controller)
    how = _How(choice, strategy, max_turns, max_tokens, thread, each=each, follow=follow)
    if follow and not (question and thread):
        raise BadInputError("--follow needs a question and the --thread that it follows.")
    settings = Settings.load()
    asked = AskRequest(
        question=question or "",
        as_at=optional_day(as_at, "--as-at"),
        confirmed=confirmed,
        known_at=optional_day(known_at, "--known-at"),
        extent=extent,
        jurisdictions=tuple(jurisdiction or ()),
        issue=read_issue(issue) if issue is not None else None,
        topic=topic,
        facts=read_facts_given(fact or ()),
    )
    if follow and asked != AskRequest(question=asked.question):
        raise BadInputError("--follow keeps date, facts and filters: give the question alone.")
    shown = _answered(asked, how, settings, json=json, timing=timing)
    if save and shown:
        _keep(shown, settings, quiet=json)
    if any(trace.stop in {"policy_error", "tool_error"} for trace in shown):
        raise typer.Exit(1)


@dataclass(frozen=True)
class _How:
    """How a question is answered: policy, strategy, limits, thread, days, or as a follow-up."""

    policy: PolicyChoice
    strategy: str | None
    max_turns: int
    max_tokens: int | None
    thread: str | None
    each: bool
    follow: bool


def _answered(
    asked: AskRequest, how: _How, settings: Settings, *, json: bool, timing: bool
) -> list[Trace]:
    """Answer in the library, and print each trace as it is there; return them."""
    from agent.cli import terminal
    from agent.graph.nodes import Context
    from agent.graph.run import run_each
    from agent.library import Library
    from agent.policies.controllers import steered
    from agent.policies.registry import open_policy

    with ExitStack() as opened:
        library = opened.enter_context(Library.open(settings))
        decides = steered(open_policy(how.policy, library.works), how.strategy)
        context = Context(library, decides, max_turns=how.max_turns, max_tokens=how.max_tokens)
        if how.each:
            traces = run_each(context, asked)
        else:
            kept = terminal.open_thread(opened, settings, how.thread)
            traces = terminal.answered(context, asked, kept, json=json, follow=how.follow)
        return [terminal.show(trace, json=json, timing=timing) for trace in traces]


def _keep(traces: Sequence[Trace], settings: Settings, *, quiet: bool) -> None:
    """Store the traces; if that fails, a warning is printed, since the answer was given."""
    from agent.trace_store import TraceError, TraceStore, traces_url
    from corpus.errors import StoreError

    try:
        with TraceStore.open(traces_url(settings)) as store:
            for trace in traces:
                store.save(trace)
    except (StoreError, TraceError) as problem:
        errors.print(f"[yellow]The trace was not kept:[/] {escape(str(problem))}")
        return
    if not quiet:
        names = ", ".join(trace.id[:12] for trace in traces)
        errors.print(f"[dim]Kept: inforce traces show {escape(names)}[/]")
