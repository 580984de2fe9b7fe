"""Temporal scores: paired dates, anachronisms, controls.

Scores of *shipped* answers describe what a user gets; their anachronism rate is computed here from
each citation's interval and the governing date, without relying on the verifier. Scores of *drafts*
describe the policy without the verifier.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import partial

from agent.trace import Trace
from corpus.model import Citation, Frozen
from corpus.questions import Family, Question
from corpus.store import Store
from eval.metrics import Score, wilson
from eval.suites.means import Values, by_work, scorer_means, share, share_by_work, values_of
from rl.rewards import Claim, claims, right
from rl.rewards.claims import first_draft, statements_of
from rl.rewards.scored_trace import ScoredTrace


class TemporalScores(Frozen):
    """Temporal scores of answered questions; ``None`` where there was nothing to score.

    Attributes:
        paired_dates: share of pairs (one question, two dates around an amendment) both answered
            right; a pair with a missing half is left out.
        paired_versions: share of pairs for which the gold version shipped on both dates, whatever
            was quoted of it.
        right: share of questions answered right, or declined for the right reason.
        controls: the same for provisions that never changed; it should not fall in training.
        right_version: share of questions with an answer that shipped citing the gold version.
        temporal: mean temporal consistency of the drafts (:func:`rl.rewards.channels.temporal`),
            from the journal; ``None`` if it was not among the scorers.
        anachronisms_shipped: share of shipped citations that were not in force on the question's
            date (or, if it names none, on the date that the answer states), or on the date that the
            citation itself names.
        anachronisms_drafted: share of drafted citations that name a stored version that was not in
            force on the question's date.
        unresolved_drafted: share of drafted citations that name no stored version.
        unread_drafted: share of drafted citations in force that no tool had returned.
        anachronisms_raw: share of the citations of first drafts to answerable questions, as written
            before the verifier objected, that name a stored version that was not in force on the
            question's date.
        unresolved_raw: the same, of those that name no stored version.
        misled_raw: share of answerable questions whose first draft has a citation of either kind.
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
    unresolved_drafted: Score | None
    unread_drafted: Score | None
    anachronisms_raw: Score | None
    unresolved_raw: Score | None
    misled_raw: Score | None
    valid_citations: Score | None
    by_family: dict[str, Score]


def temporal_scores(scored: Sequence[ScoredTrace], store: Store | None = None) -> TemporalScores:
    """Return the temporal scores of traces; void ones are left out.

    Args:
        scored: the traces.
        store: where the interval of a shipped citation is looked up; ``None``: the interval in the
            trace is used.
    """
    kept = [one for one in scored if one.trace is not None and one.void is None]
    controls = [one for one in kept if one.question.family == Family.UNAMENDED_CONTROL]
    pairs = list(_pairs(kept))
    consistency = scorer_means(kept).get("temporal")
    return TemporalScores(
        paired_dates=_both(pairs, _right),
        paired_versions=_both(pairs, _right_version),
        right=share_by_work(kept, _right),
        controls=share_by_work(controls, _right),
        right_version=share_by_work(kept, _right_version),
        temporal=consistency.mean if consistency else None,
        anachronisms_shipped=share_by_work(kept, partial(_shipped_out_of_force, store)),
        anachronisms_drafted=share_by_work(kept, _drafted_out_of_force),
        unresolved_drafted=share_by_work(kept, _drafted_unresolved),
        unread_drafted=share_by_work(kept, _drafted_unread),
        anachronisms_raw=share_by_work(kept, _raw_out_of_force),
        unresolved_raw=share_by_work(kept, _raw_unresolved),
        misled_raw=share_by_work(kept, _misled),
        valid_citations=share_by_work(kept, _stood),
        by_family=_by_family(kept, pairs),
    )


def is_in_force(citation: Citation, on: date, store: Store | None = None) -> bool:
    """Return whether a citation was in force on a date, by the store or its own interval."""
    if store is None:
        return on in citation.valid
    version = store.version(citation.version_id, citation.known_at)
    return version is not None and version.valid_from is not None and on in version.valid


