"""Fit the score of answers (``agent/answering/coefficients.json``) and measure its calibration.

Weights are fitted to the training questions and to the spent ones of ``eval/questions``, over the
demonstration corpus and over real legislation. Each is asked with and without words of law for its
everyday words, so that no weight relies on the table, and every third training question without its
jurisdiction too. The threshold is chosen on the spent questions, each scored by weights that were
fitted without any question about the same work, in five folds.
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
    SPENT,
    Labelled,
    candidates,
    spent_questions,
    training_questions,
    training_text,
)
from eval.questions.asked import read_asked
from retrieval.vectors.encoder import Encoder

Table = list[tuple[Labelled, list[Quotation]]]
Numbers = NDArray[np.float64]

RELEVANCE = tuple(Evidence.model_fields)
COSINES = frozenset({"provision", "sentence", "subject", "usual"})
BESIDE = 0.04
"""The share of answers beside the point at which the threshold is set. The goal is 0.05, and a
share that was chosen on the questions it is counted on flatters."""

LOST = 0.02
"""The share of answerable questions that may be denied their closest provisions."""

FOLDS = 5

_RIDGE = 1.0
_ROUNDS = 100
_SMALLEST = 1e-8  # step


class Judged(NamedTuple):
    """The best quotation of one question: its probability, and whether it answers.

    ``answerable`` tells whether the question has an answer at all.
    """

    probability: float
    right: bool
    answerable: bool = True


class Tables(NamedTuple):
    """The quotations held against questions: of training, and spent ones by their corpus."""

    training: Table
    spent: dict[str, Table]


def tables(
    library: Library,
    real: Library | None,
    encoder: Encoder,
    progress: Callable[[str], None],
) -> Tables:
    """Search for every question and read the evidence. Takes minutes: every text is encoded.

    ``real`` is a library of the real corpora; ``None``: they have no part in it.
    """
    progress("training questions")
    asked = training_questions()
    spent = spent_questions(library, "demo")
    anywhere = [one.model_copy(update={"jurisdictions": ()}) for one in asked[::3]]
    bare = [(one, candidates(library, one, encoder, law_words=False)) for one in (*asked, *spent)]
    training = [*bare, *((one, candidates(library, one, encoder)) for one in (*asked, *anywhere))]
    progress("questions over the demonstration corpus")
    held = {"demo": [(one, candidates(library, one, encoder)) for one in spent]}
    if real is not None:
        progress("questions over real legislation")
        over = spent_questions(real, "real")
        held["real"] = [(one, candidates(real, one, encoder)) for one in over]
    return Tables(training, held)


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
    """Yield the risk against the coverage of the spent questions, a line per threshold."""
    for name, calibration, left_out in (
        ("vectors", fitted.vectors, frozenset[str]()),
        ("words", fitted.words, COSINES),
    ):
        for corpus, held in _out_of_fold(found, left_out).items():
            yield from _lines(f"{name}, {corpus}, by folds", held, calibration.threshold)


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
    spent = [
        one.model_dump_json()
        for corpus, halves in SPENT.items()
        for half in halves
        for one in read_asked(corpus, half)
    ]
    said = "\n".join([training_text(), *spent, *words, *RELEVANCE])
    return hashlib.sha256(said.encode()).hexdigest()


def _calibration(found: Tables, without: frozenset[str]) -> Calibration:
    """Fit the model without some of the numbers, then choose the threshold."""
    every = [*found.training, *(row for held in found.spent.values() for row in held)]
    held = [one for part in _out_of_fold(found, without).values() for one in part]
    return Calibration(
        relevance=choice_model(every, _names(without)),
        threshold=_threshold(held),
        closest=_least(held),
    )


def _names(without: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in RELEVANCE if name not in without)


def _out_of_fold(found: Tables, without: frozenset[str]) -> dict[str, list[Judged]]:
    """Judge the spent questions by weights fitted without any question about the same work."""
    every = [*found.training, *(row for held in found.spent.values() for row in held)]
    judgements: dict[str, list[Judged]] = {corpus: [] for corpus in found.spent}
    for fold in range(FOLDS):
        model = choice_model([row for row in every if _fold(row[0]) != fold], _names(without))
        calibration = Calibration(relevance=model, threshold=1.0)
        for corpus, held in found.spent.items():
            own = [row for row in held if _fold(row[0]) == fold]
            judgements[corpus] += judged(own, calibration)
    return judgements


def _fold(one: Labelled) -> int:
    """Return the fold of a question: that of the work that answers, or its own."""
    name = one.provisions[0].partition("#")[0] if one.provisions else one.question
    return hashlib.sha256(name.encode()).digest()[0] % FOLDS


def _right(one: Labelled, best: Weighed) -> bool:
    return one.answered_by(best.passage, (best.start, best.end))


def _threshold(found: Sequence[Judged]) -> float:
    """Return the lowest probability from which on few enough answers are beside the point."""
    wrong, chosen = 0, 1.0
    for number, one in enumerate(sorted(found, reverse=True), start=1):
        wrong += not one.right
        if wrong <= BESIDE * number:
            chosen = one.probability
    return round(chosen, 4)


def _least(found: Sequence[Judged]) -> float:
    """Return the probability below which few of the right quotations lie."""
    right = sorted(one.probability for one in found if one.right)
    return round(right[int(LOST * len(right))], 4) if right else 0.0


def choice_model(table: Table, names: Sequence[str]) -> LinearModel:
    """Fit a conditional logit with a ridge on the weights, by Newton's method with shorter steps
    where it would overshoot.

    Each question chooses among its quotations and "none of them", whose weight is 1; what it should
    choose are the quotations that state its answer; where there is none, "none of them" or what is
    law on other days alone.
    """
    asked = [(one, quotations) for one, quotations in table if quotations]
    rows = [_options(one, quotations, names) for one, quotations in asked]
    x_N_K = np.vstack([options for options, _ in rows])
    right_N = np.concatenate([right for _, right in rows])
    starts_Q = np.cumsum([0, *(len(options) for options, _ in rows[:-1])])
    sizes_Q = [len(options) for options, _ in rows]
    ridge_K = np.array([1e-3, *([_RIDGE] * len(names))])
    b_K = np.zeros(len(names) + 1)

    def loss(weights_K: Numbers) -> float:
        odds_N = x_N_K @ weights_K
        total, right = (
            np.logaddexp.reduceat(part, starts_Q)
            for part in (odds_N, np.where(right_N > 0, odds_N, -np.inf))
        )
        return float((total - right).sum() + (ridge_K * weights_K**2).sum() / 2)

    for _ in range(_ROUNDS):
        chosen_N, wanted_N = _shares(x_N_K @ b_K, right_N, starts_Q, sizes_Q)
        slope_K = x_N_K.T @ (wanted_N - chosen_N) - ridge_K * b_K
        means_Q_K = np.add.reduceat(x_N_K * chosen_N[:, None], starts_Q)
        curve_K_K = (x_N_K.T * chosen_N) @ x_N_K - means_Q_K.T @ means_Q_K + np.diag(ridge_K)
        step_K: Numbers = np.linalg.solve(curve_K_K, slope_K)
        now = loss(b_K)
        while np.abs(step_K).max() > _SMALLEST and loss(b_K + step_K) > now:
            step_K = step_K / 2
        b_K = b_K + step_K
        if np.abs(step_K).max() < _SMALLEST:
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
    right = [one.stated_by(quotation) for quotation in quotations]
    if any(right):
        return x_N_K, np.array([*right, False], dtype=float)
    return x_N_K, np.array([*(row["elsewhen"] for row in numbers), 1.0])


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
