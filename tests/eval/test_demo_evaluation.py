"""The questions written by hand go the way of all questions: one runner, one meaning of right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.library import Library
from agent.models.sampling import Sampling
from agent.policies.extractive import ExtractivePolicy
from agent.policy import Act, PolicyState, ToolRequest
from agent.trace import Draft, DraftCitation, Sentence
from corpus.demo import demo_questions, golden_questions
from corpus.questions import Decline, Question, Span
from eval.cli import evaluate
from eval.suites.demo import demo_library
from eval.suites.policy import Evaluation, answer_all, policy_scores
from rl.journal import TRACES
from rl.rewards import right
from rl.rewards.scored_trace import read_scored
from rl.rollouts.rollout import Limits

AGE = Question(
    id="fr-age",
    family="written",
    text="À partir de quel âge peut-on contracter mariage ?",
    as_at=date(2006, 4, 4),
    language="fr",
    jurisdiction="fr",
    work_id="fr/code-civil",
    provision_id="fr/code-civil#marriage-age",
    label="art. 144",
    gold_version="fr/code-civil#marriage-age@1804-03-21",
    gold_span=Span(start=0, end=10, text="quinze ans", lead="", tail=""),
    why="The last day of the old text.",
    split="test",
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


def asked(library: Library, **more: object) -> Evaluation:
    return Evaluation(library, ExtractivePolicy(library.works), Sampling(), **more)


def test_a_policy_that_cites_another_days_law_is_counted_and_ships_nothing(demo: Library) -> None:
    records = answer_all(Evaluation(demo, Careless(), Sampling()), [AGE])
    found = policy_scores(records, demo)
    drafted = found.temporal.anachronisms_drafted
    assert drafted is not None
    assert (drafted.mean, drafted.n) == (1.0, 1)
    assert found.temporal.valid_citations is not None
    assert found.temporal.valid_citations.mean == 0
    assert found.temporal.anachronisms_shipped is None
    assert found.temporal.right is not None
    assert found.temporal.right.mean == 0
    assert found.reasons == {"unverified": 1}


def test_the_right_version_without_the_figure_asked_for_is_not_right(demo: Library) -> None:
    (one,) = answer_all(asked(demo), [AGE])
    assert one.trace is not None
    assert right(one.trace, AGE)
    other = AGE.model_copy(update={"gold_span": Span(start=0, end=9, text="seize ans", lead="")})
    assert not right(one.trace, other)


def test_a_question_to_be_declined_is_right_for_the_right_reason_only(demo: Library) -> None:
    undated = AGE.model_copy(update={"as_at": None, "gold_version": None, "gold_span": None})
    declined = undated.model_copy(update={"decline": Decline.NO_DATE})
    (one,) = answer_all(asked(demo), [declined])
    assert one.trace is not None
    assert right(one.trace, declined)
    assert not right(one.trace, undated.model_copy(update={"decline": Decline.REPEALED}))


def test_the_law_of_a_territory_is_asked_for_as_the_question_says(demo: Library) -> None:
    (scotland,) = (q for q in golden_questions() if q.id == "en-drink-drive-scotland")
    (one,) = answer_all(asked(demo), [scotland])
    assert one.trace is not None
    assert (one.trace.extent, right(one.trace, scotland)) == ("S", True)
    anywhere = scotland.model_copy(update={"extent": None, "text": "What is the limit of alcohol?"})
    (other,) = answer_all(asked(demo), [anywhere])
    assert other.trace is not None
    assert other.trace.extent is None


def test_concurrent_questions_keep_their_order_and_are_journalled(
    demo: Library, tmp_path: Path
) -> None:
    questions = demo_questions(6)
    records = answer_all(asked(demo, limits=Limits(concurrency=3)), questions, tmp_path)
    assert [one.question for one in records] == questions
    assert [one.trace.question for one in records if one.trace] == [q.text for q in questions]
    assert list(read_scored(tmp_path / TRACES)) == records


def test_a_question_that_no_provision_answers_counts_as_a_work_of_its_own(demo: Library) -> None:
    (bees,) = (q for q in golden_questions() if q.id == "en-bees-not-found")
    records = answer_all(asked(demo), [bees, AGE])
    found = policy_scores(records, demo)
    assert bees.work_id is None
    assert found.temporal.right is not None
    assert (found.temporal.right.mean, found.temporal.right.n) == (1.0, 2)


def test_the_verb_prints_one_object() -> None:
    ran = CliRunner().invoke(evaluate, ["policy", "extractive", "--limit", "2", "--json"])
    found = json.loads(ran.stdout)
    assert (found["questions"], found["policy"]) == (2, "extractive")
    shipped = found["temporal"]["anachronisms_shipped"]
    assert shipped is None or shipped["mean"] == 0
