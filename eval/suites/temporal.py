"""Temporal scores: paired dates, anachronisms, controls.

Two kinds of numbers. What *shipped* is what a reader gets; its anachronism rate is checked here by
comparing each citation's interval with the question's day, not by trusting the verifier. What was
*drafted* says how good the policy is without the verifier behind it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from corpus.model import Frozen
from corpus.questions import Family
from eval.metrics import Score, wilson
from eval.suites.answered import ScoredAnswer, Values, mean_by_work, share, share_by_work
from rl.rewards import REWARDS, claims, right


class TemporalScores(Frozen):
    """Scores of a set of answered questions; ``None`` where there was nothing to score.

    Attributes:
        paired_dates: share of pairs (one question, two days around an amendment) both answered
            right; a pair with a missing half is left out.
        paired_versions: share of pairs for which the gold version shipped on both days, whatever
            was quoted of it: time discipline alone.
        right: share of questions answered right, or declined for the right reason.
        controls: the same over provisions that never changed: it must not fall.
        right_version: share of questions with an answer that shipped citing the gold version.
        temporal: mean temporal consistency of the drafts (:func:`rl.rewards.channels.temporal`).
        anachronisms_shipped: share of shipped citations that were not the law on the question's
            day, or, where it names none, on the day that the answer says it is for.
        anachronisms_drafted: share of drafted citations that were not, or are not on record.
        valid_citations: share of drafted citations that passed every check of the verifier.
        by_family: share right per family, with Wilson intervals; pairs count as in
            ``paired_dates``.
    """

    paired_dates: Score | None
    paired_versions: Score | None
    right: Score | None
    controls: Score | None
    right_version: Score | None
    temporal: Score | None
    anachronisms_shipped: Score | None
    anachronisms_drafted: Score | None
    valid_citations: Score | None
    by_family: dict[str, Score]


def temporal_scores(answered: Sequence[ScoredAnswer]) -> TemporalScores:
    """Score answered questions."""
    controls = [one for one in answered if one.question.family == Family.UNAMENDED_CONTROL]
    pairs = list(_pairs(answered))
    return TemporalScores(
        paired_dates=_both(pairs, _right),
        paired_versions=_both(pairs, _right_version),
        right=share_by_work(answered, _right),
        controls=share_by_work(controls, _right),
        right_version=share_by_work(answered, _right_version),
        temporal=mean_by_work(answered, _temporal),
        anachronisms_shipped=share_by_work(answered, _shipped_out_of_force),
        anachronisms_drafted=share_by_work(answered, _drafted_out_of_force),
        valid_citations=share_by_work(answered, _stood),
        by_family=_by_family(answered, pairs),
    )


def _right(one: ScoredAnswer) -> Iterator[float]:
    yield right(one.trace, one.question)


def _right_version(one: ScoredAnswer) -> Iterator[float]:
    if one.question.gold_version is not None:
        shipped = one.trace.answer.citations if one.trace.answer else ()
        yield one.question.gold_version in {citation.version_id for citation in shipped}


def _temporal(one: ScoredAnswer) -> Iterator[float]:
    value = REWARDS["temporal"].function(one.trace, one.question)
    if value is not None:
        yield value


def _shipped_out_of_force(one: ScoredAnswer) -> Iterator[float]:
    day = one.question.as_at or _governing_day(one)
    for citation in one.trace.answer.citations if one.trace.answer else ():
        yield day is None or day not in citation.valid


def _drafted_out_of_force(one: ScoredAnswer) -> Iterator[float]:
    same_day = one.question.as_at in {None, _governing_day(one)}
    for claim in claims(one.trace):
        yield not (same_day and claim.in_force)


def _governing_day(one: ScoredAnswer) -> date | None:
    """Return the day that the answer is for; it says so, where the question named none."""
    return one.trace.governing.as_at if one.trace.governing else None


def _stood(one: ScoredAnswer) -> Iterator[float]:
    for claim in claims(one.trace):
        yield claim.stood


def _pairs(answered: Iterable[ScoredAnswer]) -> Iterator[tuple[ScoredAnswer, ScoredAnswer]]:
    """Yield each complete pair."""
    waiting: dict[str, ScoredAnswer] = {}
    for one in answered:
        if one.question.pair is None:
            continue
        other = waiting.pop(one.question.pair, None)
        if other is None:
            waiting[one.question.pair] = one
        else:
            yield other, one


def _both(pairs: Iterable[tuple[ScoredAnswer, ScoredAnswer]], value: Values) -> Score | None:
    """Return the share of pairs whose halves both score, with works resampled."""
    works: dict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        works[pair[0].question.work_id].append(float(all(all(value(half)) for half in pair)))
    return share(list(works.values()))


def _by_family(
    answered: Iterable[ScoredAnswer], pairs: Iterable[tuple[ScoredAnswer, ScoredAnswer]]
) -> dict[str, Score]:
    rights: dict[str, list[bool]] = defaultdict(list)
    for one in answered:
        if one.question.pair is None:
            rights[one.question.family].append(right(one.trace, one.question))
    for pair in pairs:
        rights[pair[0].question.family].append(all(all(_right(half)) for half in pair))
    return {name: wilson(sum(own), len(own)) for name, own in sorted(rights.items())}
