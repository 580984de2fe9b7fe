"""The score of answers is fitted to what it says it was fitted to."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from agent.answering.centres import COUNTED, SKIPPED, Centred, centres
from agent.answering.evidence import Evidence, Quotation
from agent.answering.score import read_coefficients
from agent.tool_results import Passage
from eval.answering.centring import mean_passages, questions_by_language
from eval.answering.conditional_logit import choice_model
from eval.answering.fit import BESIDE, Judged, _threshold, inputs_digest
from eval.answering.training import SPENT, Labelled, training_questions
from eval.questions.asked import read_asked
from retrieval.vectors.encoder_choice import EncoderSettings, open_encoder


def test_the_coefficients_belong_to_the_present_questions_and_tables() -> None:
    assert read_coefficients().inputs == inputs_digest(), "run: inforce eval fit-score"


def test_the_means_belong_to_the_demonstration_corpus_and_the_training_questions() -> None:
    encoder = open_encoder(EncoderSettings())
    assert encoder is not None
    held, passages = centres(), mean_passages()
    assert held.identity == encoder.identity
    assert set(held.passages) == set(passages)
    for language, mean in passages.items():
        assert np.allclose(held.passages[language], mean, atol=2e-3), language
    asked = questions_by_language()
    fewest = min(asked, key=lambda language: len(asked[language]))
    found = encoder.questions(asked[fewest])
    assert np.allclose(held.questions[fewest], found.mean(axis=0), atol=2e-3)
    assert {name: len(of) for name, of in held.asked.items()} == {
        name: len(of) for name, of in asked.items()
    }
    centred = found - held.questions[fewest]
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    assert np.allclose(held.asked[fewest], centred, atol=5e-3)


def test_how_near_a_text_is_to_questions_at_large_leaves_the_nearest_out() -> None:
    encoder = open_encoder(EncoderSettings())
    assert encoder is not None
    text = "Annual leave is at least four weeks."
    centred = Centred(encoder)
    centred.encode([text])
    vector = encoder.passages([text])[0] - centres().passages["en"]
    cosines = sorted(centres().asked["en"] @ (vector / np.linalg.norm(vector)), reverse=True)
    usual = sum(cosines[SKIPPED : SKIPPED + COUNTED]) / COUNTED
    assert centred.usual(text, "en") == pytest.approx(usual, abs=1e-5)
    assert centred.usual(text, "xx") == 0


def test_no_part_that_is_held_out_is_fitted_to() -> None:
    assert SPENT == {
        "demo": ("development", "held_out", "held_out_2", "held_out_3", "held_out_4"),
        "real": ("development", "held_out", "held_out_2", "held_out_3"),
    }


def test_no_training_question_is_a_question_of_the_evaluation() -> None:
    asked = {one.text for corpus in ("demo", "real") for one in read_asked(corpus)}
    assert asked.isdisjoint(one.question for one in training_questions())


def quotation(number: int, words: float) -> Quotation:
    passage = Passage(
        version_id=f"uk/a#{number}@2000-01-01",
        provision_id=f"uk/a#{number}",
        work_id="uk/a",
        work_title="Act",
        label="s 1",
        language="en",
        heading=None,
        valid_from=date(2000, 1, 1),
        valid_to=None,
        interval="since 2000-01-01",
        text="Text.",
    )
    return Quotation(passage, 0, 5, Evidence(words=words))


def test_the_choice_model_finds_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(0)
    table = []
    for _ in range(3000):
        x = rng.normal(size=3)
        odds = np.exp(np.array([*(0.5 + 2 * x), 0.0]))
        chosen = rng.choice(4, p=odds / odds.sum())
        provisions = () if chosen == 3 else (f"uk/a#{chosen}",)
        one = Labelled(question="?", as_at=date(2020, 1, 1), provisions=provisions)
        table.append((one, [quotation(n, float(x[n])) for n in range(3)]))
    found = choice_model(table, ("words",))
    assert found.intercept == pytest.approx(0.5, abs=0.15)
    assert found.weights["words"] == pytest.approx(2, abs=0.15)


def test_the_threshold_keeps_answers_beside_the_point_rare() -> None:
    found = [Judged(1 - n / 100, n % 35 != 33) for n in range(70)]
    chosen = _threshold(found)
    given = [one for one in found if one.probability >= chosen]
    assert sum(not one.right for one in given) <= BESIDE * len(given)
    assert len(given) == 70
    assert _threshold([*found, Judged(0.2, False)]) == round(found[-1].probability, 4)
