"""Fit the score of answers (``agent/answering/coefficients.json``) and measure its calibration.

Weights are fitted to the training questions alone, each with and without its jurisdiction and with
and without words of law for its everyday words, so that no weight relies on the table that was
written beside them. The threshold is chosen on the development half of ``eval/questions``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.answering.evidence import Evidence, Quotation
from agent.answering.score import (
    Calibration,
    Coefficients,
    LinearModel,
    Weighed,
    confidence_numbers,
    ranked,
)
from corpus.languages.tables import language_table, languages
from eval.answering.training import (
    Labelled,
    candidates,
    development_questions,
    training_questions,
    training_text,
)
from retrieval.vectors.encoder import Encoder

Table = list[tuple[Labelled, list[Quotation]]]
Numbers = NDArray[np.float64]

RELEVANCE = tuple(Evidence.model_fields)
CONFIDENCE = ("provision", "sentence", "lead")
COSINES = frozenset({"provision", "sentence"})
BESIDE = 0.04
"""The share of answers beside the point at which the threshold is set."""

LOST = 0.02
"""The share of answerable questions that may be denied their closest provisions."""

_RIDGE = 1.0
_FAR = -100.0  # no rival is worse
_ROUNDS = 100


class Judged(NamedTuple):
    """The best quotation of one question: its probability, and whether it answers."""

    probability: float
    right: bool


def fit(encoder: Encoder, progress: Callable[[str], None]) -> Coefficients:
    """Return coefficients fitted anew. Takes minutes: every text is encoded."""
    progress("training questions")
    table = training_table(encoder)
    progress("development questions")
    held = [(one, candidates(one, encoder)) for one in development_questions()]
    return Coefficients(
        vectors=_calibration(table, held, frozenset()),
        words=_calibration(table, held, COSINES),
        inputs=inputs_digest(),
    )


def training_table(encoder: Encoder) -> Table:
    """Return the quotations held against each training question, in all its variants."""
    asked = training_questions()
    anywhere = [one.model_copy(update={"jurisdictions": ()}) for one in asked]
    return [
        (one, candidates(one, encoder, law_words=law_words))
        for law_words in (True, False)
        for one in (*asked, *anywhere)
    ]


def judged(table: Table, calibration: Calibration) -> list[Judged]:
    """Return what a calibration makes of each question that has any quotation."""
    return [
        Judged(best.score.probability, _right(one, best))
        for one, found in table
        if found
        for best in ranked(found, calibration)[:1]
    ]


def report(encoder: Encoder, fitted: Coefficients) -> Iterator[str]:
    """Yield the risk against the coverage on the development questions, a line per threshold."""
    held = [(one, candidates(one, encoder)) for one in development_questions()]
    answerable = sum(bool(one.provisions) for one, _ in held)
    for name, calibration in (("vectors", fitted.vectors), ("words", fitted.words)):
        found = judged(held, calibration)
        yield f"{name}: {len(held)} questions, {answerable} answerable"
        for threshold in (*(n / 10 for n in range(3, 10)), calibration.threshold):
            given = [one for one in found if one.probability >= threshold]
            right = sum(one.right for one in given)
            beside = 1 - right / len(given) if given else 0.0
            mean = sum(one.probability for one in given) / len(given) if given else 0.0
            yield (
                f"  from {threshold:.2f} on: {len(given)} answers, right "
                f"{right / answerable:.3f} of the answerable, beside the point {beside:.3f}, "
                f"mean probability {mean:.3f}"
            )


def inputs_digest() -> str:
    """Return the digest of what the coefficients are fitted to, but for the corpus' texts."""
    tables = [
        str(dict(language_table(name, subject)))
        for subject in ("asking", "everyday")
        for name in languages(subject)
    ]
    said = "\n".join([training_text(), *tables, *RELEVANCE, *CONFIDENCE])
    return hashlib.sha256(said.encode()).hexdigest()


def _calibration(table: Table, held: Table, without: frozenset[str]) -> Calibration:
    """Fit both models without some of the numbers, then choose the threshold on ``held``."""
    names = tuple(name for name in RELEVANCE if name not in without)
    rows = [(one, quotation) for one, found in table for quotation in found]
    relevance = _logistic(
        names,
        [quotation.evidence.model_dump() for _, quotation in rows],
        [one.stated_by(quotation) for one, quotation in rows],
    )
    none = LinearModel(intercept=0.0, weights={})
    first = Calibration(relevance=relevance, confidence=none, threshold=1.0, rival=_FAR)
    first = first.model_copy(update={"rival": _typical_rival(table, first)})
    best = [(one, ranked(found, first)[0]) for one, found in table if found]
    confidence = _logistic(
        tuple(name for name in CONFIDENCE if name not in without),
        [confidence_numbers(top.score.evidence, top.score.lead) for _, top in best],
        [_right(one, top) for one, top in best],
    )
    fitted = first.model_copy(update={"confidence": confidence})
    return fitted.model_copy(
        update={
            "threshold": _threshold(judged(held, fitted)),
            "closest": _least(judged(held, fitted)),
        }
    )


def _typical_rival(table: Table, calibration: Calibration) -> float:
    """Return the median relevance of the second best provision."""
    second = []
    for _, found in table:
        order = ranked(found, calibration)
        if len(order) > 1:
            second.append(calibration.relevance.of(order[1].score.evidence.model_dump()))
    return round(float(np.median(second)), 4)


def _right(one: Labelled, best: Weighed) -> bool:
    return one.answered_by(best.passage, (best.start, best.end))


def _threshold(found: Sequence[Judged]) -> float:
    """Return the lowest probability from which on few enough answers are beside the point."""
    order = sorted(found, reverse=True)
    wrong, chosen = 0, 1.0
    for number, one in enumerate(order, start=1):
        wrong += not one.right
        if wrong <= BESIDE * number:
            chosen = one.probability
    return round(chosen, 4)


def _least(found: Sequence[Judged]) -> float:
    """Return the probability below which few of the right quotations lie."""
    right = sorted(one.probability for one in found if one.right)
    return round(right[int(LOST * len(right))], 4) if right else 0.0


def _logistic(
    names: Sequence[str], numbers: Sequence[dict[str, float]], right: Iterable[bool]
) -> LinearModel:
    """Fit a logistic regression with a ridge on the weights, by Newton's method."""
    x_N_K = np.array([[1.0, *(row[name] for name in names)] for row in numbers])
    y_N = np.array([float(one) for one in right])
    ridge_K_K = np.diag([1e-6, *([_RIDGE] * len(names))])
    b_K = np.zeros(len(names) + 1)
    for _ in range(_ROUNDS):
        p_N = 1 / (1 + np.exp(-x_N_K @ b_K))
        slope_K = x_N_K.T @ (y_N - p_N) - ridge_K_K @ b_K
        curve_K_K = (x_N_K.T * (p_N * (1 - p_N))) @ x_N_K + ridge_K_K
        step_K: Numbers = np.linalg.solve(curve_K_K, slope_K)
        b_K = b_K + step_K
        if np.abs(step_K).max() < 1e-10:
            break
    rounded = [round(float(weight), 4) for weight in b_K]
    return LinearModel(intercept=rounded[0], weights=dict(zip(names, rounded[1:], strict=True)))
