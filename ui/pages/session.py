"""Session state of the page: the request and its outcome."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import streamlit as st

from agent.graph.checkpoints import Thread, in_memory
from agent.graph.nodes import Context, Step, TextPiece, ToolReturned
from agent.graph.run import Done, Event, Paused, resume, run_each, start
from agent.library import Library
from agent.request import AskRequest, Reply
from agent.trace import Trace
from ui import markup as render
from ui.languages.catalogue import word
from ui.library import keep_traces, open_chosen_policy
from ui.pages.address import write_address
from ui.people.private_address import request_id
from ui.words import literal

Outcome = tuple[Trace, ...] | Paused
"""Answers, one or one for each date, or a run that waits for a reply."""

_TAIL = 160


def outcome(library: Library, asked: AskRequest, *, each: bool) -> Outcome:
    """Return the outcome of a request; it is cached, so reruns of the page do not ask again.

    Raises:
        InForceError: the request is invalid, or the policy cannot be opened.
    """
    kept: Any = st.session_state
    request = (write_address(asked, each=each), library.corpus_hash, request_id())
    if kept.get("request") != request:
        context = Context(library, open_chosen_policy(library), interactive=True)
        if each:
            with st.spinner(word("ask.answering_each")):
                kept["outcome"] = tuple(_numbered(run_each(context, asked)))
        else:
            kept["outcome"] = _followed(_events(context, asked))
        kept["request"] = request
        kept["unkept"] = keep_traces(() if isinstance(kept["outcome"], Paused) else kept["outcome"])
    if kept["unkept"]:
        st.caption(literal(word("ask.not_kept", why=kept["unkept"])))
    found: Outcome = kept["outcome"]
    return found


def reply(added: Reply) -> None:
    """Store a reply, to be used when the page is shown with the new URL."""
    st.session_state["reply"] = added


def _events(context: Context, asked: AskRequest) -> Iterator[Event]:
    """Yield the events of the thread that was replied to, or of a new one.

    A thread that was started with an earlier state of the corpus is started again with the reply.
    """
    kept: Any = st.session_state
    before, added = kept.get("outcome"), kept.pop("reply", None)
    same = kept.get("request", ("", "", ""))[1] == context.library.corpus_hash
    waited = same and isinstance(before, Paused) and added is not None
    if waited and before.asked.told(added) == asked:
        return resume(context, Thread(kept["threads"], before.thread), added)
    kept["threads"] = in_memory()  # of the one question only: a session may last for days
    return start(context, asked, Thread(kept["threads"], request_id() or uuid.uuid4().hex))


def _numbered(traces: Iterable[Trace]) -> Iterator[Trace]:
    """Give the answers of one request its id and a number, by which its address finds them."""
    for number, trace in enumerate(traces, start=1):
        request = request_id()
        yield trace.model_copy(update={"id": f"{request}-{number}"}) if request else trace


def _followed(events: Iterator[Event]) -> Outcome:
    """Show events as they happen, and return the outcome."""
    progress = st.empty()
    said = ""
    for event in events:
        if isinstance(event, Done | Paused):
            progress.empty()
            return event if isinstance(event, Paused) else (event.trace,)
        if isinstance(event, Step):
            said = ""
            progress.caption(word("doing.line", doing=word(f"doing.{event.name}")))
        elif isinstance(event, TextPiece):
            said = (said + event.text)[-_TAIL:]
            progress.html(f'<p class="doing">… {render.escaped(said)}</p>')
        elif isinstance(event, ToolReturned):
            progress.html(f'<p class="doing">{render.call_words(event.call)}</p>')
    raise AssertionError("the stream ended without a trace")
