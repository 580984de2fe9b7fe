"""The hook for a controller: before a turn it may choose one prompt adjustment.

A controller sees what the policy sees and picks a :class:`Strategy`; the strategy's text (a file in
``agent/prompts/``) is said last in the prompt of that turn and kept in the
:class:`~agent.trace.Turn`. It can steer the policy and nothing else: tools, dates and verification
are the same whatever it says.
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
from agent.policy import Act, Policy, PolicyState, StreamingPolicy, sampling_of
from corpus.errors import BadInputError


class Strategy(StrEnum):
    """What a controller may say before a turn. Each but ``none`` has a text of its own."""

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
    """Anything that chooses. Must be safe to share between threads."""

    @property
    def name(self) -> str:
        """Return the name that reports use."""
        ...

    def choose(self, state: PolicyState) -> Strategy:
        """Return what to say before the turn that ``state`` is about."""
        ...


@dataclass(frozen=True)
class FixedController:
    """Chooses the same strategy before every turn."""

    strategy: Strategy

    @property
    def name(self) -> str:
        """Return the name that reports use."""
        return f"fixed:{self.strategy}"

    def choose(self, state: PolicyState) -> Strategy:  # noqa: ARG002 - the same whatever the state
        """Return the strategy."""
        return self.strategy


@dataclass(frozen=True)
class AdjustedPolicy:
    """A policy that is told some words before each turn. It is a policy, so the graph sees one.

    Args:
        policy: decides.
        words: returns what is said before the turn that a state is about; empty for nothing.
    """

    policy: Policy
    words: Callable[[PolicyState], str]

    @property
    def name(self) -> str:
        """Return the name of the policy that decides."""
        return self.policy.name

    @property
    def sampling(self) -> Sampling | None:
        """Return how the policy's tokens are drawn."""
        return sampling_of(self.policy)

    def act(self, state: PolicyState) -> Act:
        """Return the policy's move after the words, with the words in it.

        Raises:
            PolicyError: as the policy.
        """
        told = state.model_copy(update={"adjustment": self.words(state)})
        return self.policy.act(told).model_copy(update={"adjustment": told.adjustment})

    def stream(self, state: PolicyState, on_text: Callable[[str], None]) -> Act:
        """Return what :meth:`act` would, telling the text as it comes where the policy can.

        Raises:
            PolicyError: as the policy.
        """
        if not isinstance(self.policy, StreamingPolicy):
            return self.act(state)
        told = state.model_copy(update={"adjustment": self.words(state)})
        act = self.policy.stream(told, on_text)
        return act.model_copy(update={"adjustment": told.adjustment})


def controlled(policy: Policy, controller: Controller) -> AdjustedPolicy:
    """Return a policy that is told, before each turn, what a controller chooses."""
    return AdjustedPolicy(policy, lambda state: adjustment(controller.choose(state), state))


def adjustment(strategy: Strategy, state: PolicyState) -> str:
    """Return the text of a strategy, with the governing date filled in; empty for ``none``."""
    if strategy is Strategy.NONE:
        return ""
    return Template(_text(strategy)).substitute(as_at=state.governing.as_at)


def steered(policy: Policy, strategy: str | None) -> Policy:
    """Return a policy that is told the same before every turn, by the name of a strategy.

    Raises:
        BadInputError: there is no such strategy, or the policy reads no prompt.
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
    return controlled(policy, FixedController(chosen))


@cache
def _text(strategy: Strategy) -> str:
    file = files("agent") / "prompts" / f"strategy_{strategy}.txt"
    return file.read_text(encoding="utf-8").removesuffix("\n")
