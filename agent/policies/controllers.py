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
class Controlled:
    """A policy that acts under a controller. It is a policy itself, so the graph sees one."""

    policy: Policy
    controller: Controller

    @property
    def name(self) -> str:
        """Return the name of the policy that decides."""
        return self.policy.name

    @property
    def sampling(self) -> Sampling | None:
        """Return how the policy's tokens are drawn."""
        return sampling_of(self.policy)

    def act(self, state: PolicyState) -> Act:
        """Return the policy's move after what the controller chose to say.

        Raises:
            PolicyError: as the policy.
        """
        return adjusted(self.policy, state, adjustment(self.controller.choose(state), state))

    def stream(self, state: PolicyState, on_text: Callable[[str], None]) -> Act:
        """Return what :meth:`act` would, telling the words as they come where the policy can.

        Raises:
            PolicyError: as the policy.
        """
        words = adjustment(self.controller.choose(state), state)
        return adjusted(self.policy, state, words, on_text)


def adjusted(
    policy: Policy, state: PolicyState, words: str, on_text: Callable[[str], None] | None = None
) -> Act:
    """Return a policy's move after ``words`` were said, with the words in it."""
    told = state.model_copy(update={"adjustment": words})
    if on_text is not None and isinstance(policy, StreamingPolicy):
        act = policy.stream(told, on_text)
    else:
        act = policy.act(told)
    return act.model_copy(update={"adjustment": words})


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
    return Controlled(policy, FixedController(chosen))


@cache
def _text(strategy: Strategy) -> str:
    file = files("agent") / "prompts" / f"strategy_{strategy}.txt"
    return file.read_text(encoding="utf-8").removesuffix("\n")
