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
from dataclasses import replace
from typing import NamedTuple

from agent.answering.evidence import Evidence, Quotation
from agent.answering.reading import read_question
from agent.answering.score import Calibration, Coefficients, Weighed, ranked
from agent.library import Library
from agent.policies.choosing import MOST_CLOSEST
from corpus.languages.tables import language_table, languages
from eval.answering.conditional_logit import Table, choice_model
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

RELEVANCE = tuple(Evidence.model_fields)
COSINES = frozenset({"provision", "sentence", "subject", "usual"})
BESIDE = 0.03
"""The share of answers beside the point at which the threshold is set. The goal is 0.05; on fresh
questions 0.06 were beside the point where 0.04 had been allowed on those the threshold was chosen
on (docs/findings/answers.md)."""

LOST = 0.02
"""The share of the lists of closest provisions that hold a right one, of each corpus, that may be
withheld."""

FOLDS = 5


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
    progress("questions over the demonstration corpus")
    asked = training_questions()
    spent = spent_questions(library, "demo")
    anywhere = [one.model_copy(update={"jurisdictions": ()}) for one in asked[::3]]
    full = {one: candidates(library, one, encoder) for one in (*asked, *anywhere, *spent)}
    progress("the same without words of law")
    bare = [(one, _without_words(library, one, encoder, full[one])) for one in (*asked, *spent)]
    training = [*bare, *((one, full[one]) for one in (*asked, *anywhere))]
    held = {"demo": [(one, full[one]) for one in spent]}
    if real is not None:
        progress("questions over real legislation")
        over = spent_questions(real, "real")
        held["real"] = [(one, candidates(real, one, encoder)) for one in over]
    return Tables(training, held)


def _without_words(
    library: Library, one: Labelled, encoder: Encoder, full: list[Quotation]
) -> list[Quotation]:
    """Return the quotations without words of law; ``full`` are those with them."""
    if not read_question(one.question, one.as_at).law_words:
        return full
    return candidates(library, one, encoder, law_words=False)


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
        closest=min(_least(part) for part in _out_of_fold(found, without, _lists).values()),
    )


def _names(without: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in RELEVANCE if name not in without)


def _out_of_fold(
    found: Tables,
    without: frozenset[str],
    judge: Callable[[Table, Calibration], list[Judged]] = judged,
) -> dict[str, list[Judged]]:
    """Judge the spent questions by weights fitted without any question about the same work."""
    every = [*found.training, *(row for held in found.spent.values() for row in held)]
    judgements: dict[str, list[Judged]] = {corpus: [] for corpus in found.spent}
    for fold in range(FOLDS):
        model = choice_model([row for row in every if fold_of(row[0]) != fold], _names(without))
        calibration = Calibration(relevance=model, threshold=1.0)
        for corpus, held in found.spent.items():
            own = [row for row in held if fold_of(row[0]) == fold]
            judgements[corpus] += judge(own, calibration)
    return judgements


def _lists(table: Table, calibration: Calibration) -> list[Judged]:
    """Return the best probability of each list of closest provisions, and whether the list holds
    one that answers.
    """
    lists = [(one, ranked(_offered(found), calibration)[:MOST_CLOSEST]) for one, found in table]
    return [
        Judged(
            best[0].score.probability,
            any(each.passage.provision_id in one.provisions for each in best),
        )
        for one, best in lists
        if best
    ]


def _offered(quotations: list[Quotation]) -> list[Quotation]:
    """Return what the closest provisions are chosen among: those of the day, in a library of any
    size.
    """
    return [
        replace(one, evidence=one.evidence.model_copy(update={"library": 0.0}))
        for one in quotations
        if not one.evidence.elsewhen
    ]


def fold_of(one: Labelled) -> int:
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
    """Return the probability below which few of the right ones lie."""
    right = sorted(one.probability for one in found if one.right)
    return round(right[int(LOST * len(right))], 4) if right else 0.0
