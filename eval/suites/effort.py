"""Cost of an answer: turns, tool calls, seconds, tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from agent.trace import Trace, Turn
from corpus.model import Frozen
from eval.metrics import Score
from eval.suites.means import mean_by_work
from rl.rewards.scored_trace import ScoredTrace


class EffortScores(Frozen):
    """Cost per question; ``None`` where there was nothing to count.

    ``searches`` counts calls of any tool; ``seconds`` is the mean and ``seconds_median`` the median
    time of a question. For tokens see :func:`prompt_tokens` and :func:`completion_tokens`.

    Attributes:
        turns: turns per question.
        searches: calls of any tool per question.
        seconds: mean time of a question.
        seconds_median: median time of a question.
        prompt_tokens: tokens of all prompts of a question.
        completion_tokens: tokens generated per question.
    """

    turns: Score | None
    searches: Score | None
    seconds: Score | None
    seconds_median: float | None
    prompt_tokens: Score | None
    completion_tokens: Score | None


def prompt_tokens(turns: Iterable[Turn]) -> int:
    """Return the number of prompt tokens of all turns, as an endpoint reports its usage.

    Each prompt contains the previous one and counts in full, with or without prefix caching.
    """
    return sum(len(turn.prompt_ids) for turn in turns)


def completion_tokens(turns: Iterable[Turn]) -> int:
    """Return the number of tokens that the model generated."""
    return sum(len(turn.completion_ids) for turn in turns)


def effort_scores(scored: Sequence[ScoredTrace]) -> EffortScores:
    """Return the cost of the answers; void rollouts are left out."""

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
