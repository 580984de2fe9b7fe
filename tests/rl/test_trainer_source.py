"""Questions in, columns of token ids out: their order, their voids, and what stops a run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rl.questions.training_questions import questions_of
from rl.recipes.recipe import DataSettings, RecipeError
from rl.rewards import REWARDS, RewardSpec
from rl.rollouts.rollout import Rollout, scored_by, scored_rollout
from rl.rollouts.trl_adapter import (
    TrlAdapter,
    columns,
    question_order,
    reward_functions,
    voided,
)
from tests.rl.conftest import a_question, a_rollout

TRAINER = SimpleNamespace(
    state=SimpleNamespace(global_step=3), accelerator=SimpleNamespace(process_index=0)
)
EMPTY: Any = SimpleNamespace(store=SimpleNamespace(histories=lambda: iter(())))


def by_task(rollout: Rollout) -> Rollout:
    return scored_rollout(rollout, [REWARDS["task"]])


def test_every_question_is_asked_once_before_any_is_asked_again() -> None:
    ids = [f"q{n}" for n in range(7)]
    order = question_order(ids, 20, seed=1)
    assert len(order) == 20
    assert sorted(order[:7]) == sorted(order[7:14]) == sorted(ids)
    assert order[:7] != order[7:14]
    assert question_order(list(reversed(ids)), 20, seed=1) == order
    assert question_order(ids, 40, seed=1)[:20] == order
    assert question_order(ids, 20, seed=2) != order


def test_ids_masks_and_log_probs_pass_through_unchanged() -> None:
    rollout = a_rollout(1, seed=5)
    table = columns([rollout], filler=1)
    tokens = rollout.episode
    assert tokens is not None
    assert tuple(table["completion_ids"][0]) == tokens.completion_ids
    assert tuple(table["env_mask"][0]) == tokens.mask
    assert tuple(table["logprobs"][0]) == tokens.logprobs
    assert table["rollout"] == [rollout]


def test_a_rollout_without_tokens_is_one_masked_token() -> None:
    table = columns([a_rollout(1, 0, void="no server")], filler=1)
    assert (table["completion_ids"], table["env_mask"]) == ([[1]], [[0]])
    assert (table["prompt_ids"], table["logprobs"]) == ([[1]], [[0.0]])


@pytest.mark.parametrize("by", [1, -1])
def test_a_mask_shifted_by_one_is_refused_however_long_the_thread(by: int) -> None:
    rollout = a_rollout(1, seed=5)
    tokens = rollout.episode
    assert tokens is not None
    mask = (*tokens.mask[-by:], *tokens.mask[:-by])
    wrong = rollout.model_copy(update={"episode": tokens.model_copy(update={"mask": mask})})
    with pytest.raises(ValueError, match="the mask of q1 does not fit its log-probs"):
        columns([wrong], filler=1)


def test_a_void_rollout_has_no_reward_and_others_keep_theirs() -> None:
    (task,) = reward_functions(["task"])
    rollouts = [a_rollout(1, 0), a_rollout(2, 0, void="no server")]
    first, second = task(rollout=list(map(by_task, rollouts)), prompts=[], trainer_state=None)
    assert second is None
    assert first is None or isinstance(first, float)
    late = rollouts[0].model_copy(update={"void": "broke off"})
    assert task(rollout=[by_task(late)]) == [None]
    assert task.__name__ == "task"


def test_a_reward_that_is_no_number_is_a_fault_and_not_silence() -> None:
    broken = RewardSpec("task", lambda _trace, _question: float("nan"), "", "", "", 1.0)
    with pytest.raises(ValueError, match="the reward task of q1 is nan"):
        scored_rollout(a_rollout(1, 0), [broken])


def test_a_rollout_that_nobody_scored_is_a_fault_and_not_silence() -> None:
    (task,) = reward_functions(["task"])
    with pytest.raises(ValueError, match="the rollout of q1 has not been scored"):
        task(rollout=[a_rollout(1, 0)])


def test_the_share_of_voids_is_told_with_its_reasons() -> None:
    rollouts = [a_rollout(n, 0, void=f"reason {n % 5}" if n else None) for n in range(10)]
    share, why = voided(rollouts)
    assert share == 0.9
    assert why == "reason 1; reason 2; reason 3 and 2 other reasons"
    assert voided([a_rollout(1, 0)]) == (0.0, "")


def test_rounds_and_processes_draw_from_seeds_of_their_own() -> None:
    seeds: list[int] = []

    def play(_trainer: Any, questions: Any, seed: int) -> list[Any]:
        seeds.append(seed)
        return [a_rollout(1, 0) for _ in questions]

    source = TrlAdapter(play, {"q1": a_question(1)}, scored_by(()), seed=0, filler=1)
    for step, process in ((0, 0), (0, 0), (2, 0), (0, 1)):
        trainer = SimpleNamespace(
            state=SimpleNamespace(global_step=step),
            accelerator=SimpleNamespace(process_index=process),
        )
        source(["q1", "q1"], trainer)
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 3
    assert all(0 <= seed < 2**56 for seed in seeds)


def test_what_inspects_a_round_may_stop_the_run() -> None:
    def refuse(rollouts: Any) -> None:
        raise RecipeError(f"{len(rollouts)} seen")

    def play(_trainer: Any, questions: Any, _seed: int) -> list[Any]:
        return [a_rollout(1, 0) for _ in questions]

    questions = {"q1": a_question(1)}
    source = TrlAdapter(play, questions, scored_by(()), seed=0, filler=1, inspect=refuse)
    with pytest.raises(RecipeError, match="2 seen"):
        source(["q1", "q1"], TRAINER)


def test_no_question_left_after_filtering_is_said_before_anything_is_loaded() -> None:
    with pytest.raises(RecipeError, match=r"None of 0 questions is left after data\.split = train"):
        questions_of(DataSettings(), EMPTY)


def test_too_many_void_rollouts_stop_a_run_and_few_do_not() -> None:
    pytest.importorskip("trl", reason="needs the extra train")
    from rl.run.checkpoints import TrainingFault
    from rl.training.assemble import stop_if_void

    rollouts = [a_rollout(n, 0, void="no server at :8000" if n < 2 else None) for n in range(8)]
    stop_if_void(rollouts, 0.25)
    words = r"25% of a round's rollouts failed \(at most 20% may\): no server at :8000\."
    with pytest.raises(TrainingFault, match=words):
        stop_if_void(rollouts, 0.2)


@pytest.mark.parametrize(
    ("tokenizer", "words"),
    [
        ({"eos_token_id": None, "size": 8}, "has no end-of-sequence token, so no turn could end"),
        ({"eos_token_id": 1, "size": 99}, "has 99 tokens, but the model only 10"),
    ],
)
def test_a_tokenizer_without_the_needed_tokens_is_refused(
    tokenizer: dict[str, Any], words: str
) -> None:
    pytest.importorskip("trl", reason="needs the extra train")
    from rl.training.model_loading import check_tokenizer

    class Sized(SimpleNamespace):
        def __len__(self) -> int:
            return int(self.size)

    with pytest.raises(RecipeError, match=words):
        check_tokenizer("m", Sized(**tokenizer), 10)
    check_tokenizer("m", Sized(eos_token_id=1, size=10), 10)


def test_another_number_of_processes_than_the_batches_were_divided_for_is_refused() -> None:
    pytest.importorskip("accelerate", reason="needs the extra train")
    from rl.recipes.load import read_recipe
    from rl.training.launch import check_processes

    recipe = read_recipe({"name": "r", "train": {"processes": 2}}, "r.toml")
    check_processes(recipe, 2)
    with pytest.raises(RecipeError, match=r"train\.processes is 2, but 1 started; use accelerate"):
        check_processes(recipe, 1)


def test_a_colocated_sampler_is_trls_own_engine_and_needs_a_gpu(tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="needs the extra train")
    from rl.recipes.load import read_recipe
    from rl.rollouts.rollout_sampling import _current
    from rl.rollouts.samplers.colocated import ColocatedSampler
    from rl.training.assemble import trl_arguments
    from rl.training.launch import check_device

    recipe = read_recipe({"name": "r", "rollout": {"sampler": "colocated"}}, "r.toml")
    engine = SimpleNamespace(
        llm_engine=SimpleNamespace(model_config=SimpleNamespace(max_model_len=77))
    )
    trainer = SimpleNamespace(vllm_generation=SimpleNamespace(llm=engine))
    sampler = _current(recipe, SimpleNamespace())(trainer)  # type: ignore[arg-type]
    assert isinstance(sampler, ColocatedSampler)
    assert sampler.context == 77
    told = trl_arguments(recipe, tmp_path)
    assert (told.use_vllm, told.vllm_mode) == (True, "colocate")
    assert told.vllm_gpu_memory_utilization == recipe.rollout.gpu_share
    assert not trl_arguments(read_recipe({"name": "r"}, "r.toml"), tmp_path).use_vllm
    check_device(recipe, "cuda")
    with pytest.raises(RecipeError, match="vLLM on the trainer's GPU, but this process trains on"):
        check_device(recipe, "cpu")
