"""What an answer costs: turns, tool calls, seconds, tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from agent.trace import Trace, Turn
from corpus.model import Frozen
from eval.metrics import Score
from eval.suites.means import mean_by_work
from rl.rewards.scored_trace import ScoredTrace


class EffortScores(Frozen):
    """What an answer costs, per question; ``None`` where there was nothing to count.

    ``searches`` are calls of any tool; ``seconds`` are a question's own, ``seconds_median`` the
    median of them. For tokens see :func:`prompt_tokens` and :func:`completion_tokens`.
    """

    turns: Score | None
    searches: Score | None
    seconds: Score | None
    seconds_median: float | None
    prompt_tokens: Score | None
    completion_tokens: Score | None


def prompt_tokens(turns: Iterable[Turn]) -> int:
    """Return the tokens of all prompts, as an endpoint counts its usage.

    Each prompt begins with the one before it and counts in full, whether or not a cache of
    prefixes spares the reading.
    """
    return sum(len(turn.prompt_ids) for turn in turns)


def completion_tokens(turns: Iterable[Turn]) -> int:
    """Return the tokens that the model wrote."""
    return sum(len(turn.completion_ids) for turn in turns)


def effort_scores(scored: Sequence[ScoredTrace]) -> EffortScores:
    """Return what the answers cost; void rollouts are left out."""

    def each(value: Callable[[Trace], float]) -> Score | None:
        return mean_by_work(scored, lambda trace, _: [value(trace)])

    seconds = [
        one.trace.milliseconds / 1000
        for one in scored
        if one.trace is not None and one.void is None
    ]
    return EffortScores(
        turns=each(lambda trace: len(trace.turns)),
        searches=each(lambda trace: sum(len(turn.calls) for turn in trace.turns)),
        seconds=each(lambda trace: trace.milliseconds / 1000),
        seconds_median=median(seconds) if seconds else None,
        prompt_tokens=each(lambda trace: prompt_tokens(trace.turns)),
        completion_tokens=each(lambda trace: completion_tokens(trace.turns)),
    )
