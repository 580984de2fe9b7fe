"""A question about something else is not answered, though it shares small words with the law."""

from __future__ import annotations

from datetime import date

import pytest

from agent.graph.run import ask
from agent.library import Library
from agent.trace import AbstentionReason


@pytest.mark.parametrize(
    "question",
    [
        "What may one do with a dog in the park?",
        "What may I do with a cat in the kitchen?",
        "Where can one buy a good bicycle?",
        "Who may enter a shop at night?",
        "Must one wear a hat on Sundays?",
        "How many people may one tell a secret?",
        "What is the capital of France?",
        "Darf man einen Hund im Park laufen lassen?",
        "Que peut-on faire avec un chien au parc ?",
        "¿Qué se puede hacer con un perro en el parque?",
        "公园里可以遛狗吗?",
        "Kas pargis võib koera jalutada?",
    ],
)
def test_small_words_in_common_are_no_answer(demo: Library, question: str) -> None:
    trace = ask(demo, question, as_at=date(2020, 1, 1))
    assert trace.answer is None
    assert trace.abstention is not None
    assert trace.abstention.reason is AbstentionReason.NOT_FOUND
