"""The score of answers is fitted to what it says it was fitted to."""

from __future__ import annotations

import numpy as np
import pytest

from agent.answering.score import read_coefficients
from eval.answering.fit import Judged, _logistic, _threshold, inputs_digest
from eval.answering.training import training_questions
from eval.questions.asked import read_asked


def test_the_coefficients_belong_to_the_present_questions_and_tables() -> None:
    assert read_coefficients().inputs == inputs_digest(), "run: inforce eval fit-score"


def test_no_training_question_is_a_question_of_the_evaluation() -> None:
    asked = {one.text for one in read_asked("demo", "development")}
    assert asked.isdisjoint(one.question for one in training_questions())


def test_the_regression_finds_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=4000)
    right = rng.random(4000) < 1 / (1 + np.exp(-(0.5 + 2 * x)))
    found = _logistic(("x",), [{"x": float(one)} for one in x], [bool(one) for one in right])
    assert found.intercept == pytest.approx(0.5, abs=0.15)
    assert found.weights["x"] == pytest.approx(2, abs=0.2)


def test_the_threshold_keeps_answers_beside_the_point_rare() -> None:
    found = [Judged(1 - n / 100, n % 20 != 19) for n in range(60)]
    chosen = _threshold(found)
    given = [one for one in found if one.probability >= chosen]
    assert sum(not one.right for one in given) <= 0.04 * len(given)
    assert len(given) == 59
