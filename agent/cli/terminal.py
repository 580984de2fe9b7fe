"""Run one question at the terminal: show its progress, put clarifying questions."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

from rich.markup import escape

from agent.governing_date.replies import how_to_reply, read_reply
from agent.graph.checkpoints import Thread, claimed, in_memory, open_checkpoints, threads_url
from agent.graph.nodes import DOING, Context, Step, TextPiece, ToolReturned
from agent.graph.run import Done, Event, Paused, resume, run, start
from agent.graph.run import follow as follow_thread
from agent.graph.threads import asked_in, waits_for
from agent.request import AskRequest, ClarifyingQuestion, Reply
from agent.tool_results import SearchResult
from agent.trace import GoverningDate, Trace
from corpus.console import errors, out, print_json
from corpus.errors import BadInputError
from corpus.force_words import citation_in_force, source_words
from corpus.gate.ruling import Ruling, RulingKind
from corpus.model import Citation
from corpus.number_words import numbered_citation
from corpus.settings import Settings

_TAIL = 70


def open_thread(opened: ExitStack, settings: Settings, name: str | None) -> Thread | None:
    """Open the thread of that name, if one is given; it is closed with ``opened``.

    Raises:
        BadInputError: the name is not valid, or another process runs that thread.
        StoreError: the database of threads cannot be opened.
    """
    if name is None:
        return None
    url = threads_url(settings)
    thread = Thread(opened.enter_context(open_checkpoints(url)), name)
    opened.enter_context(claimed(url, name))
    return thread


def answered(
    context: Context,
    asked: AskRequest,
    thread: Thread | None,
    *,
    json: bool,
    follow: bool = False,
) -> Iterator[Trace]:
    """Yield the trace of an answer; nothing if a thread waits for a reply, which is printed.

    At a terminal the user is asked for what is missing. Without a terminal and without a thread the
    answer is an abstention.

    Raises:
        BadInputError: the request is invalid, or is not the one of the thread.
    """
    attended = _is_attended() and not json
    if thread is None and not attended:
        yield run(context, asked)
        return
    thread = thread or Thread(in_memory(), uuid.uuid4().hex)
    context = replace(context, interactive=True)
    begin = _ask_follow_up if follow else _begun_or_resumed
    end = _followed(begin(context, asked, thread))
    while isinstance(end, Paused):
        if not attended:
            _show_waiting(end, json=json)
            return
        end = _followed(resume(context, thread, _asked_back(end.missing)))
    yield end.trace


def show(trace: Trace, *, json: bool = False, timing: bool = False) -> Trace:
    """Print a trace, as one JSON object or as text, and return it."""
    if json:
        print_json(trace.model_dump(mode="json"))
        return trace
    show_trace(trace)
    if timing:
        out.print(f"[dim]{trace.milliseconds:.0f} ms[/]")
    return trace


def _ask_follow_up(context: Context, asked: AskRequest, thread: Thread) -> Iterator[Event]:
    """Ask the question of a request as a follow-up in a thread."""
    return follow_thread(context, thread, asked.question)


def _begun_or_resumed(context: Context, asked: AskRequest, thread: Thread) -> Iterator[Event]:
    """Start a thread, or resume it; anything given besides its question is the reply."""
    known = asked_in(thread)
    if known is None:
        if not asked.question:
            raise BadInputError(f"There is no thread '{thread.id}'.")
        return start(context, asked, thread)
    waiting = waits_for(thread)
    places = () if waiting is not None and waiting.places else ("extent", "jurisdictions")
    fixed = ("question", "known_at", *places, "topic")
    other = [name for name in fixed if getattr(asked, name) not in (getattr(known, name), *_UNSAID)]
    if other:
        raise BadInputError(
            f"Thread '{thread.id}' asks with another {other[0]}: leave it out to go on."
        )
    reply = Reply(
        as_at=asked.as_at,
        issue=asked.issue,
        facts=asked.facts,
        extent=None if "extent" in fixed else asked.extent,
        jurisdictions=() if "extent" in fixed else asked.jurisdictions,
    )
    return resume(context, thread, None if known.told(reply) == known else reply)


_UNSAID = ("", None, ())


def _is_attended() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _followed(events: Iterator[Event]) -> Done | Paused:
    """Show steps and text on standard error as they come, and return the last event."""
    said = ""
    with errors.status("…") as status:
        for event in events:
            if isinstance(event, Done | Paused):
                return event
            if isinstance(event, Step):
                said = ""
                status.update(f"{DOING[event.name]} …")
            elif isinstance(event, TextPiece):
                said = (said + event.text)[-_TAIL:]
                status.update(escape(" ".join(said.split())))
            elif isinstance(event, ToolReturned):
                status.update(f"{escape(event.call.name)} …")
    raise AssertionError("the events ended without an end")


def _asked_back(missing: ClarifyingQuestion) -> Reply:
    """Put a clarifying question until the reply is valid; an empty line gives up."""
    errors.print(f"[yellow]{escape(missing.explanation)}[/]")
    while True:
        errors.print(f"{escape(how_to_reply(missing))} [dim](empty: stop)[/]: ", end="")
        try:
            return read_reply(sys.stdin.readline(), missing)
        except BadInputError as error:
            errors.print(f"[red]{escape(str(error))}[/]")


def _show_waiting(paused: Paused, *, json: bool) -> None:
    """Print what a thread waits for, and the command that continues it."""
    if json:
        print_json(paused.model_dump(mode="json"))
        return
    what = "place" if paused.missing.places else "date"
    out.print(f"[yellow]Waiting for a {what}.[/] {escape(paused.missing.explanation)}")
    wanted = "--as-at YYYY-MM-DD"
    if paused.missing.places:
        wanted = "--jurisdiction CODE --extent CODE"
    if paused.missing.roles:
        names = (" or ".join(roles) for roles in paused.missing.roles)
        wanted = " ".join(f"--fact '{name}=YYYY-MM-DD'" for name in names)
    out.print(f"Go on with:  inforce ask --thread {paused.thread} {wanted}")


def show_trace(trace: Trace) -> None:
    """Print the answer with its citations, or the abstention with its reason."""
    if trace.governing is not None:
        _show_governing(trace.governing)
    if trace.abstention is not None:
        reason = trace.abstention.reason.replace("_", " ")
        out.print(f"[yellow]No answer ({reason}).[/] {escape(trace.abstention.explanation)}")
        _show_besides(trace)
    if trace.answer is not None:
        out.print(f"\n{escape(trace.answer.text)}\n")
        for citation, ruling in zip(trace.answer.citations, trace.answer.rulings, strict=True):
            _show_citation(citation, ruling)
        for finding in trace.struck:
            out.print(f"  [yellow]Left out.[/] {escape(finding.explanation)}")
    for why in words_only(trace):
        out.print(f"[yellow]{escape(why[:1].upper() + why[1:])}.[/]")


def words_only(trace: Trace) -> tuple[str, ...]:
    """Return why searches of a run went by words alone, each reason once."""
    results = (call.result for turn in trace.turns for call in turn.calls)
    said = (found.words_only for found in results if isinstance(found, SearchResult))
    return tuple(dict.fromkeys(why for why in said if why))


def _show_citation(citation: Citation, ruling: Ruling | None) -> None:
    number = numbered_citation(citation).text
    read = f"; {source_words(citation.source_read).text}" if citation.source_read else ""
    out.print(
        f"  [cyan]{escape(f'{citation.work_title}, {number}')}[/], "
        f"in force {citation_in_force(citation).text}{_holds(ruling)}{read}  "
        f"[dim]{escape(citation.version_id)}[/]"
    )
    if ruling is not None and ruling.kind is not RulingKind.APPLIES:
        out.print(f"  [yellow]{escape(ruling.sentence)}[/]")


def _show_besides(trace: Trace) -> None:
    """Print what stands beside an abstention: how much was looked at, and what comes closest."""
    if trace.looked_at is not None and trace.looked_at.provisions:
        out.print(f"[dim]{escape(trace.looked_at.wording.text)}[/]")
    if not trace.closest:
        return
    day = trace.closest[0].citation.as_at
    out.print(f"\n[bold]Closest provisions in force on {day}[/] (unconfirmed: none is an answer)\n")
    for found in trace.closest:
        _show_citation(found.citation, found.ruling)
        likely = "" if found.probability is None else f"  [dim]{found.probability:.0%} likely[/]"
        out.print(f"    {escape(' '.join(found.citation.quote.split()))}{likely}")


def _holds(ruling: Ruling | None) -> str:
    return f", in {escape(ruling.territory)}" if ruling is not None else ""


def _show_governing(governing: GoverningDate) -> None:
    notes: list[str] = [governing.rule] if governing.rule is not None else []
    notes += ["assumed"] if governing.assumed else []
    marked = f" ({', '.join(notes)})" if notes else ""
    out.print(f"[dim]Law as at {governing.as_at}{marked}: {escape(governing.ground)}[/]")
    if governing.verified is False:
        out.print("[yellow]The rule that chose this date is unverified.[/]")
    others = [str(day) for day in governing.candidates if day != governing.as_at]
    if others:
        out.print(f"[yellow]The law of other days may count too: {', '.join(others)}.[/]")
