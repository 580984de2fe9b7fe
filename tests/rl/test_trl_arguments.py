"""A setting that does not reach the trainer is a setting that does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("trl", reason="needs the extra train")

from corpus.questions import Posed  # noqa: E402
from rl.objective.compose import Objective, build_objective  # noqa: E402
from rl.objective.methods.opd import Distillation  # noqa: E402
from rl.objective.methods.settings import OpdSettings  # noqa: E402
from rl.recipes.budget import token_budget  # noqa: E402
from rl.recipes.load import read_recipe  # noqa: E402
from rl.recipes.recipe import Recipe  # noqa: E402
from rl.rewards.outcome import Outcome  # noqa: E402
from rl.rewards.scored_trace import Scores  # noqa: E402
from rl.rollouts.rollout import Rollout  # noqa: E402
from rl.run.checkpoints import TrainingFault  # noqa: E402
from rl.training.assemble import (  # noqa: E402
    judge,
    stop_if_void,
    teacher_of,
    trl_arguments,
)
from tests.rl.conftest import a_question, a_rollout, tiny_model, tiny_tokenizer  # noqa: E402
from tests.rl.labelled import replied, version_of  # noqa: E402
from tests.rl.labelled import train as labelled_run  # noqa: E402
from tests.rl.methods.test_teachers import alone, padded  # noqa: E402


def recipe(**tables: Any) -> Recipe:
    """A recipe in which no setting has its default."""
    settings: dict[str, Any] = {
        "name": "odd",
        "model": {"name": "m"},
        "rollout": {"temperature": 0.7, "turn_tokens": 33, "max_turns": 3},
        "rewards": {"task": 0.25, "temporal": 0.75, "cost": 0.0},
        "objective": {
            "loss": "bnpo",
            "epsilon_low": 0.11,
            "epsilon_high": 0.33,
            "ratio_cap": 7.0,
            "kl": 0.03,
            "entropy": 0.004,
            "top_entropy": 0.6,
        },
        "train": {
            "rounds": 3,
            "questions": 4,
            "group_size": 4,
            "micro_batch": 4,
            "epochs": 2,
            "minibatches": 2,
            "learning_rate": 0.002,
            "schedule": "cosine",
            "warmup_steps": 5,
            "weight_decay": 0.06,
            "max_grad_norm": 0.8,
            "checkpoint_every": 3,
            "seed": 9,
            "device": "cpu",
        },
    }
    return read_recipe({**settings, **tables}, "odd.toml")


def test_every_setting_of_a_recipe_reaches_the_trainer(tmp_path: Path) -> None:
    given = recipe()
    made = trl_arguments(given, tmp_path)
    wanted = {
        "beta": 0.03,
        "epsilon": 0.11,
        "epsilon_high": 0.33,
        "delta": 7.0,
        "loss_type": "bnpo",
        "entropy_coef": 0.004,
        "top_entropy_quantile": 0.6,
        "temperature": 0.7,
        "reward_weights": [0.25, 0.75, 0.0],
        "num_iterations": 2,
        "num_generations": 4,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,  # 16 rollouts in 2 minibatches of 2 micro-batches
        "steps_per_generation": 4,
        "max_steps": 12,  # 3 rounds of 2 epochs of 2 minibatches
        "save_steps": 12,
        "learning_rate": 0.002,
        "warmup_steps": 5,
        "weight_decay": 0.06,
        "max_grad_norm": 0.8,
        "seed": 9,
        "shuffle_dataset": False,
        "vllm_importance_sampling_correction": False,
        "max_completion_length": token_budget(given).thread,
    }
    assert {name: getattr(made, name) for name in wanted} == wanted
    assert made.lr_scheduler_type == "cosine"
    assert made.output_dir == str(tmp_path)


class Words:
    """Spells a text as one token for each word."""

    def words(self, text: str) -> tuple[int, ...]:
        return tuple(3 + len(word) for word in text.split())


def law(text: str) -> Any:
    versions = {"w#p@2001-01-01": SimpleNamespace(text=text)}
    return SimpleNamespace(store=SimpleNamespace(version=versions.get))


def test_the_teacher_reads_the_governing_text_at_the_temperature_of_the_student() -> None:
    student = SimpleNamespace(model=tiny_model(), tokenizer=tiny_tokenizer(), codec=Words())
    distilling = Objective(additives=(Distillation(OpdSettings()),))
    teach = teacher_of(distilling, recipe(), student, law("one three fifteen"))
    assert teach is not None
    rollouts = [a_rollout(0, 4)]
    out = padded(rollouts)
    found = teach(rollouts, SimpleNamespace(**out, completion_ids_N_T=out["completion_ids"]), out)

    def colder(input_ids: Any) -> Any:
        return SimpleNamespace(logits=student.model(input_ids=input_ids).logits / 0.7)

    expected = alone(colder, (6, 8, 10), rollouts[0])
    torch.testing.assert_close(found[0, : len(expected)], expected, atol=1e-5, rtol=1e-5)
    assert teacher_of(build_objective(recipe().objective), recipe(), student, law("")) is None


def test_a_round_of_failed_rollouts_is_not_learnt_from() -> None:
    rollouts = [a_rollout(n, n, void="no server" if n < 2 else None) for n in range(4)]
    stop_if_void(rollouts, 0.5)
    with pytest.raises(TrainingFault, match=r"50% of a round's rollouts failed .* no server"):
        stop_if_void(rollouts, 0.49)


def test_answers_are_told_apart_where_methods_vote() -> None:
    scores, question = Scores(rewards={}, outcome=Outcome.CORRECT), a_question(0)
    cited = [replied(question, version_of(question, right)) for right in (True, True, False)]
    rollouts = [Rollout(question=question, trace=trace, scores=scores) for trace in cited]
    (one, key), (_, same), (_, other) = [judge(rollout) for rollout in rollouts]
    assert one is Outcome.CORRECT
    assert key == same != other
    assert judge(rollouts[0].model_copy(update={"void": "no server"})) == (Outcome.CORRECT, None)


def test_a_sampler_that_went_astray_is_found_by_the_recipe_s_own_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``rollout.max_gap`` of the recipe is that of the trainer."""
    from tests.rl import labelled

    honest = labelled.player()

    def astray(*_: Any) -> Any:
        def play(trainer: Any, questions: Sequence[Posed], seed: int) -> list[Rollout]:
            return [_colder(one) for one in honest(trainer, questions, seed)]

        return play

    labelled_run(tmp_path / "honest", None, rounds=1)
    monkeypatch.setattr(labelled, "player", astray)
    with pytest.raises(TrainingFault, match="nats per token"):
        labelled_run(tmp_path / "astray", None, rounds=1)


def _colder(rollout: Rollout) -> Rollout:
    tokens = rollout.episode
    assert tokens is not None
    logps = tuple(3.0 * one for one in tokens.logprobs)
    return rollout.model_copy(update={"episode": tokens.model_copy(update={"logprobs": logps})})


def test_a_run_with_labels_poses_its_questions_without_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.rl import labelled

    asked: list[Any] = []
    honest = labelled.player()

    def listening(*_: Any) -> Any:
        def play(trainer: Any, questions: Sequence[Posed], seed: int) -> list[Rollout]:
            asked.extend(questions)
            return honest(trainer, questions, seed)

        return play

    monkeypatch.setattr(labelled, "player", listening)
    labelled_run(tmp_path / "run", {"policy": "random", "budget": 0.0}, rounds=1)
    assert asked
    assert not any(hasattr(one, "gold_version") for one in asked)
