"""A question about something else is not answered, though it shares small words with the law."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from agent.graph.run import ask
from agent.library import Library
from agent.trace import AbstentionReason
from corpus.settings import Settings
from corpus.sources.jsonl import Jsonl
from retrieval.index_build import load


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


def asked_of_ferries(folder: Path, question: str, commencement: str) -> str:
    """Return why a question about an act whose only text has no date of commencement fails."""
    ferry = folder / "ferry.jsonl"
    source = {"file": "ferry.jsonl"}
    records = [
        {"record": "work", "id": "zz/ferry", "jurisdiction": "zz", "language": "en", "kind": "act",
         "title": "Ferry Act 1990", "citation": "Ferry Act 1990", "source": "made up"},
        {"record": "provision", "id": "zz/ferry#1", "work_id": "zz/ferry",
         "labels": [{"text": "s 1"}]},
        {"record": "version", "id": "zz/ferry#1@u", "provision_id": "zz/ferry#1", "language": "en",
         "text": "Ferrymen carry a brass lantern at night.", "commencement": commencement,
         "condition": "the gazette page is lost", "source": source},
        {"record": "coverage", "work_id": "zz/ferry", "covered_from": "1990-01-01",
         "from_origin": True},
    ]  # fmt: skip
    ferry.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    settings = Settings.under(folder / "home")
    load(Jsonl(ferry), settings, strict=True)
    with Library.open(settings) as library:
        trace = ask(library, question, as_at=date(2000, 1, 1))
    assert trace.abstention is not None
    return trace.abstention.explanation


@pytest.mark.parametrize(
    ("question", "commencement"),
    [
        ("Do ferrymen carry a brass lantern at night?", "unknown"),
        ("Who carries a brass lantern?", "unknown"),
        ("Do ferrymen carry a brass lantern at night?", "to_be_fixed"),
        ("Must a lantern of brass be carried?", "to_be_fixed"),
    ],
)
def test_texts_without_dates_are_said_not_to_be_searched(
    tmp_path: Path, question: str, commencement: str
) -> None:
    explanation = asked_of_ferries(tmp_path, question, commencement)
    assert "were not searched" in explanation
    assert "No provision" not in explanation


@pytest.mark.parametrize(
    ("commencement", "said"),
    [
        ("unknown", "The source does not say since when this text applies"),
        ("to_be_fixed", "Enacted, but not yet in force"),
    ],
)
def test_a_cited_text_without_a_date_says_what_its_own_date_depends_on(
    tmp_path: Path, commencement: str, said: str
) -> None:
    question = "What does s 1 Ferry Act 1990 say?"
    explanation = asked_of_ferries(tmp_path, question, commencement)
    assert f"{said}: the gazette page is lost." in explanation
