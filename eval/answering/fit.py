"""Fit the score of answers (``agent/answering/coefficients.json``) and measure its calibration.

Weights are fitted to the training questions alone, each with and without words of law for its
everyday words, so that no weight relies on the table that was written beside them, and every third
without its jurisdiction too. The threshold is chosen on questions to which the weights that score
them were not fitted: those of ``eval/questions`` that may be looked at, and the training questions,
work by work in five folds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.answering.evidence import Evidence, Quotation
from agent.answering.score import Calibration, Coefficients, LinearModel, Weighed, ranked
from agent.library import Library
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
COSINES = frozenset({"provision", "sentence"})
BESIDE = 0.035
"""The share of answers beside the point at which the threshold is set."""

UNANSWERABLE = 0.12
"""The share of questions without an answer for which the threshold is set; in the training set it
is larger, and most are close to something that the corpus holds."""

LOST = 0.02
"""The share of answerable questions that may be denied their closest provisions."""

FOLDS = 5

_RIDGE = 1.0
_ROUNDS = 100


class Judged(NamedTuple):
    """The best quotation of one question: its probability, and whether it answers.

    ``answerable`` tells whether the question has an answer at all.
    """

    probability: float
    right: bool
    answerable: bool = True


class Tables(NamedTuple):
    """The quotations held against the training and the development questions."""

    training: Table
    variants: Table
    development: Table


def tables(library: Library, encoder: Encoder, progress: Callable[[str], None]) -> Tables:
    """Search for every question and read the evidence. Takes minutes: every text is encoded."""
    progress("training questions")
    asked = training_questions()
    anywhere = [one.model_copy(update={"jurisdictions": ()}) for one in asked[::3]]
    bare = [(one, candidates(library, one, encoder, law_words=False)) for one in asked]
    training = [(one, candidates(library, one, encoder)) for one in asked]
    variants = [*bare, *((one, candidates(library, one, encoder)) for one in anywhere)]
    progress("development questions")
    held = development_questions(library)
    development = [(one, candidates(library, one, encoder)) for one in held]
    return Tables(training, variants, development)


def fit(found: Tables) -> Coefficients:
    """Return coefficients fitted anew."""
    return Coefficients(
        vectors=_calibration(found, frozenset()),
        words=_calibration(found, COSINES),
        inputs=inputs_digest(),
    )


def judged(table: Table, calibration: Calibration) -> list[Judged]:
    """Return what a calibration makes of each question that has any quotation."""
    return [
        Judged(best.score.probability, _right(one, best), bool(one.provisions))
        for one, found in table
        if found
        for best in ranked(found, calibration)[:1]
    ]


def report(found: Tables, fitted: Coefficients) -> Iterator[str]:
    """Yield the risk against the coverage, a line per threshold: development, then training."""
    for name, calibration, left_out in (
        ("vectors", fitted.vectors, frozenset[str]()),
        ("words", fitted.words, COSINES),
    ):
        yield from _lines(
            f"{name}, development", judged(found.development, calibration), calibration.threshold
        )
        yield from _lines(
            f"{name}, training by folds", _out_of_fold(found, left_out), calibration.threshold
        )


def _lines(name: str, found: Sequence[Judged], chosen: float) -> Iterator[str]:
    answerable = sum(one.answerable for one in found)
    yield f"{name}: {len(found)} questions, {answerable} answerable"
    for threshold in (*(n / 20 for n in range(6, 19)), chosen):
        given = [one for one in found if one.probability >= threshold]
        right = sum(one.right for one in given)
        beside = 1 - right / len(given) if given else 0.0
        mean = sum(one.probability for one in given) / len(given) if given else 0.0
        yield (
            f"  from {threshold:.4f} on: {len(given)} answers, right "
            f"{right / answerable:.3f} of the answerable, beside the point {beside:.3f}, "
            f"mean probability {mean:.3f}"
        )


def inputs_digest() -> str:
    """Return the digest of what the coefficients are fitted to, but for the corpus' texts."""
    words = [
        str(dict(language_table(name, subject)))
        for subject in ("asking", "everyday")
        for name in languages(subject)
    ]
    said = "\n".join([training_text(), *words, *RELEVANCE])
    return hashlib.sha256(said.encode()).hexdigest()


def _calibration(found: Tables, without: frozenset[str]) -> Calibration:
    """Fit the model without some of the numbers, then choose the threshold."""
    relevance = choice_model([*found.training, *found.variants], _names(without))
    fitted = Calibration(relevance=relevance, threshold=1.0)
    development = judged(found.development, fitted)
    held = [*development, *_out_of_fold(found, without)]
    return fitted.model_copy(update={"threshold": _threshold(held), "closest": _least(development)})


def _names(without: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in RELEVANCE if name not in without)


