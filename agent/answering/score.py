"""How probable it is that a quotation answers a question: one calibrated number.

One linear model over the evidence (``coefficients.json``, fitted by ``inforce eval fit-score``)
weighs every quotation. The probability that it answers is its share, with that of the neighbours
quoted with it, among those of all provisions found and "none of them", which has the weight 1: a
conditional logit.
Without an encoder there is a model of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from math import exp, log

from pydantic import ValidationError

from agent.answering.evidence import Evidence, Quotation, gathered
from agent.answering.quotations import speaks_of_another_time, widened
from agent.answering.reading import QuestionReading, read_question
from agent.tool_results import Passage
from corpus.errors import Place, SourceError
from corpus.model import Frozen
from retrieval.vectors.encoder import Encoder

COEFFICIENTS = "coefficients.json"


class LinearModel(Frozen):
    """``intercept`` and a weight per number of the evidence."""

    intercept: float
    weights: dict[str, float]

    def of(self, numbers: Mapping[str, float]) -> float:
        """Return the weighted sum."""
        return self.intercept + sum(weight * numbers[name] for name, weight in self.weights.items())


class Calibration(Frozen):
    """The model, and the probability from which on a quotation is given as the answer.

    ``relevance`` is the logarithm of a quotation's weight. ``threshold`` was chosen on questions
    that no weight was fitted to, ``closest`` is the least probability with which a provision is
    still offered as one of the closest.
    """

    relevance: LinearModel
    threshold: float
    closest: float = 0.0


class Coefficients(Frozen):
    """The calibrations, and the digest of what they were fitted to."""

    vectors: Calibration
    words: Calibration
    inputs: str


class Score(Frozen):
    """What is known of one quotation.

    ``probability`` that it answers; ``enough`` to give it as the answer; ``evidence`` and ``lead``
    are the numbers that it was made of. A ``lead`` is the relevance beyond that of the best
    quotation of any other provision, or of none at all where there is no other.
    """

    probability: float
    enough: bool
    evidence: Evidence
    lead: float


class Weighed(Frozen):
    """A quotation ``[start, end)`` of a passage and its score."""

    passage: Passage
    start: int
    end: int
    score: Score

    @property
    def quote(self) -> str:
        """The words quoted."""
        return self.passage.text[self.start : self.end]


def weigh(
    asked: QuestionReading,
    passages: Sequence[Passage],
    encoder: Encoder | None,
    versions: int | None = None,
    elsewhen: Sequence[Passage] = (),
) -> tuple[Weighed, ...]:
    """Return the best quotation of each passage, best first.

    Args:
        asked: the question, read.
        passages: what was found in force on its day.
        encoder: of questions and provisions; ``None``: words alone count.
        versions: number of versions in the library that was searched, if known.
        elsewhen: provisions found on other days alone; they compete and are not returned.

    Raises:
        InForceError: the encoder failed.
    """
    calibration = calibrated(with_vectors=encoder is not None)
    return ranked(gathered(asked, passages, encoder, versions, elsewhen), calibration)


def ranked(found: Sequence[Quotation], calibration: Calibration) -> tuple[Weighed, ...]:
    """Return the best quotation of each provision of the day with its score, best first.

    Its probability is the share of what it quotes with its neighbours, so that one paragraph of a
    provision is no answer for the weight of another.
    """
    of_provision: dict[str, list[tuple[float, Quotation]]] = {}
    for one in found:
        relevance = calibration.relevance.of(one.evidence.model_dump())
        of_provision.setdefault(one.passage.provision_id, []).append((relevance, one))
    order = sorted(map(_together, of_provision.values()), key=lambda pair: -pair[0])
    total = 1.0 + sum(_weight(relevance) for own in of_provision.values() for relevance, _ in own)
    weighed = (
        Weighed(
            passage=one.passage,
            start=one.start,
            end=one.end,
            score=Score(
                probability=(likely := _weight(relevance) / total),
                enough=likely >= calibration.threshold,
                evidence=one.evidence,
                lead=relevance - _rival(order, place),
            ),
        )
        for place, (relevance, one) in enumerate(order)
        if not one.evidence.elsewhen
    )
    return tuple(weighed)


def _together(quotations: Sequence[tuple[float, Quotation]]) -> tuple[float, Quotation]:
    """Return the best quotation of a provision, and the logarithm of the weight of all that is
    quoted with it.
    """
    best = max(quotations, key=lambda pair: pair[0])[1]
    start, end = widened(best.passage, (best.start, best.end))
    within = [value for value, one in quotations if start <= one.start and one.end <= end]
    return log(sum(map(_weight, within))), best


def answer_score(  # noqa: PLR0913 - everything that the score depends on, by name
    question: str,
    quotation: str,
    passage: Passage,
    as_at: date,
    rivals: Sequence[Passage] = (),
    *,
    encoder: Encoder | None = None,
) -> Score:
    """Return how probable it is that a quotation answers a question on a day.

    Args:
        question: in words; dates in it are left out.
        quotation: words of ``passage``, which is in force on the day asked about.
        passage: the provision quoted.
        as_at: the day. A sentence that names other times, where one of its provision names the time
            of that day, answers nothing: its probability is 0.
        rivals: what else was found in force; how much better the quotation is than theirs counts,
            and so does which words are rare among all of them.
        encoder: of questions and provisions; ``None``: words alone count.

    Raises:
        InForceError: the encoder failed.
    """
    calibration = calibrated(with_vectors=encoder is not None)
    asked = read_question(question, as_at)
    others = [one for one in rivals if one.provision_id != passage.provision_id]
    part = passage.model_copy(update={"text": quotation})
    found = gathered(asked, [part, *others], encoder)
    own = [one for one in found if one.passage is part]
    best = max(own, key=lambda one: calibration.relevance.of(one.evidence.model_dump()))
    rest = [one for one in found if one.passage is not part]
    alone = [Quotation(best.passage, best.start, best.end, best.evidence), *rest]
    score = next(w.score for w in ranked(alone, calibration) if w.passage is part)
    if speaks_of_another_time(passage, quotation, as_at):
        return score.model_copy(update={"probability": 0.0, "enough": False})
    return score


def calibrated(*, with_vectors: bool) -> Calibration:
    """Return the calibration for evidence with the cosines of an encoder, or without."""
    held = read_coefficients()
    return held.vectors if with_vectors else held.words


@cache
def read_coefficients() -> Coefficients:
    """Return the fitted coefficients.

    Raises:
        SourceError: the file is damaged; names it.
    """
    text = (files(__package__) / COEFFICIENTS).read_text(encoding="utf-8")
    try:
        return Coefficients.model_validate(json.loads(text))
    except (ValueError, ValidationError) as fault:
        raise SourceError(Place(f"agent/answering/{COEFFICIENTS}"), str(fault)) from fault


def _rival(order: Sequence[tuple[float, Quotation]], place: int) -> float:
    """Return the relevance of the best quotation but that in ``place``, 0 where it is alone."""
    if len(order) == 1:
        return 0.0
    return order[1][0] if place == 0 else order[0][0]


def _weight(relevance: float) -> float:
    return exp(max(-30.0, min(relevance, 30.0)))
