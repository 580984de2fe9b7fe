"""A round learns from groups that vary, and draws the same ones each time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from corpus.questions import Posed
from rl.questions.training_questions import within_pass_rate
from rl.recipes.load import load_recipe, read_recipe
from rl.recipes.recipe import RecipeError
from rl.rewards.outcome import Outcome
from rl.rewards.scored_trace import ScoredTrace, Scores, append_scored
from rl.rollouts.dynamic_sampling import DynamicSampling, varies
from rl.rollouts.rollout import Rollout
from rl.rollouts.trl_adapter import TrlAdapter
from rl.run.run_directory import Run
from tests.rl.conftest import a_question, a_rollout, a_trace

QUESTIONS = [a_question(number) for number in range(6)]
TRAINER: Any = SimpleNamespace(
    state=SimpleNamespace(global_step=3), accelerator=SimpleNamespace(process_index=0)
)


def scored(rollout: Rollout, *rewards: float | None) -> Rollout:
    named = dict(zip(("task", "temporal"), rewards, strict=True))
    return rollout.model_copy(update={"scores": Scores(rewards=named, outcome=Outcome.WRONG)})


def test_a_group_varies_in_any_reward_and_not_by_one_that_is_missing() -> None:
    one = a_rollout(0, 0)
    assert not varies([scored(one, 0.0, 1.0), scored(one, 0.0, 1.0)])
    assert varies([scored(one, 0.0, 1.0), scored(one, 0.0, 0.5)])
    assert not varies([scored(one, 0.0, 1.0), scored(one, None, 1.0)])
    assert not varies([scored(one, None, None)])


class Playing:
    """Rollouts of a question vary where its number is in ``varied``."""

    def __init__(self, varied: set[int]) -> None:
        self.varied, self.asked, self.seeds = varied, [], []  # type: ignore[var-annotated]

    def __call__(self, _trainer: Any, questions: Sequence[Posed], seed: int) -> list[Rollout]:
        self.seeds.append(seed)
        self.asked.append([question.id for question in questions])
        return [a_rollout(int(q.id[1:]), place) for place, q in enumerate(questions)]

    def score(self, _trainer: Any, rollouts: Sequence[Rollout]) -> list[Rollout]:
        return [
            scored(one, float(place % 2 and int(one.question.id[1:]) in self.varied), 0.0)
            for place, one in enumerate(rollouts)
        ]


def sampled(varied: set[int], most: int) -> tuple[list[str], Playing, DynamicSampling]:
    playing, sampling = Playing(varied), DynamicSampling(QUESTIONS, 2, most)
    by_id = {question.id: question for question in QUESTIONS}
    source = TrlAdapter(playing, by_id, playing.score, seed=0, filler=1, resample=sampling)
    found = source(["q0", "q0", "q1", "q1"], TRAINER)["rollout"]
    return [rollout.question.id for rollout in found], playing, sampling


def test_a_group_without_variance_is_replaced_by_one_that_varies() -> None:
    ids, playing, sampling = sampled({1, 2, 3, 4, 5}, 1)
    assert ids[2:] == ["q1", "q1"], "a group that varies stays"
    assert ids[0] == ids[1] in {"q2", "q3", "q4", "q5"}
    assert sampling.noted == {"resampled": 0.5}
    assert len(set(playing.seeds)) == 2, "what is sampled again has a seed of its own"
    assert sampled({1, 2, 3, 4, 5}, 1)[0] == ids


def test_what_never_varies_is_kept_after_the_last_attempt_and_no_question_comes_twice() -> None:
    ids, playing, sampling = sampled(set(), 9)
    assert ids == ["q0", "q0", "q1", "q1"]
    asked = [name for names in playing.asked for name in names[::2]]
    assert sorted(asked) == ["q0", "q1", "q2", "q3", "q4", "q5"]
    assert sampling.noted == {"resampled": 2.0}


def test_without_it_a_round_is_as_it_was_sampled() -> None:
    playing = Playing(set())
    by_id = {question.id: question for question in QUESTIONS}
    TrlAdapter(playing, by_id, playing.score, seed=0, filler=1)(["q0", "q0"], TRAINER)
    assert playing.asked == [["q0", "q0"]]
    assert load_recipe("tiny-grpo").rollout.resample == 0
    assert load_recipe("tiny-grpo-varied").rollout.resample == 2


def test_a_run_with_labels_is_not_resampled_by_rewards() -> None:
    with pytest.raises(RecipeError, match="resample replaces questions by their rewards"):
        read_recipe(
            {
                "name": "r",
                "rewards": {"task": 1.0},
                "rollout": {"resample": 1},
                "objective": {"post": "soft_adv"},
                "labels": {"policy": "random"},
            },
            "r.toml",
        )


def test_questions_are_kept_by_the_share_of_their_rollouts_that_were_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = "rl.questions.training_questions.right"
    monkeypatch.setattr(judged, lambda trace, _question: trace.id == "True")
    run = Run(tmp_path)
    rights = {0: [True] * 4, 1: [True, False, True, False], 2: [False] * 4, 3: [True, False]}
    for number, outcomes in rights.items():
        question = QUESTIONS[number]
        traces = [a_trace(question).model_copy(update={"id": str(one)}) for one in outcomes]
        append_scored(run.traces, [_record(number, trace) for trace in traces])
    append_scored(run.traces, [_record(3, None, "no server"), _record(4, None, "no server")])
    kept = within_pass_rate(QUESTIONS, tmp_path, (0.2, 0.8))
    assert [one.id for one in kept] == ["q1", "q3"]
    assert [one.id for one in within_pass_rate(QUESTIONS, run.traces.path, (0.9, 1.0))] == ["q0"]


def _record(number: int, trace: Any, void: str | None = None) -> ScoredTrace:
    return ScoredTrace(
        step=0,
        question=QUESTIONS[number],
        trace=trace,
        void=void,
        rewards={},
        outcome=Outcome.WRONG,
    )
