"""Build the LangGraph graph: frame, decide, act, verify, respond.

``decide`` and ``act`` alternate until the policy drafts an answer or the run ends; ``verify`` sends
a draft that does not stand back to ``decide`` once.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Literal

import langsmith
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agent.graph import nodes
from agent.graph.nodes import Context, State

_FORMER_TRACER = ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER")

Graph = CompiledStateGraph[State, Context, State, State]


@cache
def compile_graph() -> Graph:
    """Return the compiled graph. It has no state; :mod:`agent.graph.run` runs it.

    LangSmith tracing would send every question to another host if its variables are set
    (``LANGSMITH_TRACING``), so it is off unless ``INFORCE_LANGSMITH`` is ``1``. LangChain refuses
    to run while a variable of its former tracer is set; that tracer no longer exists.
    """
    if os.environ.get("INFORCE_LANGSMITH") != "1":
        langsmith.configure(enabled=False)
    for name in _FORMER_TRACER:
        os.environ.pop(name, None)
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
    graph.add_conditional_edges("verify", _after_verify)
    graph.add_edge("respond", END)
    return graph.compile()


def _after_frame(state: State) -> Literal["decide", "respond"]:
    return "respond" if state.get("stop") else "decide"


def _after_decide(state: State) -> Literal["act", "respond"]:
    return "respond" if state.get("stop") else "act"


def _after_act(state: State) -> Literal["decide", "verify", "respond"]:
    if state.get("stop"):
        return "respond"
    return "decide" if state["act"].draft is None else "verify"


def _after_verify(state: State) -> Literal["decide", "respond"]:
    return "decide" if nodes.is_to_be_mended(state) else "respond"