def _out_of_fold(found: Tables, without: frozenset[str]) -> list[Judged]:
    """Judge the training questions by weights fitted without those about the same work."""
    judgements = []
    for fold in range(FOLDS):
        rest = [
            (one, quotations)
            for one, quotations in [*found.training, *found.variants]
            if _fold(one) != fold
        ]
        model = choice_model(rest, _names(without))
        own = [(one, quotations) for one, quotations in found.training if _fold(one) == fold]
        judgements += judged(own, Calibration(relevance=model, threshold=1.0))
    return judgements


def _fold(one: Labelled) -> int:
    """Return the fold of a question: that of the work that answers, or its own."""
    name = one.provisions[0].partition("#")[0] if one.provisions else one.question
    return hashlib.sha256(name.encode()).digest()[0] % FOLDS


def _right(one: Labelled, best: Weighed) -> bool:
    return one.answered_by(best.passage, (best.start, best.end))


def _threshold(found: Sequence[Judged]) -> float:
    """Return the lowest probability from which on few enough answers are beside the point.

    Questions without an answer weigh so much that they are :data:`UNANSWERABLE` of all.
    """
    answerable = sum(one.answerable for one in found)
    others = len(found) - answerable
    share = UNANSWERABLE / (1 - UNANSWERABLE)
    weight = min(1.0, share * answerable / others) if others else 1.0
    answers, wrong, chosen = 0.0, 0.0, 1.0
    for one in sorted(found, reverse=True):
        counts = 1.0 if one.answerable else weight
        answers += counts
        wrong += 0.0 if one.right else counts
        if wrong <= BESIDE * answers:
            chosen = one.probability
    return round(chosen, 4)


def _least(found: Sequence[Judged]) -> float:
    """Return the probability below which few of the right quotations lie."""
    right = sorted(one.probability for one in found if one.right)
    return round(right[int(LOST * len(right))], 4) if right else 0.0


def choice_model(table: Table, names: Sequence[str]) -> LinearModel:
    """Fit a conditional logit with a ridge on the weights, by Newton's method.

    Each question chooses among its quotations and "none of them", whose weight is 1; what it should
    choose are the quotations that state its answer, or none where there is none.
    """
    asked = [(one, quotations) for one, quotations in table if quotations]
    rows = [_options(one, quotations, names) for one, quotations in asked]
    x_N_K = np.vstack([options for options, _ in rows])
    right_N = np.concatenate([right for _, right in rows])
    starts_Q = np.cumsum([0, *(len(options) for options, _ in rows[:-1])])
    sizes_Q = [len(options) for options, _ in rows]
    ridge_K = np.array([1e-3, *([_RIDGE] * len(names))])
    b_K = np.zeros(len(names) + 1)
    for _ in range(_ROUNDS):
        chosen_N, wanted_N = _shares(x_N_K @ b_K, right_N, starts_Q, sizes_Q)
        slope_K = x_N_K.T @ (wanted_N - chosen_N) - ridge_K * b_K
        means_Q_K = np.add.reduceat(x_N_K * chosen_N[:, None], starts_Q)
        curve_K_K = (x_N_K.T * chosen_N) @ x_N_K - means_Q_K.T @ means_Q_K + np.diag(ridge_K)
        step_K: Numbers = np.linalg.solve(curve_K_K, slope_K)
        b_K = b_K + step_K
        if np.abs(step_K).max() < 1e-8:
            break
    rounded = [round(float(weight), 4) for weight in b_K]
    return LinearModel(intercept=rounded[0], weights=dict(zip(names, rounded[1:], strict=True)))


def _options(
    one: Labelled, quotations: Sequence[Quotation], names: Sequence[str]
) -> tuple[Numbers, Numbers]:
    """Return the numbers of each option ``(N, K)``, "none" last, and which are right ``(N,)``."""
    numbers = [quotation.evidence.model_dump() for quotation in quotations]
    x_N_K = np.array(
        [[1.0, *(row[name] for name in names)] for row in numbers] + [[0.0] * (len(names) + 1)]
    )
    right = [float(one.stated_by(quotation)) for quotation in quotations]
    return x_N_K, np.array([*right, float(not any(right))])


def _shares(
    odds_N: Numbers, right_N: Numbers, starts_Q: NDArray[np.int64], sizes_Q: Sequence[int]
) -> tuple[Numbers, Numbers]:
    """Return the share of each option among those of its question, and among the right ones."""
    largest_N = np.repeat(np.maximum.reduceat(odds_N, starts_Q), sizes_Q)
    weights_N = np.exp(odds_N - largest_N)
    wanted_N = weights_N * right_N
    totals_N, rights_N = (
        np.repeat(np.add.reduceat(one, starts_Q), sizes_Q) for one in (weights_N, wanted_N)
    )
    return weights_N / totals_N, wanted_N / np.maximum(rights_N, 1e-300)
