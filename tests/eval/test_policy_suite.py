from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.library import Library
from agent.models.sampling import Sampling
from agent.policies.extractive import ExtractivePolicy
from agent.policy import Act, PolicyError, PolicyState
from corpus.errors import BadInputError
from corpus.questions import make_questions, write_questions
from eval.suites.policy import PATIENCE, Evaluation, answer_all, policy_scores
from inforce import app
from rl.journal import TRACES
from rl.questions.training_questions import draw
from rl.rewards.rescore import rescore
from rl.rollouts.rollout import Limits
from tests.agent.conftest import opened
from tests.rl.statutes import FAIRS

QUESTIONS = list(make_questions([FAIRS], seed=3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fairs")


@pytest.fixture(scope="module")
def library(folder: Path) -> Iterator[Library]:
    yield from opened(folder, FAIRS)


class Counting:
    """Decides like the extractive policy, and can lose its model at a given act."""

    name = "counting"

    def __init__(self, library: Library, broken_from: int = 10**9) -> None:
        self.inner = ExtractivePolicy(library.works)
        self.acts, self.broken_from = 0, broken_from

    def act(self, state: PolicyState) -> Act:
        self.acts += 1
        if self.acts >= self.broken_from:
            raise PolicyError("the model is gone")
        return self.inner.act(state)


def evaluation(library: Library, policy: Counting, **more: object) -> Evaluation:
    return Evaluation(library, policy, Sampling(), **more)


def timeless(records: list) -> list:
    return [(r.question, r.rewards, r.outcome, r.trace.answer, r.trace.abstention) for r in records]


def test_a_policy_is_measured_from_end_to_end(library: Library) -> None:
    records = answer_all(evaluation(library, Counting(library)), QUESTIONS)
    assert [record.question for record in records] == QUESTIONS
    found = policy_scores(records)
    assert (found.questions, found.void, found.policy) == (len(QUESTIONS), 0, "counting")
    assert found.temporal.anachronisms_shipped.mean == 0.0
    assert found.temporal.paired_dates.n == sum(q.pair is not None for q in QUESTIONS) / 2
    assert found.effort.searches.mean > 0.5
    assert sum(found.stops.values()) == len(QUESTIONS)


def test_a_killed_evaluation_goes_on_and_equals_a_straight_one(
    library: Library, tmp_path: Path
) -> None:
    straight = answer_all(evaluation(library, Counting(library)), QUESTIONS, tmp_path / "straight")
    whole = Counting(library)
    answer_all(evaluation(library, whole), QUESTIONS, tmp_path / "killed")
    path = tmp_path / "killed" / TRACES
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:2]) + lines[2][:50], encoding="utf-8")
    again = Counting(library)
    resumed = answer_all(evaluation(library, again), QUESTIONS, tmp_path / "killed")
    assert 0 < again.acts < whole.acts
    assert timeless(resumed) == timeless(straight)
    assert len(path.read_text(encoding="utf-8").splitlines()) == len(QUESTIONS)
    assert rescore(tmp_path / "killed").first_changed is None


def test_void_runs_are_left_out_of_scores_and_tried_again(library: Library, tmp_path: Path) -> None:
    broken = Counting(library, broken_from=4)
    first = answer_all(evaluation(library, broken), QUESTIONS, tmp_path)
    found = policy_scores(first)
    assert 0 < found.void < found.questions
    assert found.abstention.struck.n == found.questions - found.void
    second = answer_all(evaluation(library, Counting(library)), QUESTIONS, tmp_path)
    assert policy_scores(second).void == 0


def test_a_dead_model_stops_the_evaluation_early(library: Library) -> None:
    dead = Counting(library, broken_from=0)
    many = [q for q in QUESTIONS if q.as_at] * PATIENCE
    with pytest.raises(BadInputError, match="None of 20 questions was answered: the model is gone"):
        answer_all(evaluation(library, dead), many)
    assert dead.acts == PATIENCE
    few = answer_all(evaluation(library, Counting(library, broken_from=0)), many[:2])
    with pytest.raises(BadInputError, match="None of 2 questions was answered"):
        policy_scores(few)


def test_a_folder_belongs_to_one_evaluation(library: Library, tmp_path: Path) -> None:
    answer_all(evaluation(library, Counting(library)), QUESTIONS[:2], tmp_path)
    for other, asked in (({"seed": 1}, QUESTIONS[:2]), ({}, QUESTIONS[:3]),
                         ({"limits": Limits(2, concurrency=1)}, QUESTIONS[:2])):  # fmt: skip
        with pytest.raises(BadInputError, match="holds another evaluation"):
            answer_all(evaluation(library, Counting(library), **other), asked, tmp_path)


def test_questions_are_drawn_with_their_pairs() -> None:
    whole = [q.model_copy(update={"id": f"{q.id}-{n}", "pair": q.pair and f"{q.pair}-{n}"})
             for n in range(9) for q in QUESTIONS]  # fmt: skip
    drawn = draw(whole, 40, seed=1)
    assert 40 <= len(drawn) <= 41
    assert drawn == draw(whole, 40, seed=1) != draw(whole, 40, seed=2)
    assert drawn == [q for q in whole if q in drawn]
    pairs = [q.pair for q in drawn if q.pair]
    assert pairs
    assert all(pairs.count(pair) == 2 for pair in pairs)
    assert draw(whole, None) == whole


def test_the_verb(folder: Path, library: Library, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("INFORCE_STORE", f"sqlite:///{folder / 'store.db'}")
    monkeypatch.setenv("INFORCE_INDEX", f"embedded:{folder / 'index'}")
    file = tmp_path / "q.jsonl"
    write_questions(QUESTIONS, file)
    verb = ["eval", "policy", "extractive", str(file), "--to", str(tmp_path / "kept")]
    run = CliRunner().invoke(app, [*verb, "--json"])
    found = json.loads(run.stdout)
    assert found["questions"] == len(QUESTIONS)
    assert found["temporal"]["anachronisms_shipped"]["mean"] == 0.0
    assert "paired dates" in CliRunner().invoke(app, verb).stdout
    none = CliRunner().invoke(app, ["eval", "policy", "extractive", str(file), "--split", "nil"])
    assert isinstance(none.exception, BadInputError)
    assert "has no questions of split nil" in str(none.exception)
