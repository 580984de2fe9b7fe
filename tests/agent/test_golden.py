"""The acceptance set: 28 dated questions through the real store, the real index and ask()."""

from __future__ import annotations

from collections import Counter

import pytest

from agent.graph.run import ask
from agent.library import Library
from corpus.demo import golden_questions
from corpus.questions import Question


@pytest.mark.parametrize("golden", golden_questions(), ids=lambda golden: golden.id)
def test_golden(demo: Library, golden: Question) -> None:
    trace = ask(
        demo,
        golden.text,
        as_at=golden.as_at,
        known_at=golden.known_at,
        extent=golden.extent,
    )
    if golden.decline is not None:
        assert trace.answer is None
        assert trace.abstention is not None
        assert trace.abstention.reason == golden.decline, trace.abstention.explanation
        return
    assert trace.answer is not None, trace.abstention
    (citation,) = trace.answer.citations
    assert (citation.version_id, citation.label) == (golden.gold_version, golden.label)
    assert golden.gold_span is not None
    assert golden.gold_span.text in citation.quote


def test_the_set_is_the_agreed_one() -> None:
    declined = Counter(golden.decline is not None for golden in golden_questions())
    assert declined == {False: 20, True: 8}


def test_two_hundred_questions_never_cite_a_wrong_version(demo: Library) -> None:
    right, wrong = 0, []
    questions = golden_questions("questions.jsonl")
    for known in questions:
        trace = ask(
            demo, known.text, as_at=known.as_at, known_at=known.known_at, extent=known.extent
        )
        if trace.answer is None:
            assert trace.abstention is not None
            right += trace.abstention.reason == known.decline
        elif [c.version_id for c in trace.answer.citations] == [known.gold_version]:
            right += 1
        else:
            wrong.append(known.id)
    assert wrong == []
    assert right >= 0.9 * len(questions)
