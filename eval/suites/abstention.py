"""Abstention scores, after AbstentionBench (arXiv 2506.09038).

A positive is a question that *should be declined*: no text in force, a missing date, a date outside
the coverage. A question counts as declined if the policy, or the graph's request for a date,
declined it explicitly. A draft that the verifier struck does not count as declined.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.trace import AbstentionReason, Trace
from corpus.model import Frozen
from corpus.questions import Question
from eval.metrics import Score
from eval.suites.means import share_by_work
from rl.rewards import right
from rl.rewards.scored_trace import ScoredTrace

_NOT_DECLINED = frozenset({AbstentionReason.UNVERIFIED, AbstentionReason.FAILED})


class AbstentionScores(Frozen):
    """Abstention scores of answered questions; ``None`` where there was nothing to score.

    Attributes:
        precision: share of declined questions that should be declined.
        recall: share of questions that should be declined that were.
        f1: their harmonic mean; ``n`` counts questions that were declined or should have been.
        reason: share of rightly declined questions declined with the right reason, which a tool
            had returned.
        right_when_due: share of questions that should be declined that were, with that reason.
        answered: share of answerable questions whose answer shipped.
        right_when_answerable: share of answerable questions answered right.
        wrong_when_answered: share of shipped answers, to any question, that are wrong: the risk at
            this coverage.
        struck: share of questions whose draft the verifier struck.
    """

    precision: Score | None
    recall: Score | None
    f1: Score | None
    reason: Score | None
    right_when_due: Score | None
    answered: Score | None
    right_when_answerable: Score | None
    wrong_when_answered: Score | None
    struck: Score | None


def abstention_scores(scored: Sequence[ScoredTrace]) -> AbstentionScores:
    """Return the abstention scores of traces; void ones are left out."""
    found = [(one, one.trace) for one in scored if one.trace is not None and one.void is None]
    kept = [one for one, _ in found]
    declined = [one for one, trace in found if _declined(trace)]
    due = [one for one in kept if one.question.decline is not None]
    answerable = [one for one in kept if one.question.decline is None]
    shipped = [one for one, trace in found if trace.answer is not None]
    right_reason = [one for one, trace in found if one.question.decline and _declined(trace)]
    concerned = sum(_declined(trace) or one.question.decline is not None for one, trace in found)
    f1 = share_by_work(kept, _f1_parts)
    return AbstentionScores(
        precision=share_by_work(declined, lambda _, question: [question.decline is not None]),
        recall=share_by_work(due, lambda trace, _: [_declined(trace)]),
        f1=f1.model_copy(update={"n": concerned}) if f1 else None,
        reason=share_by_work(right_reason, _right),
        right_when_due=share_by_work(due, _right),
        answered=share_by_work(answerable, lambda trace, _: [trace.answer is not None]),
        right_when_answerable=share_by_work(answerable, _right),
        wrong_when_answered=share_by_work(shipped, lambda *one: [not right(*one)]),
        struck=share_by_work(kept, lambda trace, _: [_struck(trace)]),
    )


def _right(trace: Trace, question: Question) -> Iterator[float]:
    yield right(trace, question)


def _declined(trace: Trace) -> bool:
    abstention = trace.abstention
    return abstention is not None and abstention.reason not in _NOT_DECLINED


def _struck(trace: Trace) -> bool:
    abstention = trace.abstention
    return abstention is not None and abstention.reason is AbstentionReason.UNVERIFIED


def _f1_parts(trace: Trace, question: Question) -> Iterator[float]:
    """Yield the terms whose mean is F1 = 2TP / (2TP + FP + FN)."""
    declined, due = _declined(trace), question.decline is not None
    if declined and due:
        yield from (1.0, 1.0)
    elif declined or due:
        yield 0.0
