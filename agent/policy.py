"""What decides: one ``act`` per turn, from everything seen so far to the next move.

A policy sees the question, the governing date, the tools' schemas and the results of its own
calls, and nothing else: no store, no index. A language model adds the token ids it was given and
the ids and log-probs it sampled, which travel unchanged into the :class:`~agent.trace.Turn`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, Self, runtime_checkable

from pydantic import Field, model_validator

from agent.models.sampling import Sampling
from agent.trace import Abstention, Draft, DraftCitation, GoverningDate, Sentence, Turn
from corpus.errors import InForceError
from corpus.model import Frozen

__all__ = [
    "Act",
    "Draft",
    "DraftCitation",
    "Policy",
    "PolicyError",
    "PolicyState",
    "SampledPolicy",
    "Sentence",
    "StreamingPolicy",
    "ToolRequest",
    "sampling_of",
]


class PolicyError(InForceError):
    """The policy could not act: its model failed, or what it wrote is no move."""


class ToolRequest(Frozen):
    """A call that the policy asks for. ``id`` is unique within its turn."""

    id: str
    name: str
    arguments: dict[str, Any]


class Act(Frozen):
    """One move: either tool calls, or a draft, or an abstention.

    ``prompt_ids``, ``completion_ids`` and ``logprobs`` are kept exactly as sampled; empty for a
    policy without a model. ``adjustment`` is what a controller added to the prompt.

    Raises:
        ValueError: the move is none of the three, or more than one of them.
    """

    text: str = ""
    thought: str = ""
    calls: tuple[ToolRequest, ...] = ()
    draft: Draft | None = None
    abstention: Abstention | None = None
    prompt_ids: tuple[int, ...] = ()
    completion_ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    adjustment: str = ""

    @model_validator(mode="after")
    def _is_one_move(self) -> Self:
        moves = bool(self.calls) + (self.draft is not None) + (self.abstention is not None)
        if moves != 1:
            raise ValueError("an act is tool calls, a draft or an abstention: exactly one of them")
        return self


class PolicyState(Frozen):
    """All that a policy may know when it acts.

    ``tools`` are the tools' JSON schemas; ``turns_left`` counts this one, so a policy that sees 1
    must answer or abstain. ``tokens_left`` are the ids, of prompt and completion together, that
    the thread may still spend. A last turn that was ``sent_back`` is a draft that did not stand:
    this is the one chance to mend it. ``adjustment`` is what a controller wants said before this
    turn.
    """

    question: str
    governing: GoverningDate
    tools: tuple[dict[str, Any], ...]
    turns: tuple[Turn, ...] = ()
    turns_left: int = Field(ge=1)
    tokens_left: int | None = None
    adjustment: str = ""


class Policy(Protocol):
    """Anything that decides. Must be safe to share between threads."""

    @property
    def name(self) -> str:
        """Return the name that traces record."""
        ...

    def act(self, state: PolicyState) -> Act:
        """Return the next move.

        Raises:
            PolicyError: there is none to be had, for a reason outside the question.
        """
        ...


@runtime_checkable
class StreamingPolicy(Policy, Protocol):
    """A policy that can say its tokens as they come."""

    def stream(self, state: PolicyState, on_text: Callable[[str], None]) -> Act:
        """Return what :meth:`act` would, telling each piece of text as it is written.

        Raises:
            PolicyError: as :meth:`act`; pieces told before count for nothing.
        """
        ...


@runtime_checkable
class SampledPolicy(Policy, Protocol):
    """A policy whose tokens are drawn from a language model."""

    @property
    def sampling(self) -> Sampling | None:
        """Return how they are drawn; ``None`` where that is not known."""
        ...


def sampling_of(policy: Policy) -> Sampling | None:
    """Return how a policy's tokens are drawn; ``None`` for one without a model."""
    return policy.sampling if isinstance(policy, SampledPolicy) else None
