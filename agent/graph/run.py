"""Run the graph: frame -> decide -> act -> (decide ...) -> verify -> (decide, once) -> respond.

The compiled graph holds no library and no policy; both are passed with each run in a
:class:`~agent.graph.nodes.Context`. So one graph serves the application, many concurrent training
rollouts, and evaluation. A run in a :class:`~agent.graph.checkpoints.Thread` is saved after every
step: it can wait for a date, and an interrupted one is continued.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from agent.governing_date.candidates import candidate_days
from agent.governing_date.choose import check_facts
from agent.graph.builder import compile_graph
from agent.graph.checkpoints import RunHeader, Thread
from agent.graph.nodes import ANEW, Context, State, Step, TextPiece, ToolReturned
from agent.graph.threads import begun_in, followed_in, graph_of, kept, name_of, waits_for
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.policy import Policy
from agent.request import AskRequest, ClarifyingQuestion, Reply
from agent.trace import SCHEMA, Trace
from corpus.clock import now
from corpus.errors import BadInputError
from corpus.model import Frozen
from retrieval.filters import check_filters

__all__ = [
    "AskRequest",
    "Done",
    "Event",
    "Paused",
    "Reply",
    "Thread",
    "ask",
    "compile_graph",
    "follow",
    "request_of",
    "resume",
    "run",
    "run_each",
    "start",
    "stream",
    "stream_each",
]

MAX_QUESTION = 20_000
"""Most characters of a question."""


class Paused(Frozen):
    """Event: the thread waits for a date; :func:`resume` takes the reply, in any process."""

    thread: str
    asked: AskRequest
    missing: ClarifyingQuestion


class Done(Frozen):
    """Event: the run has ended; it is the last event."""

    trace: Trace


Event = Step | TextPiece | ToolReturned | Paused | Done
# -- without a thread --------------------------------------------------------------------------


def ask(  # noqa: PLR0913 - everything that fixes an answer, by name
    library: Library,
    question: str,
    *,
    as_at: date | None,
    known_at: date | None = None,
    policy: Policy | None = None,
    extent: str | None = None,
    jurisdictions: tuple[str, ...] = (),
    confirmed: bool = False,
) -> Trace:
    """Answer one question from the law in force on ``as_at``, or abstain with a reason.

    Args:
        library: the corpus and its index.
        question: the question in words.
        as_at: governing date. ``None``: found by rules from the question; if that fails, the answer
            is an abstention that asks for it.
        known_at: use only what had been published by that date; ``None`` is the latest.
        policy: the policy; the extractive one by default.
        extent: a territory.
        jurisdictions: where to search; empty is everywhere.
        confirmed: ``as_at`` counts, whatever other dates the question names.

    Raises:
        BadInputError: the question is empty or too long, or the corpus does not know the territory
            or a jurisdiction.
    """
    asked = AskRequest(
        question=question,
        as_at=as_at,
        known_at=known_at,
        extent=extent,
        jurisdictions=jurisdictions,
        confirmed=confirmed,
    )
    return run(_context(library, policy), asked)


def run(context: Context, asked: AskRequest) -> Trace:
    """Answer one request. Thread-safe.

    Raises:
        BadInputError: the question is empty or too long, or its facts contradict each other.
    """
    clock = time.perf_counter()
    context = replace(context, interactive=False, durable=False)
    state = compile_graph().invoke(_begin(context, asked), _config(context), context=context)
    return _trace(state, clock)


def run_each(context: Context, asked: AskRequest) -> Iterator[Trace]:
    """Answer one request for each candidate governing date, oldest first.

    Raises:
        BadInputError: as :func:`run`; or there are no candidate dates.
    """
    for each in _each_day(context, asked):
        yield run(context, each)


def stream_each(context: Context, asked: AskRequest) -> Iterator[Event]:
    """Answer like :func:`run_each`, yielding events; there is a ``Done`` for each date.

    Raises:
        BadInputError: as :func:`run_each`.
    """
    for each in _each_day(context, asked):
        yield from start(context, each)


def _each_day(context: Context, asked: AskRequest) -> Iterator[AskRequest]:
    _check(context.library, asked)
    days = candidate_days(context.library, asked)
    for day in days:
        yield asked.model_copy(update={"as_at": day, "candidates": days})


def stream(library: Library, asked: AskRequest, *, policy: Policy | None = None) -> Iterator[Event]:
    """Answer like :func:`ask`, yielding an event for each step and call; the last is ``Done``.

    Raises:
        BadInputError: as :func:`run`.
    """
    return start(_context(library, policy), asked)


def request_of(trace: Trace) -> AskRequest:
    """Return the request that asks the question of a trace again, with its filters and dates."""
    governing = trace.governing
    asked = AskRequest(
        question=trace.question,
        known_at=governing.known_at if governing else None,
        extent=trace.extent,
        jurisdictions=trace.jurisdictions,
        issue=trace.issue,
        topic=trace.topic,
        facts=trace.facts,
    )
    if governing is None or ((governing.rule or governing.assumed) and not governing.candidates):
        return asked  # the day is found again as it was
    update = {
        "as_at": governing.as_at,
        "candidates": governing.candidates,
        "confirmed": governing.confirmed,
    }
    return asked.model_copy(update=update)


# -- step by step, and in a thread --------------------------------------------------------------


def start(context: Context, asked: AskRequest, thread: Thread | None = None) -> Iterator[Event]:
    """Answer a request, yielding events; the last is ``Done``, or ``Paused`` in a thread.

    Args:
        context: what the run uses; only an ``interactive`` one pauses.
        asked: the request.
        thread: where to save the run. Its name must be new.

    Raises:
        BadInputError: as :func:`run`; or the thread exists.
    """
    if thread is not None and kept(thread):
        raise BadInputError(f"There is a thread '{thread.id}' already: resume it.")
    begun = _begin(context, asked, thread.id if thread is not None else None)
    return _events(context, begun, thread)


def follow(
    context: Context, thread: Thread, question: str, trace_id: str | None = None
) -> Iterator[Event]:
    """Ask a follow-up in a thread that has ended, yielding events.

    The follow-up has the governing date of the question before it, the facts of its case and its
    filters. Where it names another day, that is asked about. Its trace has an id of its own, or
    ``trace_id``; the thread then goes on with the follow-up.

    Raises:
        BadInputError: as :func:`run`; or there is no such thread, or it has not ended.
    """
    begun = _begin(context, followed_in(thread, question), trace_id)
    return _events(context, {**ANEW, **begun}, thread)


def resume(context: Context, thread: Thread, reply: Reply | None = None) -> Iterator[Event]:
    """Continue a thread, however its last run ended, yielding events.

    Finished steps and finished tool calls are not repeated. A finished thread yields its trace; one
    that waits for a date needs the ``reply``, else it yields ``Paused`` again. The limits are those
    with which the thread was started.

    Raises:
        BadInputError: there is no such thread, it was started with another corpus or policy, it
            does not wait for a reply, or the reply contradicts the facts.
    """
    state = begun_in(context, thread)
    limits = state["begun"].settings
    context = replace(context, max_turns=limits.max_turns, max_tokens=limits.max_tokens)
    waiting = waits_for(thread)
    if reply is not None and waiting is None:
        raise BadInputError(f"Thread '{thread.id}' does not wait for a date.")
    if waiting is not None and reply is None:
        return iter([Paused(thread=thread.id, asked=state["asked"], missing=waiting)])
    if reply is None:
        return _events(context, None, thread)
    check_facts(state["asked"].told(reply))
    context = replace(context, interactive=True)  # what still lacks is asked for again
    return _events(context, Command(resume=reply.model_dump(mode="json")), thread)


def _events(context: Context, begun: Any, thread: Thread | None) -> Iterator[Event]:
    clock = time.perf_counter()
    state: Any = {}
    mode: str
    payload: Any
    context = replace(
        context,
        listened=True,
        durable=thread is not None,
        interactive=context.interactive and thread is not None,
    )
    for mode, payload in graph_of(thread).stream(
        begun,
        _config(context, thread),
        context=context,
        stream_mode=["custom", "values"],
        durability="sync" if thread is not None else None,
    ):
        if mode == "custom":
            yield payload
        else:
            state = payload
    if thread is not None and (missing := waits_for(thread)) is not None:
        yield Paused(thread=thread.id, asked=begun_in(context, thread)["asked"], missing=missing)
    else:
        yield Done(trace=_trace(state, clock))


def _config(context: Context, thread: Thread | None = None) -> RunnableConfig:
    """Return the LangGraph configuration with its recursion limit."""
    config: RunnableConfig = {"recursion_limit": 2 * context.max_turns + 12}
    if thread is not None:
        config |= name_of(thread)
    return config


def _context(library: Library, policy: Policy | None) -> Context:
    return Context(library, policy or ExtractivePolicy(library.works))


def _begin(context: Context, asked: AskRequest, trace_id: str | None = None) -> State:
    _check(context.library, asked)
    begun = RunHeader(
        schema_version=SCHEMA,
        settings=context.settings,
        id=trace_id or uuid.uuid4().hex,
        policy=context.policy.name,
        corpus_hash=context.library.corpus_hash,
        started=now(),
    )
    return {"begun": begun, "asked": asked}


def _check(library: Library, asked: AskRequest) -> None:
    if not asked.question.strip():
        raise BadInputError("The question is empty.")
    if len(asked.question) > MAX_QUESTION:
        raise BadInputError(
            f"The question has {len(asked.question)} characters; "
            f"at most {MAX_QUESTION} can be read."
        )
    check_filters(library.store, library.works, asked.jurisdictions, asked.extent)
    check_facts(asked)


def _trace(state: Any, clock: float) -> Trace:
    begun, asked = state["begun"], state["asked"]
    return Trace(
        id=begun.id,
        question=asked.question,
        governing=state.get("governing"),
        extent=asked.extent,
        jurisdictions=asked.jurisdictions,
        issue=asked.issue,
        topic=asked.topic,
        facts=asked.facts,
        settings=begun.settings,
        turns=state.get("turns", ()),
        answer=state.get("answer"),
        abstention=state.get("abstention"),
        closest=state.get("closest", ()),
        looked_at=state.get("looked_at"),
        probability=state.get("probability"),
        stop=state["stop"],
        policy=begun.policy,
        corpus_hash=begun.corpus_hash,
        started=begun.started,
        milliseconds=(time.perf_counter() - clock) * 1000,
    )
