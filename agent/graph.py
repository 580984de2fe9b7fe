"""The graph: frame -> decide -> act -> (decide ...) -> verify -> respond.

One compiled graph holds no library and no policy; both come with each run, in its
:class:`~agent.nodes.Context`. So the same object answers a lawyer, runs many training episodes at
once, and is evaluated.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agent import nodes
from agent.library import Library
from agent.nodes import Asked, Called, Context, State, Step
from agent.policies.extractive import ExtractivePolicy
from agent.policy import Policy
from agent.trace import Trace
from corpus.clock import now
from corpus.errors import BadInputError
from corpus.model import Frozen

MAX_QUESTION = 20_000
"""Characters of a question."""


class Done(Frozen):
    """The run is over; nothing follows."""

    trace: Trace


Event = Step | Called | Done
Graph = CompiledStateGraph[State, Context, State, State]


@cache
def compile_graph() -> Graph:
    """Return the graph. Run it with ``{"asked": Asked(...)}`` and ``context=Context(...)``."""
    graph = StateGraph(State, context_schema=Context)
    graph.add_node("frame", nodes.frame)
    graph.add_node("decide", nodes.decide)
    graph.add_node("act", nodes.act)
    graph.add_node("verify", nodes.check)
    graph.add_node("respond", nodes.respond)
    graph.add_edge(START, "frame")
    graph.add_conditional_edges("frame", _after_frame)
    graph.add_conditional_edges("decide", _after_decide)
    graph.add_conditional_edges("act", _after_act)
    graph.add_edge("verify", "respond")
    graph.add_edge("respond", END)
    return graph.compile()


def ask(  # noqa: PLR0913 - everything that fixes an answer, by name
    library: Library,
    question: str,
    *,
    as_at: date | None,
    known_at: date | None = None,
    policy: Policy | None = None,
    extent: str | None = None,
    jurisdictions: tuple[str, ...] = (),
) -> Trace:
    """Answer one question with law in force on ``as_at``, or abstain and say why.

    Args:
        library: where to look.
        question: in words.
        as_at: the day whose law is wanted. ``None``: taken from the question where it states
            exactly one full date, else the answer is an abstention that asks for it.
        known_at: answer from what had been published by that day; ``None`` is the latest.
        policy: who decides; the extractive policy where none is given.
        extent: a territory.
        jurisdictions: where to search; empty is everywhere.

    Raises:
        BadInputError: the question is empty or too long.
    """
    asked = Asked(
        question=question,
        as_at=as_at,
        known_at=known_at,
        extent=extent,
        jurisdictions=jurisdictions,
    )
    *_, last = stream(library, asked, policy=policy)
    assert isinstance(last, Done)
    return last.trace


def stream(library: Library, asked: Asked, *, policy: Policy | None = None) -> Iterator[Event]:
    """Answer like :func:`ask`, yielding each step and call as it happens; ends with ``Done``.

    Raises:
        BadInputError: the question is empty or too long.
    """
    _check(asked.question)
    context = Context(library, policy or ExtractivePolicy(library.works))
    started, clock = now(), time.perf_counter()
    state: State = {}
    payload: Any
    for mode, payload in compile_graph().stream(
        {"asked": asked},
        context=context,
        stream_mode=["custom", "values"],
        config={"recursion_limit": 2 * context.max_turns + 10},
    ):
        if mode == "custom":
            yield payload
        else:
            state = payload
    verdict = state.get("verdict")
    yield Done(
        trace=Trace(
            id=uuid.uuid4().hex,
            question=asked.question,
            governing=state.get("governing"),
            extent=asked.extent,
            jurisdictions=asked.jurisdictions,
            turns=state.get("turns", ()),
            findings=verdict.findings if verdict else (),
            answer=state.get("answer"),
            abstention=state.get("abstention"),
            stop=state["stop"],
            policy=context.policy.name,
            corpus_hash=library.corpus_hash,
            started=started,
            milliseconds=(time.perf_counter() - clock) * 1000,
        )
    )


def _check(question: str) -> None:
    if not question.strip():
        raise BadInputError("The question is empty.")
    if len(question) > MAX_QUESTION:
        raise BadInputError(
            f"The question has {len(question)} characters; at most {MAX_QUESTION} can be read."
        )


def _after_frame(state: State) -> Literal["decide", "respond"]:
    return "respond" if "stop" in state else "decide"


def _after_decide(state: State) -> Literal["act", "respond"]:
    return "respond" if "stop" in state else "act"


def _after_act(state: State) -> Literal["decide", "verify", "respond"]:
    if "stop" in state:
        return "respond"
    return "decide" if state["act"].draft is None else "verify"
