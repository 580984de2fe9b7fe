"""Claims on the legal agent: real runs of a small recipe, scored on works held out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from agent.models.prepare import prepare
from corpus.errors import BadInputError
from eval.bench.rounds import bench
from eval.claims import agent, steering
from eval.claims.agent import AgentEnvironment, AgentTrial, agent_environment
from eval.claims.claim_specs import claim_specs_of
from eval.control import ArmScores, ControlScores
from eval.metrics import Score
from rl.control.learner import LearnerSettings
from rl.objective.compose import build_objective
from rl.recipes.recipe import RecipeError
from rl.run.progress import NoProgress
from rl.run.run_directory import Run

RECIPE = """
extends = "tiny-grpo"
[data]
synthetic = 400
per_family = 2
[warm_start]
demonstrations = 6
epochs = 1
[rollout]
max_turns = 2
[train]
questions = 2
group_size = 4
micro_batch = 4
"""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AgentEnvironment]:
    folder = tmp_path_factory.mktemp("home")
    (folder / "small.toml").write_text(RECIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFORCE_HOME", str(folder))
        patch.setattr(agent, "BASE", str(folder / "small.toml"))
        patch.setattr(agent, "SHORT", ("train.rounds=2", "train.minibatches=2"))
        patch.setattr(agent, "SELECTION", 6)
        patch.setattr(agent, "TEST", 8)
        prepare("tiny")
        with agent_environment(lambda _: NoProgress()) as opened:
            yield opened


def test_every_arm_of_every_claim_is_a_recipe(ground: AgentEnvironment, monkeypatch) -> None:
    monkeypatch.setattr(AgentEnvironment, "careful", Path("pupil"))
    monkeypatch.setattr(AgentEnvironment, "_foreign", lambda *_: Path("pool"))
    seen = {}
    for row in claim_specs_of(None, AgentTrial, "agent"):
        for trial in row.trials:
            assert seen.setdefault(trial.name, trial) == trial, "one name, one arm"
            assert build_objective(ground._recipe(trial, 0).objective), trial.name
    assert len(seen) > 20
    assert {"gdpo", "f-tis", "naive mixing"} <= seen.keys()


def test_arms_share_a_start_and_a_finished_run_is_not_trained_again(
    ground: AgentEnvironment, monkeypatch
) -> None:
    plain = ground.run(AgentTrial(name="gdpo"), 0)
    other = ground.run(AgentTrial(name="entropy", objective={"entropy": 1.0}), 0)
    assert plain.start == other.start
    assert len(plain.curve.accuracy) == len(plain.curve.entropy) == 2
    assert plain.curve.entropy[0] > 0
    assert plain.start.divergence == pytest.approx(0, abs=1e-6)
    assert other.test.divergence > plain.test.divergence
    assert plain.retained is None
    monkeypatch.setattr("rl.training.trainer.PolicyTrainer.training_step", None)
    assert ground.run(AgentTrial(name="gdpo"), 0) == plain


def test_foreign_rollouts_and_a_teacher_come_from_a_careful_experts_pupil(
    ground: AgentEnvironment,
) -> None:
    mixed = AgentTrial(name="f-tis", objective={"weights": "tis"}, foreign=0.5)
    recipe = ground._recipe(mixed, 0)
    assert recipe.rollout.pool is not None
    assert recipe.rollout.pool.read_text().count("\n") > 0
    taught = ground._recipe(AgentTrial(name="opd", taught=0.3), 0)
    assert taught.objective.additives[0].model_dump()["teacher"] == str(ground.careful)
    found = ground.run(mixed, 0)
    assert len(found.curve.agreement) == 2


def test_an_arm_that_cannot_be_says_where(ground: AgentEnvironment) -> None:
    wrong = AgentTrial(name="late", objective={"clip": "nsr", "kl": -1})
    with pytest.raises(RecipeError, match=r"the arm late, .*objective\.kl"):
        ground._recipe(wrong, 0)


def test_rounds_are_timed_with_every_set_on_the_same_rollouts(
    ground: AgentEnvironment, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("eval.bench.rounds.WARMING", 0)
    recipe = ground._recipe(AgentTrial(name="gdpo"), 0)
    run = Run.create(tmp_path / "run", recipe, ground.questions, ground.library.corpus_hash)
    said: list[str] = []
    with pytest.raises(BadInputError, match="run had no warm start"):
        bench(run, ground.library, ground.questions, 1, 1, said.append)
    ground.run(AgentTrial(name="gdpo"), 0)
    run = ground._opened("gdpo", recipe)
    costs = bench(run, ground.library, ground.questions, 1, 1, said.append)
    assert [cost.methods for cost in costs] == ["none", "all but delta and opd", "all"]
    assert all(cost.ratio > 0 for cost in costs)
    assert len(said) == 3


def test_an_arm_that_chooses_its_labels_shares_the_start_and_counts_them(
    ground: AgentEnvironment, monkeypatch
) -> None:
    """Six demonstrations teach no answer, and without one nothing is asked: so all give one."""
    monkeypatch.setattr("rl.annotation.selection.clusters.cluster_key", lambda *_: "an answer")
    asking = {"policy": "random", "budget": 0.5, "pseudo": False}
    told = {"name": "random", "objective": {"post": "soft_adv"}, "asking": asking}
    found = ground.run(AgentTrial.model_validate(told), 0)
    assert found.curve.labels == [1, 2]
    assert found.start == ground.run(AgentTrial(name="gdpo"), 0).start
    assert len(found.curve.accuracy) == 2
    assert found.curve.held_out == [found.test.accuracy], "one checkpoint is kept"


def test_a_controller_is_trained_and_judged_for_every_seed_once(
    ground: AgentEnvironment, monkeypatch
) -> None:
    quick = {"rounds": 1, "questions": 2, "max_turns": 1, "learner": LearnerSettings(steps=5)}
    small = steering.TRAINED.model_copy(update=quick)
    monkeypatch.setattr(steering, "TRAINED", small)
    monkeypatch.setattr(steering, "SELECTION", 1)
    monkeypatch.setattr(steering, "TEST", 2)
    found = steering.steered(ground, range(2), lambda _: None)
    assert found.seeds == len(found.fixed) == 2
    assert {"none", "fixed", "random", "best-of-n", "learnt"} == found.arms.keys()
    assert found.arms["learnt"].right_gained is None
    monkeypatch.setattr(steering.ControlEvaluation, "scores", None)
    assert steering.steered(ground, range(2), lambda _: None) == found


def test_arms_of_several_seeds_are_paired_whatever_strategy_was_the_best_fixed() -> None:
    def scores(fixed: str, samples: int, right: float) -> ControlScores:
        arms = {f"fixed:{fixed}": right, f"best-of-{samples}": right + 0.2, "learnt": right + 0.1}
        share = {name: Score(mean=value, low=0, high=1, n=10) for name, value in arms.items()}
        return ControlScores(
            policy="p", questions=10, selection=5, best_fixed=fixed, samples=samples,
            arms=tuple(
                ArmScores(arm=name, right=one, invalid=one, calls=2.0, void=0)
                for name, one in share.items()
            ),
        )  # fmt: skip

    found = steering.together([scores("date", 2, 0.2), scores("read", 3, 0.4)])
    assert found.fixed == ("date", "read")
    assert found.arms["fixed"].right == pytest.approx(0.3)
    assert found.arms["fixed"].right_gained.mean == pytest.approx(0.1)
    assert found.arms["best-of-n"].invalid_gained.mean == pytest.approx(-0.1)
