"""The steps of the graph, as functions of its state and the run's context.

``frame`` fixes the governing date, ``decide`` asks the policy for its move, ``act`` carries it
out, ``verify`` checks a draft, ``respond`` renders what may be said. Each announces itself to
whoever listens to the stream.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, TypedDict

from langgraph.runtime import Runtime

from agent.framing import frame_question
from agent.library import Library
from agent.policy import Act, Draft, Policy, PolicyError, PolicyState
from agent.toolbox import SCHEMAS, returned_ids, run_tool
from agent.tools import Scope
from agent.trace import (
    Abstention,
    AbstentionReason,
    Answer,
    GoverningDate,
    StopReason,
    ToolCall,
    Turn,
)
from agent.verify import Verdict, verify
from corpus.model import Frozen

StepName = Literal["frame", "decide", "act", "verify", "respond"]


class Asked(Frozen):
    """What is asked, of which law."""

    question: str
    as_at: date | None = None
    known_at: date | None = None
    extent: str | None = None
    jurisdictions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What a run works with: where it looks, who decides, and how many turns it may take."""

    library: Library
    policy: Policy
    max_turns: int = 8


class State(TypedDict, total=False):
    """What the nodes hand on. ``turns`` grows; everything else is set once or replaced."""

    asked: Asked
    governing: GoverningDate
    act: Act
    turns: Annotated[tuple[Turn, ...], operator.add]
    verdict: Verdict
    answer: Answer
    abstention: Abstention
    stop: StopReason


class Step(Frozen):
    """The run enters a node of the graph."""

    name: StepName


class Called(Frozen):
    """A tool was called and has returned."""

    call: ToolCall


Run = Runtime[Context]
Update = dict[str, Any]


def frame(state: State, runtime: Run) -> Update:
    """Fix the governing date, or ask for it."""
    runtime.stream_writer(Step(name="frame"))
    asked = state["asked"]
    works = runtime.context.library.works
    framed = frame_question(asked.question, works, asked.as_at, asked.known_at)
    if isinstance(framed, Abstention):
        return _abstain(framed)
    return {"governing": framed}


def decide(state: State, runtime: Run) -> Update:
    """Ask the policy for its move."""
    runtime.stream_writer(Step(name="decide"))
    turns = state.get("turns", ())
    seen = PolicyState(
        question=state["asked"].question,
        governing=state["governing"],
        tools=SCHEMAS,
        turns=turns,
        turns_left=runtime.context.max_turns - len(turns),
    )
    try:
        return {"act": runtime.context.policy.act(seen)}
    except PolicyError as error:
        return _fail(StopReason.POLICY_ERROR, str(error))


def act(state: State, runtime: Run) -> Update:
    """Record the move as a turn and carry out the calls it asks for."""
    runtime.stream_writer(Step(name="act"))
    move, done = state["act"], state.get("turns", ())
    calls = []
    for request in move.calls:
        calls.append(run_tool(_scope(state, runtime), request))
        runtime.stream_writer(Called(call=calls[-1]))
    turn = Turn(
        index=len(done),
        text=move.text,
        thought=move.thought,
        calls=tuple(calls),
        draft=move.draft,
        prompt_ids=move.prompt_ids,
        completion_ids=move.completion_ids,
        logprobs=move.logprobs,
    )
    return {"turns": (turn,), **_consequence(move, turn, runtime.context.max_turns)}


def check(state: State, runtime: Run) -> Update:
    """Verify the draft against the store."""
    runtime.stream_writer(Step(name="verify"))
    draft = state["act"].draft
    assert draft is not None
    verdict = verify(
        draft,
        runtime.context.library,
        state["governing"],
        returned_ids(state["turns"]),
        extent=state["asked"].extent,
    )
    return {"verdict": verdict}


def respond(state: State, runtime: Run) -> Update:
    """Say what stood, or why nothing is said."""
    runtime.stream_writer(Step(name="respond"))
    if "abstention" in state:
        return {}
    verdict, draft = state["verdict"], state["act"].draft
    assert draft is not None
    if not verdict.passed:
        words = f"An answer was drafted, but it did not stand: {verdict.explanation}"
        return _abstain(Abstention(reason=AbstentionReason.UNVERIFIED, explanation=words))
    answer = Answer(text=_rendered(draft), citations=verdict.citations)
    return {"answer": answer, "stop": StopReason.ANSWERED}


def _scope(state: State, runtime: Run) -> Scope:
    asked = state["asked"]
    return Scope(
        library=runtime.context.library,
        known_at=state["governing"].known_at,
        extent=asked.extent,
        jurisdictions=asked.jurisdictions,
    )


def _consequence(move: Act, turn: Turn, max_turns: int) -> Update:
    """Return what a move ends: an abstention, a failed tool or a spent budget end the run."""
    if move.abstention is not None:
        return _abstain(move.abstention)
    if broken := [call for call in turn.calls if call.error]:
        return _fail(StopReason.TOOL_ERROR, f"{broken[0].name} failed: {broken[0].error}")
    if move.draft is None and turn.index + 1 >= max_turns:
        words = f"No answer was found within {max_turns} turns."
        return _fail(StopReason.TURN_BUDGET, words)
    return {}


def _rendered(draft: Draft) -> str:
    """Return the sentences, each followed by the numbers of its citations."""
    parts, number = [], 0
    for sentence in draft.sentences:
        marks = ""
        for _ in sentence.citations:
            number += 1
            marks += f" [{number}]"
        parts.append(sentence.text + marks)
    return "\n\n".join(parts)


def _abstain(abstention: Abstention) -> Update:
    return {"abstention": abstention, "stop": StopReason.ABSTAINED}


def _fail(stop: StopReason, words: str) -> Update:
    return {
        "abstention": Abstention(reason=AbstentionReason.FAILED, explanation=words),
        "stop": stop,
    }
