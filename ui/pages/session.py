"""Session state of the page: the request, its steps as they happen, and its outcome."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import streamlit as st

from agent.graph.checkpoints import (
    Checkpoints,
    Thread,
    in_memory,
    open_checkpoints,
    threads_url,
)
from agent.graph.nodes import Context, Step, TextPiece, ToolReturned
from agent.graph.run import Done, Event, Paused, follow, request_of, resume, start, stream_each
from agent.graph.threads import followed_in
from agent.library import Library
from agent.request import AskRequest, Reply, follow_up
from agent.trace import Trace
from corpus.model import Frozen
from corpus.settings import Settings
from ui import markup as render
from ui.languages.catalogue import word
from ui.library import keep_traces, open_chosen_policy
from ui.matters.on_ask import begin_conversation_here, file_here
from ui.pages.address import write_address
from ui.people.private_address import request_id
from ui.words import literal


class Stopped(Frozen):
    """A run that its asker ended, and the steps that it had taken, as HTML."""

    steps: str


@dataclass(frozen=True)
class _Place:
    """A conversation: its name, and where it is saved; ``None`` is the database of threads."""

    thread: str
    memory: Checkpoints | None


Outcome = tuple[Trace, ...] | Paused | Stopped
"""Answers, one or one for each date, a run that waits for a reply, or one that was stopped."""

_TAIL = 160


def outcome(
    library: Library, asked: AskRequest, *, each: bool, matter: str | None = None
) -> Outcome:
    """Return the outcome of a request; it is cached, so reruns of the page do not ask again.

    Args:
        library: what is asked.
        asked: the request.
        each: answer for each day that it may mean.
        matter: id of the matter in which it is asked; its answers are filed there.

    Raises:
        InForceError: the request is invalid, or the policy cannot be opened.
    """
    kept: Any = st.session_state
    request = (write_address(asked, each=each), library.corpus_hash, request_id(), matter)
    if kept.get("stopped") == request:
        return Stopped(steps=kept.get("steps", ""))
    if kept.get("request") != request:
        context = Context(library, open_chosen_policy(library), interactive=True)
        with ExitStack() as opened:
            place = None if each else _place(context, asked, matter)
            going = (
                stream_each(context, asked)
                if place is None
                else _events(context, asked, place, opened)
            )
            kept["outcome"] = found = _numbered(_followed(going, request))
        kept["request"], kept["thread"] = request, place
        traces = () if isinstance(found, Paused) else found
        kept["unkept"] = keep_traces(traces)
        kept["unfiled"] = file_here(matter, traces, library) if matter else None
    for problem in filter(None, (kept["unkept"], kept["unfiled"])):
        st.caption(literal(word("ask.not_kept", why=problem)))
    shown: Outcome = kept["outcome"]
    return shown


def reply(added: Reply) -> None:
    """Store a reply, to be used when the page is shown with the new URL."""
    st.session_state["reply"] = added


def ask_again() -> None:
    """Ask a request again that was stopped."""
    st.session_state.pop("stopped", None)


def followed(trace: Trace, question: str) -> AskRequest:
    """Return the request of a follow-up to an answer, in the conversation of this session.

    An answer of another session begins a conversation of its own, with the date and the facts of
    its trace.
    """
    kept: Any = st.session_state
    place: _Place | None = kept.get("thread")
    before = kept.get("outcome")
    here = isinstance(before, tuple) and [one.id for one in before] == [trace.id]
    if place is not None and here:
        kept["follow-up"] = question
        with ExitStack() as opened:
            return followed_in(_thread(place, opened), question)
    as_at = trace.governing.as_at if trace.governing else None
    return follow_up(request_of(trace), as_at, question)


def _place(context: Context, asked: AskRequest, matter: str | None) -> _Place:
    """Return the conversation that a reply or a follow-up goes on with, or a new one.

    A thread that waits since an earlier state of the corpus is started again with the reply.
    """
    kept: Any = st.session_state
    place: _Place | None = kept.get("thread")
    if place is not None and (_replies(context, asked) or kept.get("follow-up") == asked.question):
        return place
    name = request_id() or uuid.uuid4().hex
    if matter is None:
        return _Place(name, in_memory())  # of the one conversation: a session may last for days
    begin_conversation_here(matter, name)
    return _Place(name, None)


def _replies(context: Context, asked: AskRequest) -> bool:
    """Return whether a request is the one that waits, with the reply added."""
    kept: Any = st.session_state
    before, added = kept.get("outcome"), kept.get("reply")
    same = kept.get("request", ("", ""))[1] == context.library.corpus_hash
    waits = same and isinstance(before, Paused) and added is not None
    return waits and before.asked.told(added) == asked


def _events(
    context: Context, asked: AskRequest, place: _Place, opened: ExitStack
) -> Iterator[Event]:
    """Yield the events of the thread that was replied to or is gone on with, or of a new one."""
    kept: Any = st.session_state
    replies = _replies(context, asked)
    added, question = kept.pop("reply", None), kept.pop("follow-up", None)
    thread = _thread(place, opened)
    if replies:
        return resume(context, thread, added)
    if place == kept.get("thread") and question == asked.question:
        return follow(context, thread, question, request_id())
    return start(context, asked, thread)


def _thread(place: _Place, opened: ExitStack) -> Thread:
    """Return a thread; that of a matter is kept in the database of threads."""
    if place.memory is not None:
        return Thread(place.memory, place.thread)
    url = threads_url(Settings.load())
    return Thread(opened.enter_context(open_checkpoints(url)), place.thread)


def _numbered(found: tuple[Trace, ...] | Paused) -> tuple[Trace, ...] | Paused:
    """Give several answers of one request its id and a number, by which its address finds them."""
    request = request_id()
    if isinstance(found, Paused) or len(found) == 1 or request is None:
        return found
    numbered = enumerate(found, start=1)
    return tuple(trace.model_copy(update={"id": f"{request}-{n}"}) for n, trace in numbered)


def _followed(events: Iterator[Event], request: object) -> tuple[Trace, ...] | Paused:
    """Show the steps of a run as they happen, with a button that stops it; return its outcome.

    A press of the button ends this run of the page at its next event, and with it the run of the
    question: nothing of it is kept.
    """
    kept: Any = st.session_state
    area = st.empty()
    with area.container():
        shown = st.empty()
        st.button(word("matters.stop"), icon=":material/stop:", on_click=_stop, args=(request,))
    traces: list[Trace] = []
    lines: list[str] = []
    with closing(_closeable(events)) as going:
        for event in going:
            if isinstance(event, Paused):
                area.empty()
                return event
            if isinstance(event, Done):
                traces.append(event.trace)
            lines = _with_line(lines, event)
            kept["steps"] = render.doing(lines)
            shown.html(kept["steps"])
    area.empty()
    return tuple(traces)


def _closeable(events: Iterator[Event]) -> Generator[Event]:
    """Yield events from a generator, which ends the run of the graph when it is closed."""
    yield from events


def _with_line(lines: list[str], event: Event) -> list[str]:
    """Return the lines of the steps with that of an event; text replaces the text before it."""
    match event:
        case Step(name=name):
            return [*lines, render.escaped(word("doing.line", doing=word(f"doing.{name}")))]
        case ToolReturned(call=call):
            return [*lines, render.call_words(call)]
        case TextPiece(text=text):
            *most, last = lines
            before = last.removeprefix("… ") if last.startswith("… ") else ""
            kept = most if before else lines
            return [*kept, f"… {(before + render.escaped(text))[-_TAIL:]}"]
    return lines


def _stop(request: object) -> None:
    st.session_state["stopped"] = request
