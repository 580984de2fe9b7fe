"""The policy protocol: one ``act`` per turn, from the state so far to the next move.

A policy receives the question, the governing date, the tools' schemas and the results of its own
calls, and nothing else: no store, no index. A language model adds its prompt ids, sampled ids and
log-probs, which are stored unchanged in the :class:`~agent.trace.Turn`.
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
    "Candidate",
    "Draft",
    "DraftCitation",
    "Policy",
    "PolicyError",
    "PolicyState",
    "SampledPolicy",
    "ScoringPolicy",
    "Sentence",
    "StreamingPolicy",
    "ToolRequest",
    "encoder_of",
    "sampling_of",
]


class PolicyError(InForceError):
    """The policy could not act: its model failed, or its output is not a move."""


class ToolRequest(Frozen):
    """A tool call requested by the policy. ``id`` is unique within its turn."""

    id: str
    name: str
    arguments: dict[str, Any]


class Candidate(Frozen):
    """A quotation that may answer, and how probable that is; ``None`` where it was not scored."""

    version_id: str
    quote: str
    probability: float | None = Field(default=None, ge=0, le=1)


class Act(Frozen):
    """One move: tool calls, a draft, or an abstention.

    With an abstention ``closest`` names the quotations that come closest to an answer, best first;
    ``None`` leaves them to the order of the thread's last search. ``probability`` is that the best
    quotation at hand answers, drafted or not, where the policy weighed it.

    ``prompt_ids``, ``completion_ids`` and ``logprobs`` are stored exactly as sampled; empty for a
    policy without a model. ``adjustment`` is the instruction that a controller added to the prompt.

    Raises:
        ValueError: the move is none of the three, or more than one of them; or provisions are
            called closest beside another move than an abstention.
    """

    text: str = ""
    thought: str = ""
    calls: tuple[ToolRequest, ...] = ()
    draft: Draft | None = None
    abstention: Abstention | None = None
    closest: tuple[Candidate, ...] | None = None
    probability: float | None = Field(default=None, ge=0, le=1)
    prompt_ids: tuple[int, ...] = ()
    completion_ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    adjustment: str = ""

    @model_validator(mode="after")
    def _is_one_move(self) -> Self:
        moves = bool(self.calls) + (self.draft is not None) + (self.abstention is not None)
        if moves != 1:
            raise ValueError("an act is tool calls, a draft or an abstention: exactly one of them")
        if self.closest and self.abstention is None:
            raise ValueError("closest provisions stand beside an abstention only")
        return self


class PolicyState(Frozen):
    """Everything that a policy may use when it acts.

    ``tools`` are the tools' JSON schemas; ``turns_left`` includes this turn, so with 1 the policy
    must answer or abstain. ``tokens_left`` are the ids, of prompt and completion together, that the
    run may still use. If the last turn was ``sent_back``, its draft failed verification, and this
    is the only chance to correct it. ``adjustment`` is a controller's instruction for this turn.
    """

    question: str
    governing: GoverningDate
    tools: tuple[dict[str, Any], ...]
    turns: tuple[Turn, ...] = ()
    turns_left: int = Field(ge=1)
    tokens_left: int | None = None
    adjustment: str = ""


class Policy(Protocol):
    """Decides each turn. Implementations must be thread-safe."""

    @property
    def name(self) -> str:
        """Return the name for traces."""
        ...

    def act(self, state: PolicyState) -> Act:
        """Return the next move.

        Raises:
            PolicyError: the policy failed, for a reason outside the question.
        """
        ...


@runtime_checkable
class StreamingPolicy(Policy, Protocol):
    """A policy that can stream its text."""

    def stream(self, state: PolicyState, on_text: Callable[[str], None]) -> Act:
        """Like :meth:`act`, calling ``on_text`` with each piece of text as it is generated.

        Raises:
            PolicyError: as :meth:`act`; text streamed before is invalid.
        """
        ...


@runtime_checkable
class SampledPolicy(Policy, Protocol):
    """A policy that samples from a language model."""

    @property
    def sampling(self) -> Sampling | None:
        """Return the sampling parameters; ``None`` if unknown."""
        ...


def sampling_of(policy: Policy) -> Sampling | None:
    """Return a policy's sampling parameters; ``None`` for one without a model."""
    return policy.sampling if isinstance(policy, SampledPolicy) else None


@runtime_checkable
class ScoringPolicy(Policy, Protocol):
    """A policy that scores quotations with an encoder."""

    @property
    def encoder(self) -> str | None:
        """Return the encoder's identity; ``None`` where it scores without."""
        ...


def encoder_of(policy: Policy) -> str | None:
    """Return the identity of the encoder that a policy scores with, if any."""
    return policy.encoder if isinstance(policy, ScoringPolicy) else None