def _right(trace: Trace, question: Question) -> Iterator[float]:
    yield right(trace, question)


def _right_version(trace: Trace, question: Question) -> Iterator[float]:
    if question.gold_version is not None:
        shipped = trace.answer.citations if trace.answer else ()
        yield question.gold_version in {citation.version_id for citation in shipped}


def _shipped_out_of_force(store: Store | None, trace: Trace, question: Question) -> Iterator[float]:
    day = question.as_at or _governing_day(trace)
    for citation in trace.answer.citations if trace.answer else ():
        days = (day, citation.as_at)
        yield not all(on is not None and is_in_force(citation, on, store) for on in days)


def _drafted_out_of_force(trace: Trace, question: Question) -> Iterator[float]:
    return _out_of_force(claims(trace), trace, question)


def _out_of_force(made: Iterable[Claim], trace: Trace, question: Question) -> Iterator[float]:
    same_day = question.as_at in {None, _governing_day(trace)}
    for claim in made:
        yield claim.stored and not (same_day and claim.in_force)


def _raw(trace: Trace, question: Question) -> tuple[Claim, ...]:
    """Return the citations of the first draft to an answerable question."""
    draft = first_draft(trace)
    if draft is None or question.gold_version is None:
        return ()
    return tuple(claim for made in statements_of(draft, trace) for claim in made.claims)


def _raw_out_of_force(trace: Trace, question: Question) -> Iterator[float]:
    return _out_of_force(_raw(trace, question), trace, question)


def _raw_unresolved(trace: Trace, question: Question) -> Iterator[float]:
    for claim in _raw(trace, question):
        yield not claim.stored


def _misled(trace: Trace, question: Question) -> Iterator[float]:
    if question.gold_version is not None:
        wrong = (*_raw_out_of_force(trace, question), *_raw_unresolved(trace, question))
        yield any(wrong)


def _drafted_unresolved(trace: Trace, _: Question) -> Iterator[float]:
    for claim in claims(trace):
        yield not claim.stored


def _drafted_unread(trace: Trace, _: Question) -> Iterator[float]:
    for claim in claims(trace):
        yield claim.in_force and not claim.read


def _governing_day(trace: Trace) -> date | None:
    """Return the governing date, or the one that the answer states if the question has none."""
    return trace.governing.as_at if trace.governing else None


def _stood(trace: Trace, _: Question) -> Iterator[float]:
    for claim in claims(trace):
        yield claim.stood


def _pairs(scored: Iterable[ScoredTrace]) -> Iterator[tuple[ScoredTrace, ScoredTrace]]:
    """Yield each complete pair."""
    waiting: dict[str, ScoredTrace] = {}
    for one in scored:
        if one.question.pair is None:
            continue
        other = waiting.pop(one.question.pair, None)
        if other is None:
            waiting[one.question.pair] = one
        else:
            yield other, one


def _both(pairs: Iterable[tuple[ScoredTrace, ScoredTrace]], value: Values) -> Score | None:
    """Return the share of pairs whose halves both score, with works resampled."""
    return share(by_work((pair[0].question, [_both_score(pair, value)]) for pair in pairs))


def _both_score(pair: tuple[ScoredTrace, ScoredTrace], value: Values) -> float:
    return float(all(all(values_of(half, value)) for half in pair))


def _by_family(
    scored: Iterable[ScoredTrace], pairs: Iterable[tuple[ScoredTrace, ScoredTrace]]
) -> dict[str, Score]:
    rights: dict[str, list[float]] = defaultdict(list)
    for one in scored:
        if one.question.pair is None:
            rights[one.question.family] += values_of(one, _right)
    for pair in pairs:
        rights[pair[0].question.family].append(_both_score(pair, _right))
    return {name: wilson(int(sum(own)), len(own)) for name, own in sorted(rights.items())}
