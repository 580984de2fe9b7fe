"""Transitions of a controller, read from the traces of its runs."""

from __future__ import annotations

from collections.abc import Iterator

from agent.policies.control.features import features
from agent.policies.controllers import Strategy, adjustment
from agent.policy import PolicyState
from agent.trace import Trace
from corpus.model import Frozen


class Transition(Frozen):
    """One turn: features ``s``, strategy ``a``, reward ``r``, features after it.

    ``after`` is ``None`` where the run ended.
    """

    before: tuple[float, ...]
    strategy: int
    reward: float
    after: tuple[float, ...] | None


def transitions(trace: Trace, reward: float) -> list[Transition]:
    """Return the transitions of a run; its reward is given to the last turn.

    Raises:
        ValueError: the trace has no governing date, or a turn's instruction is of no strategy.
    """
    states = list(states_of(trace))
    seen = [features(state) for state in states]
    chosen = [
        strategy_of(turn.adjustment, state) for turn, state in zip(trace.turns, states, strict=True)
    ]
    last = len(seen) - 1
    return [
        Transition(
            before=seen[place],
            strategy=list(Strategy).index(chosen[place]),
            reward=reward if place == last else 0.0,
            after=None if place == last else seen[place + 1],
        )
        for place in range(len(seen))
    ]


def states_of(trace: Trace) -> Iterator[PolicyState]:
    """Yield the state before each turn of a run, as the policy saw it, without tool schemas."""
    if trace.governing is None:
        raise ValueError(f"the trace {trace.id} has no governing date")
    most, left = trace.settings.max_turns, trace.settings.max_tokens
    for number, turn in enumerate(trace.turns):
        yield PolicyState(
            question=trace.question,
            governing=trace.governing,
            tools=(),
            turns=trace.turns[:number],
            turns_left=most - number,
            tokens_left=left,
        )
        if left is not None:
            left -= len(turn.prompt_ids) + len(turn.completion_ids)


def strategy_of(words: str, state: PolicyState) -> Strategy:
    """Return the strategy whose text was said before a turn.

    Raises:
        ValueError: no strategy has that text.
    """
    for strategy in Strategy:
        if adjustment(strategy, state) == words:
            return strategy
    raise ValueError(f"no strategy says '{words[:40]}'")
