"""The reward of a controller, computed from a trace without its gold answer.

Paper: arXiv 2605.25984 (SafeCtrl-RL). With criticals ``c``, quality ``q`` and style ``s``, all from
0 to 1::

    r = 1[min c >= threshold] q^(alpha beta) s^((1 - alpha) beta)

The criticals are the verifier's checks of the last draft, ``q`` is the calibrated probability that
the quotation answers, ``s`` falls with unreadable turns, calls and returned drafts. For an
abstention ``q`` is the probability that nothing which was found answers.

Limitations: a quotation may answer beside the law; nothing here knows the gold answer, so results
are judged by it (:mod:`eval.control`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import exp, log

from agent.answering.reading import read_question
from agent.answering.score import answer_score, weigh
from agent.tool_results import Passage, ProvisionReading, SearchResult
from agent.trace import Draft, StopReason, Trace
from corpus.errors import InForceError
from corpus.model import Frozen
from retrieval.vectors.encoder import Encoder
from rl.rewards.claims import declared, drafted, readable

CRITICAL = ("resolves", "seen", "in_force", "verbatim")
"""Checks of the verifier that every citation must pass."""
COSTLY = 16
"""Number of tool calls and returned drafts at which the style is 0."""
_BROKEN = frozenset({StopReason.TOOL_ERROR, StopReason.POLICY_ERROR})


class RewardShape(Frozen):
    """Exponents and threshold of the reward.

    Attributes:
        alpha: weight of the quality against the style.
        beta: sharpness.
        threshold: least value of every critical.
    """

    alpha: float = 0.6
    beta: float = 10.0
    threshold: float = 0.8


class Evaluated(Frozen):
    """What the evaluator found of one run.

    Attributes:
        criticals: share of the draft's citations that passed, by check; empty for an abstention.
        quality: probability that the quotation answers, or that nothing found does.
        style: 1 for a readable run without calls, down to 0.
    """

    criticals: dict[str, float]
    quality: float
    style: float


def reward(criticals: Iterable[float], q: float, s: float, shape: RewardShape) -> float:
    """Return the reward, computed from logarithms; 0 if a critical is below the threshold."""
    if any(one < shape.threshold for one in criticals) or q <= 0.0 or s <= 0.0:
        return 0.0
    return exp(shape.beta * (shape.alpha * log(q) + (1.0 - shape.alpha) * log(s)))


def reward_of(trace: Trace, encoder: Encoder | None, shape: RewardShape) -> float | None:
    """Return the reward of a run; ``None`` if the evaluator or a server failed.

    Args:
        trace: the run.
        encoder: scores the quotation; ``None``: words alone count.
        shape: exponents and threshold.
    """
    if trace.stop in _BROKEN or trace.governing is None or not trace.turns:
        return None
    try:
        found = evaluated(trace, encoder)
    except InForceError:
        return None
    if found is None:
        return 0.0
    return reward(found.criticals.values(), found.quality, found.style, shape)


def evaluated(trace: Trace, encoder: Encoder | None) -> Evaluated | None:
    """Return what the evaluator finds; ``None`` for a run without a draft or an abstention.

    Raises:
        InForceError: the encoder failed.
    """
    if trace.governing is None or not readable(trace):
        return None
    passages = list({one.version_id: one for one in _passages(trace)}.values())
    draft, style = drafted(trace), _style(trace)
    if draft is None or declared(trace) is not None:
        return Evaluated(criticals={}, quality=_silence(trace, passages, encoder), style=style)
    quality = _quality(trace, draft, passages, encoder)
    return Evaluated(criticals=criticals_of(draft), quality=quality, style=style)


def criticals_of(draft: Draft) -> dict[str, float]:
    """Return the share of a draft's citations that passed each critical check; 0 without any."""
    citations = [citation for sentence in draft.sentences for citation in sentence.citations]
    passed = {
        check: [
            all(one.passed for one in citation.findings if one.check == check)
            and any(one.check == check for one in citation.findings)
            for citation in citations
        ]
        for check in CRITICAL
    }
    return {check: sum(held) / max(len(held), 1) for check, held in passed.items()}


def _quality(
    trace: Trace, draft: Draft, passages: Sequence[Passage], encoder: Encoder | None
) -> float:
    """Return the greatest probability among the draft's quotations of passages that were shown."""
    assert trace.governing is not None
    known = {one.version_id: one for one in passages}
    quoted = [
        (citation.quote, known[citation.version_id])
        for sentence in draft.sentences
        for citation in sentence.citations
        if citation.quote and citation.version_id in known
    ]
    found = [
        answer_score(
            trace.question, quote, passage, trace.governing.as_at, passages, encoder=encoder
        ).probability
        for quote, passage in quoted
    ]
    return max(found, default=0.0)


def _silence(trace: Trace, passages: Sequence[Passage], encoder: Encoder | None) -> float:
    """Return the probability that nothing found answers; 1 if a tool gave the declared reason."""
    assert trace.governing is not None
    reason = declared(trace)
    if reason is not None and reason.value in _statuses(trace):
        return 1.0
    if not passages:
        return 0.5
    asked = read_question(trace.question, trace.governing.as_at)
    best = weigh(asked, passages, encoder)
    return 1.0 - best[0].score.probability if best else 0.5


def _statuses(trace: Trace) -> set[str]:
    """Return the statuses that readings on the governing date gave."""
    assert trace.governing is not None
    results = (call.result for turn in trace.turns for call in turn.calls)
    return {
        one.status
        for one in results
        if isinstance(one, ProvisionReading) and one.as_at == trace.governing.as_at
    }


def _style(trace: Trace) -> float:
    calls = sum(len(turn.calls) for turn in trace.turns)
    sent_back = sum(turn.sent_back for turn in trace.turns)
    return max(0.0, 1.0 - (calls + sent_back) / COSTLY)


def _passages(trace: Trace) -> Iterator[Passage]:
    assert trace.governing is not None
    for call in (call for turn in trace.turns for call in turn.calls):
        match call.result:
            case SearchResult(hits=hits, as_at=day) if day == trace.governing.as_at:
                yield from hits
            case ProvisionReading(passage=Passage() as one, as_at=day) if (
                day == trace.governing.as_at
            ):
                yield one
            case _:
                continue
