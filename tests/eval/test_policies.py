"""What is counted of a policy: its drafts through the verifier, what shipped by dates alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.graph.nodes import Context
from agent.library import Library
from agent.policies.extractive import ExtractivePolicy
from agent.policy import Act, PolicyState, ToolRequest
from agent.trace import Answer, AnswerSentence, Draft, DraftCitation, Sentence, Trace
from corpus.demo import GoldenQuestion
from eval.cli import evaluate, kept
from eval.demo import demo_library, demo_questions
from eval.policies import ask_all, is_out_of_force, is_right, report

AGE = GoldenQuestion(
    id="fr-age",
    question="À partir de quel âge peut-on contracter mariage ?",
    as_at=date(2006, 4, 4),
    language="fr",
    work="fr/code-civil",
    label="art. 144",
    gold_version="fr/code-civil#marriage-age@1804-03-21",
    must_contain="quinze ans",
    why="The last day of the old text.",
)


@pytest.fixture(scope="module")
def demo() -> Iterator[Library]:
    with demo_library() as library:
        yield library


class Careless:
    """Searches on another day than it was told, and cites the first thing it finds."""

    name = "misdated"

    def act(self, state: PolicyState) -> Act:
        if not state.turns:
            arguments = {"query": state.question, "as_at": "2015-01-01"}
            call = ToolRequest(id="call00001", name="search_statutes", arguments=arguments)
            return Act(calls=(call,))
        hit = state.turns[0].calls[0].result.hits[0]
        cited = DraftCitation(version_id=hit.version_id, quote=hit.text[:30].rsplit(" ")[0])
        return Act(draft=Draft(sentences=(Sentence(text="So it is.", citations=(cited,)),)))


def test_a_policy_that_cites_another_days_law_is_counted_and_ships_nothing(demo: Library) -> None:
    traces, _ = ask_all(Context(demo, Careless()), [AGE], 1)
    found = report(demo.store, [AGE], traces)
    assert found.anachronistic is not None
    assert (found.anachronistic.mean, found.anachronistic.n) == (1.0, 1)
    assert found.valid is not None
    assert found.valid.mean == 0
    assert found.shipped_anachronistic is None
    assert found.right.mean == 0
    assert found.reasons == {"unverified": 1}


def test_what_shipped_is_judged_by_its_dates_and_not_by_the_verifier(demo: Library) -> None:
    (trace,), _ = ask_all(Context(demo, ExtractivePolicy(demo.works)), [AGE], 1)
    assert trace.answer is not None
    (citation,) = trace.answer.citations
    assert is_right(AGE, trace)
    assert not is_out_of_force(demo.store, citation)
    late = citation.model_copy(update={"as_at": date(2006, 4, 5)})
    assert is_out_of_force(demo.store, late), "the last day is not the day after"
    assert is_out_of_force(demo.store, citation.model_copy(update={"version_id": "fr/none@1"}))
    sentence = AnswerSentence(text="So it is.", citations=(late,))
    planted = trace.model_copy(update={"answer": Answer(sentences=(sentence,))})
    counted = report(demo.store, [AGE], [planted]).shipped_anachronistic
    assert counted is not None
    assert counted.mean == 1


def test_a_question_to_be_declined_is_right_for_the_right_reason_only(demo: Library) -> None:
    asked = AGE.model_copy(update={"as_at": None})
    (trace,), _ = ask_all(Context(demo, ExtractivePolicy(demo.works)), [asked], 1)
    declined = asked.model_copy(update={"gold_version": None, "abstain": "no_date"})
    assert is_right(declined, trace)
    assert not is_right(declined.model_copy(update={"abstain": "repealed"}), trace)


def test_questions_side_by_side_keep_their_order_and_are_kept(
    demo: Library, tmp_path: Path
) -> None:
    questions = demo_questions(6)
    assert questions == demo_questions(6)
    with kept(tmp_path / "traces.jsonl") as keep:
        traces, seconds = ask_all(Context(demo, ExtractivePolicy(demo.works)), questions, 3, keep)
    assert [trace.question for trace in traces] == [question.question for question in questions]
    assert seconds > 0
    lines = (tmp_path / "traces.jsonl").read_text(encoding="utf-8").splitlines()
    assert {Trace.model_validate_json(line).id for line in lines} == {t.id for t in traces}


def test_traces_that_end_together_are_kept_a_line_each(demo: Library, tmp_path: Path) -> None:
    (trace,), _ = ask_all(Context(demo, ExtractivePolicy(demo.works)), demo_questions(1), 1)
    long = trace.model_copy(update={"question": "x" * 20_000})  # more than a file holds back
    file, often = tmp_path / "traces.jsonl", 400
    with kept(file) as keep, ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, [long] * often))
    assert file.read_text(encoding="utf-8").splitlines() == [long.model_dump_json()] * often


def test_the_verb_prints_one_object() -> None:
    ran = CliRunner().invoke(evaluate, ["policy", "extractive", "--limit", "2", "--json"])
    found = json.loads(ran.stdout)
    assert (found["questions"], found["policy"]) == (2, "extractive")
    assert found["shipped_anachronistic"] is None or found["shipped_anachronistic"]["mean"] == 0
