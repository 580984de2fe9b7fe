"""State of a LangGraph thread, and whether it can be resumed."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import RunnableConfig

from agent.graph.builder import Graph, compile_graph
from agent.graph.checkpoints import RunHeader, Thread
from agent.graph.nodes import Context, State
from agent.request import AskRequest, ClarifyingQuestion, follow_up
from agent.trace import SCHEMA
from corpus.errors import BadInputError


def graph_of(thread: Thread | None) -> Graph:
    """Return the graph, with a checkpointer if there is a thread."""
    graph = compile_graph()
    return graph if thread is None else graph.copy({"checkpointer": thread.checkpoints})


def name_of(thread: Thread) -> RunnableConfig:
    """Return LangGraph's configuration for a thread."""
    return {"configurable": {"thread_id": thread.id}}


def kept(thread: Thread) -> dict[str, Any]:
    """Return the state of a thread; empty if it does not exist."""
    found: dict[str, Any] = graph_of(thread).get_state(name_of(thread)).values
    return found


def waits_for(thread: Thread) -> ClarifyingQuestion | None:
    """Return the question whose answer a thread waits for, or ``None``."""
    interrupts = graph_of(thread).get_state(name_of(thread)).interrupts
    return ClarifyingQuestion.model_validate(interrupts[0].value) if interrupts else None


def asked_in(thread: Thread) -> AskRequest | None:
    """Return the request of a thread, or ``None`` if it does not exist.

    Raises:
        BadInputError: it was started by an earlier version of InForce.
    """
    found = kept(thread)
    return _readable(thread, found)[1] if found else None


def begun_in(context: Context, thread: Thread) -> State:
    """Return the state with which a thread was started, if this context can resume it.

    Raises:
        BadInputError: there is no such thread, or it was started with another corpus, policy or
            version of InForce.
    """
    found = kept(thread)
    if not found:
        raise BadInputError(f"There is no thread '{thread.id}'.")
    begun, asked = _readable(thread, found)
    held = context.library.corpus_hash
    if begun.corpus_hash != held:
        raise BadInputError(
            f"Thread '{thread.id}' was asked of corpus {begun.corpus_hash[:12]}, and the library "
            f"now holds {held[:12]}: ask again."
        )
    if begun.policy != context.policy.name:
        raise BadInputError(
            f"Thread '{thread.id}' was begun with the policy {begun.policy}, "
            f"not {context.policy.name}."
        )
    return State(begun=begun, asked=asked)


def followed_in(thread: Thread, question: str) -> AskRequest:
    """Return the request of a follow-up in a thread, with its date, the facts of its case, filters.

    Raises:
        BadInputError: there is no such thread, it has not ended, or it was started by an earlier
            version of InForce.
    """
    found = kept(thread)
    if not found:
        raise BadInputError(f"There is no thread '{thread.id}'.")
    _, asked = _readable(thread, found)
    if waits_for(thread) is not None or not found.get("stop"):
        raise BadInputError(f"Thread '{thread.id}' has not ended: go on with its question first.")
    case, governing = found.get("case"), found.get("governing")
    if case is not None:
        asked = asked.model_copy(update={"facts": case.facts, "issue": asked.issue or case.issue})
    return follow_up(asked, governing.as_at if governing else asked.as_at, question)


def _readable(thread: Thread, found: dict[str, Any]) -> tuple[RunHeader, AskRequest]:
    """Return the header and the request of a thread.

    LangGraph returns a type that it may not deserialise as a dictionary, and one with changed
    fields as an object without some: both mean another schema version.
    """
    begun, asked = found.get("begun"), found.get("asked")
    if (
        isinstance(begun, RunHeader)
        and isinstance(asked, AskRequest)
        and getattr(begun, "schema_version", None) == SCHEMA
    ):
        return begun, asked
    raise BadInputError(
        f"Thread '{thread.id}' was begun by an earlier version of InForce: ask again."
    )
