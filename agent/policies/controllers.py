"""Controllers: choose one instruction to add to the prompt before a turn.

A controller reads the policy's state and chooses a :class:`Strategy`; the strategy's text (a file
in ``agent/prompts/``) is added to the end of that turn's prompt and recorded in the
:class:`~agent.trace.Turn`. It has no other effect: tools, dates and verification are unchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from string import Template
from typing import Protocol

from agent.models.sampling import Sampling
from agent.policy import Act, Policy, PolicyState, StreamingPolicy, encoder_of, sampling_of
from corpus.errors import BadInputError


class Strategy(StrEnum):
    """The instructions that a controller may add. Each but ``none`` has a text."""

    NONE = "none"
    DATE = "date"  # insist on the governing date
    NARROW = "narrow"  # search with fewer, rarer words
    WIDEN = "widen"  # search with other words for the same thing
    READ = "read"  # read the provision whole before citing it
    COMPARE = "compare"  # compare the versions around the governing date
    QUOTE = "quote"  # quote word for word, figures and all
    ASK = "ask"  # say what must be known before the question can be answered
    ABSTAIN = "abstain"  # give no answer


class Controller(Protocol):
    """Chooses a strategy before each turn. Implementations must be thread-safe."""

    @property
    def name(self) -> str:
        """Return the name for reports."""
        ...

    def choose(self, state: PolicyState) -> Strategy:
        """Return the strategy for the turn of ``state``."""
        ...


@dataclass(frozen=True)
class FixedController:
    """Chooses the same strategy before every turn."""

    strategy: Strategy

    @property
    def name(self) -> str:
        """Return the name for reports."""
        return f"fixed:{self.strategy}"

    def choose(self, state: PolicyState) -> Strategy:  # noqa: ARG002 - the same whatever the state
        """Return the strategy."""
        return self.strategy


@dataclass(frozen=True)
class AdjustedPolicy:
    """A policy whose prompt gets an instruction before each turn. It wraps another policy.

    Args:
        policy: the wrapped policy.
        words: returns the instruction for the turn of a state; empty for none.
    """

    policy: Policy
    words: Callable[[PolicyState], str]

    @property
    def name(self) -> str:
        """Return the name of the wrapped policy."""
        return self.policy.name

    @property
    def sampling(self) -> Sampling | None:
        """Return the sampling parameters of the wrapped policy."""
        return sampling_of(self.policy)

    @property
    def encoder(self) -> str | None:
        """Return the encoder of the wrapped policy."""
        return encoder_of(self.policy)

    def act(self, state: PolicyState) -> Act:
        """Return the wrapped policy's move, with the instruction recorded in it.

        Raises:
            PolicyError: as the wrapped policy.
        """
        told = state.model_copy(update={"adjustment": self.words(state)})
        return self.policy.act(told).model_copy(update={"adjustment": told.adjustment})

    def stream(self, state: PolicyState, on_text: Callable[[str], None]) -> Act:
        """Like :meth:`act`, calling ``on_text`` with the text as it comes if the policy streams.

        Raises:
            PolicyError: as the wrapped policy.
        """
        if not isinstance(self.policy, StreamingPolicy):
            return self.act(state)
        told = state.model_copy(update={"adjustment": self.words(state)})
        act = self.policy.stream(told, on_text)
        return act.model_copy(update={"adjustment": told.adjustment})


def controlled(policy: Policy, controller: Controller) -> AdjustedPolicy:
    """Return a policy that gets a controller's instruction before each turn."""
    return AdjustedPolicy(policy, lambda state: adjustment(controller.choose(state), state))


def adjustment(strategy: Strategy, state: PolicyState) -> str:
    """Return the text of a strategy, with the governing date filled in; empty for ``none``."""
    if strategy is Strategy.NONE:
        return ""
    return Template(_text(strategy)).substitute(as_at=state.governing.as_at)


def steered(policy: Policy, strategy: str | None) -> Policy:
    """Return a policy that gets the same strategy before every turn, by its name.

    Raises:
        BadInputError: there is no such strategy, the policy has no prompt, or a controller steers
            it already.
    """
    if strategy is None:
        return policy
    try:
        chosen = Strategy(strategy)
    except ValueError:
        known = ", ".join(Strategy)
        raise BadInputError(f"there is no strategy '{strategy}'; there are {known}") from None
    if policy.name == "extractive":
        raise BadInputError("a strategy is said to a model; the policy 'extractive' reads no words")
    if isinstance(policy, AdjustedPolicy):
        raise BadInputError("a controller chooses the strategy: leave out the strategy or it")
    return controlled(policy, FixedController(chosen))


@cache
def _text(strategy: Strategy) -> str:
    file = files("agent") / "prompts" / f"strategy_{strategy}.txt"
    return file.read_text(encoding="utf-8").removesuffix("\n")
