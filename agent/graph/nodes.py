"""Nodes of the graph, as functions of its state and the run's context.

``frame`` sets the governing date, ``decide`` asks the policy for its move, ``act`` executes it,
``verify`` checks a draft, ``respond`` builds the answer or abstention. Each emits an event on the
stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from langgraph.func import task
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from agent.applicability.settle import settle
from agent.governing_date.replies import places_offered
from agent.graph.checkpoints import RunHeader
from agent.graph.closest import OFFERED_BESIDE, found_in_thread, looked_at, verified_closest
from agent.library import Library
from agent.policy import (
    Act,
    Policy,
    PolicyError,
    PolicyState,
    StreamingPolicy,
    ToolRequest,
    encoder_of,
    sampling_of,
)
from agent.request import AskRequest, ClarifyingQuestion, Reply
from agent.tools.statutes import Scope
from agent.tools.toolbox import (
    grouped,
    in_order,
    returned_ids,
    run_group,
    run_together,
    schemas_in_use,
)
from agent.trace import (
    Abstention,
    AbstentionReason,
    Answer,
    ClosestProvision,
    GoverningDate,
    LookedAt,
    RunSettings,
    StopReason,
    ToolCall,
    Turn,
)
from agent.verification.verify import Verdict, verify
from corpus.clock import today
from corpus.gate.ruling import Case
from corpus.model import Frozen
from corpus.wording import wording

__all__ = ["DOING", "AskRequest", "Context", "State", "Step", "TextPiece", "ToolReturned"]

StepName = Literal["frame", "decide", "act", "verify", "respond"]
DOING: Mapping[StepName, str] = {
    "frame": "Fixing the date",
    "decide": "Thinking",
    "act": "Reading",
    "verify": "Verifying every citation",
    "respond": "Writing",
}
"""Name of each step, shown as progress."""


@dataclass(frozen=True)
class Context:
    """Everything that a run uses.

    Attributes:
        library: the corpus and its index.
        policy: the policy.
        max_turns: most turns of the policy.
        max_tokens: most token ids of all prompts and completions; ``None`` sets no limit.
        interactive: whether a clarifying question is put to the asker; otherwise the run abstains.
            Only a run with checkpoints can wait for a reply.
        durable: whether each group of tool calls is saved as soon as it has returned. Needs
            checkpoints.
        listened: whether the stream has a listener, so that a policy streams its text.
    """

    library: Library
    policy: Policy
    max_turns: int = 8
    max_tokens: int | None = None
    interactive: bool = False
    durable: bool = False
    listened: bool = False

    @property
    def settings(self) -> RunSettings:
        """Return the settings that a trace records."""
        return RunSettings(
            max_turns=self.max_turns,
            max_tokens=self.max_tokens,
            sampling=sampling_of(self.policy),
            encoder=encoder_of(self.policy),
            today=today(),
        )


class State(TypedDict, total=False):
    """State passed between the nodes."""

    begun: RunHeader
    asked: AskRequest
    governing: GoverningDate
    case: Case
    act: Act
    turns: tuple[Turn, ...]
    verdict: Verdict
    answer: Answer
    abstention: Abstention
    closest: tuple[ClosestProvision, ...]
    probability: float | None
    looked_at: LookedAt
    stop: StopReason


ANEW: Mapping[str, Any] = {
    **dict.fromkeys(State.__annotations__.keys() - {"begun", "asked", "turns", "closest"}),
    "turns": (),
    "closest": (),
}
"""The state of a run that has not begun, for one that follows another in its thread."""


class Step(Frozen):
    """Event: the run enters a node of the graph."""

    name: StepName


class TextPiece(Frozen):
    """Event: the policy wrote a piece of its text."""

    text: str


class ToolReturned(Frozen):
    """Event: a tool call has returned."""

    call: ToolCall


Run = Runtime[Context]
Update = dict[str, Any]


def frame(state: State, runtime: Run) -> Update:
    """Settle governing date and place, or ask for what is open and wait.

    LangGraph runs this node again from its beginning for each reply.
    """
    runtime.stream_writer(Step(name="frame"))
    library, asked = runtime.context.library, state["asked"]
    while isinstance(settled := settle(library, asked), ClarifyingQuestion):
        reply = _reply(settled) if runtime.context.interactive else Reply()
        if reply.empty:
            reason = AbstentionReason.AMBIGUOUS if settled.places else AbstentionReason.NO_DATE
            how = f" Name one of {places_offered(settled)}." if settled.places else ""
            return _abstain(Abstention.worded(reason, wording(settled.wording, how)))
        asked = settled.answered(asked, reply)
    return {"asked": settled.asked, "governing": settled.governing, "case": settled.case}


def decide(state: State, runtime: Run) -> Update:
    """Ask the policy for its move."""
    runtime.stream_writer(Step(name="decide"))
    context, turns = runtime.context, state.get("turns", ())
    seen = PolicyState(
        question=state["asked"].question,
        governing=state["governing"],
        tools=schemas_in_use(),
        turns=turns,
        turns_left=context.max_turns - len(turns),
        tokens_left=_tokens_left(context, turns),
    )
    try:
        if context.listened and isinstance(context.policy, StreamingPolicy):
            tell = runtime.stream_writer
            return {"act": context.policy.stream(seen, lambda text: tell(TextPiece(text=text)))}
        return {"act": context.policy.act(seen)}
    except PolicyError as error:
        return _fail(StopReason.POLICY_ERROR, str(error))


def act(state: State, runtime: Run) -> Update:
    """Record the move as a turn and execute its tool calls."""
    runtime.stream_writer(Step(name="act"))
    move, done, context = state["act"], state.get("turns", ()), runtime.context
    calls = _carried_out(_scope(state, runtime), move.calls, durable=context.durable)
    for call in calls:
        runtime.stream_writer(ToolReturned(call=call))
    turn = Turn(
        index=len(done),
        text=move.text,
        thought=move.thought,
        calls=calls,
        draft=move.draft,
        prompt_ids=move.prompt_ids,
        completion_ids=move.completion_ids,
        logprobs=move.logprobs,
        adjustment=move.adjustment,
    )
    weighed = {} if move.probability is None else {"probability": move.probability}
    return {"turns": (*done, turn), **weighed, **_consequence(move, (*done, turn), context)}


def check(state: State, runtime: Run) -> Update:
    """Verify the draft; a draft that fails is sent back to the policy once."""
    runtime.stream_writer(Step(name="verify"))
    draft, turns = state["act"].draft, state["turns"]
    assert draft is not None
    verdict = verify(
        draft,
        runtime.context.library,
        state["governing"],
        returned_ids(turns),
        extent=state["asked"].extent,
        case=state["case"],
    )
    sent_back = not (verdict.passed or _told(turns) or _spent(runtime.context, turns))
    last = turns[-1].model_copy(update={"draft": verdict.draft, "sent_back": sent_back})
    return {"verdict": verdict, "turns": (*turns[:-1], last)}


def respond(state: State, runtime: Run) -> Update:
    """Build the answer from the sentences that passed, or the abstention."""
    runtime.stream_writer(Step(name="respond"))
    if (declined := state.get("abstention")) is not None:
        return _besides(state, runtime, declined)
    verdict = state["verdict"]
    if verdict.answer is None:
        words = f"An answer was drafted, but it did not stand: {verdict.explanation}"
        unverified = Abstention(reason=AbstentionReason.UNVERIFIED, explanation=words)
        return {**_abstain(unverified), **_besides(state, runtime, unverified)}
    return {"answer": verdict.answer, "stop": StopReason.ANSWERED}


def _besides(state: State, runtime: Run, declined: Abstention) -> Update:
    """Return what stands beside an abstention: what was looked at, and what comes closest."""
    turns, library = state.get("turns", ()), runtime.context.library
    if not turns:
        return {}
    asked, governing = state["asked"], state["governing"]
    looked = looked_at(turns, library, governing.as_at)
    if declined.reason not in OFFERED_BESIDE:
        return {"looked_at": looked}
    chosen = state["act"].closest
    if chosen is None:
        chosen = found_in_thread(turns, asked.question, governing.as_at)
    closest = verified_closest(chosen, library, governing, turns, state["case"])
    return {"looked_at": looked, "closest": closest}


def is_to_be_mended(state: State) -> bool:
    """Return whether the draft just verified is sent back to the policy."""
    return state["turns"][-1].sent_back


def _reply(missing: ClarifyingQuestion) -> Reply:
    """Interrupt the run until the asker replies."""
    return Reply.model_validate(interrupt(missing.model_dump(mode="json")))


def _scope(state: State, runtime: Run) -> Scope:
    asked = state["asked"]
    return Scope(
        library=runtime.context.library,
        known_at=state["governing"].known_at,
        extent=asked.extent,
        jurisdictions=asked.jurisdictions,
        case=state["case"],
    )


def _carried_out(
    scope: Scope, requests: Sequence[ToolRequest], *, durable: bool
) -> tuple[ToolCall, ...]:
    """Execute the calls of a turn together; if durable, save each group as it returns."""
    if not durable:
        return run_together(scope, requests)
    kept = [_kept_group(scope, group) for group in grouped(requests)]
    return in_order(requests, [call for group in kept for call in group.result()])


@task
def _kept_group(scope: Scope, group: tuple[ToolRequest, ...]) -> tuple[ToolCall, ...]:
    """Execute a group as a LangGraph task, so that a resumed run does not call again."""
    return run_group(scope, group)


def _consequence(move: Act, turns: tuple[Turn, ...], context: Context) -> Update:
    """Return the update that ends a run: an abstention, a failed tool or a spent budget."""
    if move.abstention is not None:
        return _abstain(move.abstention)
    if broken := [call for call in turns[-1].calls if call.error]:
        return _fail(StopReason.TOOL_ERROR, f"{broken[0].name} failed: {broken[0].error}")
    if move.draft is not None:
        return {}
    if len(turns) >= context.max_turns:
        words = f"No answer was found within {context.max_turns} turns."
        return _fail(StopReason.TURN_BUDGET, words)
    if _spent(context, turns):
        words = f"No answer was found within {context.max_tokens} tokens."
        return _fail(StopReason.TOKEN_BUDGET, words)
    return {}


def _tokens_left(context: Context, turns: Sequence[Turn]) -> int | None:
    if context.max_tokens is None:
        return None
    return context.max_tokens - sum(len(t.prompt_ids) + len(t.completion_ids) for t in turns)


def _spent(context: Context, turns: Sequence[Turn]) -> bool:
    """Return whether the policy's turns or tokens are used up."""
    left = _tokens_left(context, turns)
    return len(turns) >= context.max_turns or (left is not None and left <= 0)


def _told(turns: Sequence[Turn]) -> bool:
    return any(turn.sent_back for turn in turns)


def _abstain(abstention: Abstention) -> Update:
    return {"abstention": abstention, "stop": StopReason.ABSTAINED}


def _fail(stop: StopReason, words: str) -> Update:
    return {
        "abstention": Abstention(reason=AbstentionReason.FAILED, explanation=words),
        "stop": stop,
    }
