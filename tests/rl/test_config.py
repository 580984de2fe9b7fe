"""A recipe that cannot be run is refused in one sentence, before anything is opened."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from corpus.questions import Family
from rl.objective.methods.settings import SETTINGS, NsrSettings
from rl.recipes.budget import batch_budget, memory_budget, parameters, token_budget
from rl.recipes.load import load_recipe, read_recipe, recipe_names
from rl.recipes.recipe import Recipe, RecipeError, Shape
from rl.recipes.requirements import check_requirements
from rl.recipes.toml_writer import dump

BASE: dict[str, Any] = {"name": "r", "rewards": {"temporal": 1.0}}


def recipe(**tables: Any) -> Recipe:
    return read_recipe({**BASE, **tables}, "r.toml")


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"train": {"lr": 1e-4}}, "r.toml, field 'train.lr': there is no such setting."),
        ({"train": {"learning_rat": 1e-4}}, "did you mean 'learning_rate'?"),
        ({"modle": {}}, "field 'modle': there is no such setting; did you mean 'model'?"),
        ({"model": {"lora": {"rnak": 8}}}, "'model.lora.rnak': .* did you mean 'rank'?"),
        ({"train": {"group_size": 1}}, "'train.group_size': .* greater than or equal to 2"),
        ({"rewards": {"temporl": 1.0}}, "there is no reward 'temporl'; there are task"),
        ({"rewards": {"temporal": 0.0}}, "there is nothing to learn from"),
        ({"rollout": {"sampler": "vllm"}}, "rollout.url is where the sampler vllm listens"),
        ({"rollout": {"sampler": "vllm", "url": "http://x"}}, "set model.lora"),
        ({"warm_start": {"demonstrations": 9}, "train": {"processes": 2}}, "made by one process"),
        ({"data": {"synthetic": 500, "questions": "q.jsonl"}}, "both say where questions come"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place(tables: Mapping[str, Any], words: str) -> None:
    with pytest.raises(RecipeError, match=words.replace("?", r"\?")) as refused:
        recipe(**tables)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ({"micro_batch": 5}, "the rollouts of a process are 64, which is not a multiple of"),
        ({"processes": 3}, "train.questions are 8, which is not a multiple of train.processes = 3"),
        ({"minibatches": 3}, "the passes of an epoch are 8, which is not a multiple of"),
        ({"questions": 1, "processes": 2}, "train.questions are 1"),
        ({"questions": 1, "group_size": 2, "micro_batch": 4}, "are 2, which is not a multiple"),
    ],
)
def test_batches_that_do_not_divide_are_refused_with_their_numbers(
    train: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(RecipeError, match=words):
        recipe(train=train)


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ({"clip": "nrs"}, "'objective.clip': 'nrs' is no method; here fit nsr, ppo."),
        ({"clip": "tis"}, "'objective.clip': 'tis' fills the slot weights; here fit nsr, ppo."),
        ({"clip": 3}, "'objective.clip': a method is a name or a table, such as 'nsr'."),
        ({"additives": {"lam": 0.1}}, "'objective.additives.0': a method needs its name"),
        (
            {"advantage": {"kind": "grpo", "scal": 1}},
            "'objective.advantage.scal' of grpo: there",
        ),
        ({"advantage": {"kind": "grpo", "scal": 1}}, "no such setting; did you mean 'scale'?"),
        (
            {"advantage": {"kind": "grpo", "scale": "world"}},
            "advantage.scale' of grpo: Input",
        ),
        ({"post": ["tiar", {"kind": "ftis_filter", "limit": -1}]}, "post.1.limit' of ftis_filter"),
        ({"regularisers": {"kind": "kl_cov", "x": 1}}, "'objective.regularisers.0.x' of kl_cov"),
        ({"clip": {"kind": "nsr", "p": 0.1, "delta": 0.1}}, "of nsr: delta is a setting of draw"),
        ({"additives": {"kind": "opd", "teacher": "http://x"}}, "of opd: a teacher behind an"),
    ],
)
def test_a_method_that_is_not_there_or_set_wrongly_is_named(
    objective: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(RecipeError, match=re.escape(words)) as refused:
        recipe(objective=objective)
    assert str(refused.value).startswith("r.toml, field ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("kind", sorted(SETTINGS))
def test_a_method_read_whole_is_the_method_written(kind: str) -> None:
    read = SETTINGS[kind].model_validate({"kind": kind})
    assert SETTINGS[kind].model_validate(read.model_dump(mode="json")) == read


@pytest.mark.parametrize(
    ("objective", "train", "words"),
    [
        ({"clip": "nsr"}, {"epochs": 1}, "nsr has no effect while each rollout is trained on once"),
        ({"regularisers": "kl_cov"}, {"epochs": 1}, "kl_cov has no effect"),
        ({"weights": "delta", "top_entropy": 0.2}, {}, "delta and top_entropy both choose tokens"),
        ({"advantage": "lampo", "post": "tiar"}, {}, "give lam yourself, at lampo's scale"),
        ({"weights": ["tis", "tis"]}, {}, "tis is named twice"),
        ({"weights": "tis"}, {}, "tis has no effect on rollouts that the policy sampled itself"),
        ({"post": "ftis_filter"}, {}, "ftis_filter has no effect on .* rollout.pool to a run"),
    ],
)
def test_methods_that_do_not_go_together_are_refused(
    objective: Mapping[str, Any], train: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(RecipeError, match=f"is inconsistent: .*{words}"):
        recipe(objective=objective, train=train)


@pytest.mark.parametrize(
    ("objective", "train"),
    [
        ({"clip": "nsr"}, {"epochs": 2}),
        ({"clip": "nsr"}, {"epochs": 1, "minibatches": 2}),
        ({"advantage": "lampo", "post": {"kind": "tiar", "lam": 0.1}}, {}),
    ],
)
def test_methods_that_do_go_together_are_not(
    objective: Mapping[str, Any], train: Mapping[str, Any]
) -> None:
    assert recipe(objective=objective, train=train)


@pytest.mark.parametrize(
    ("rollout", "objective"),
    [
        ({"pool": "other-run"}, {"weights": "tis", "post": "ftis_filter"}),
        ({"sampler": "colocated"}, {"weights": "tis"}),
    ],
)
def test_what_weighs_foreign_rollouts_is_read_where_there_are_some(
    rollout: Mapping[str, Any], objective: Mapping[str, Any]
) -> None:
    assert recipe(rollout=rollout, objective=objective)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"rollout": {"url": "http://x"}}, "rollout.url is where the sampler vllm listens"),
        ({"train": {"device": "cpu"}}, "runs on the trainer's GPU, and train.device is cpu"),
        ({"rollout": {"gpu_share": 1.5}}, "'rollout.gpu_share': Input should be less than 1"),
    ],
)
def test_a_colocated_sampler_is_checked_when_the_recipe_is_read(
    tables: dict[str, Any], words: str
) -> None:
    rollout = {"sampler": "colocated"}
    assert recipe(rollout=rollout).rollout.sampler == "colocated"
    with pytest.raises(RecipeError, match=words):
        recipe(**tables | {"rollout": rollout | tables.get("rollout", {})})


def test_a_method_is_a_name_or_a_table_and_an_override_may_set_it() -> None:
    changed = load_recipe("tiny-grpo", ["objective.clip={kind='nsr', p=0.1}", "train.epochs=3"])
    assert changed.objective.clip == NsrSettings(p=0.1)
    assert changed.train.epochs == 3
    word = ["objective.clip=nsr", "train.epochs=2"]
    assert load_recipe("tiny-grpo", word).objective.clip.kind == "nsr"
    assert load_recipe("tiny-grpo", ["objective.post=tiar"]).objective.post[0].kind == "tiar"


@pytest.mark.parametrize(
    ("name", "overrides", "words"),
    [
        ("tiny-grop", [], "There is no recipe 'tiny-grop': did you mean tiny-grpo"),
        ("nowhere.toml", [], "The recipe nowhere.toml cannot be read: No such file"),
        ("tiny-grpo", ["train"], "--set train: write it as table.field=value"),
        ("tiny-grpo", ["name.x=1"], "'name' is no table"),
    ],
)
def test_a_recipe_that_is_not_there_or_misnamed(
    name: str, overrides: list[str], words: str
) -> None:
    with pytest.raises(RecipeError, match=words):
        load_recipe(name, overrides)


def test_what_is_not_toml_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("[train]\nrounds = \n")
    with pytest.raises(RecipeError, match=r"r\.toml is not TOML: .*line 2"):
        load_recipe(str(tmp_path / "r.toml"))


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_that_comes_along_resolves_and_survives_being_written(name: str) -> None:
    read = load_recipe(name)
    text = dump(read.model_dump(mode="json", exclude_none=True))
    assert read_recipe(tomllib.loads(text), "again") == read
    assert read.about


def test_a_round_is_counted_in_rollouts_passes_and_steps() -> None:
    train = {"rounds": 3, "questions": 16, "group_size": 4, "processes": 2, "micro_batch": 4}
    plan = batch_budget(recipe(train={**train, "minibatches": 4, "epochs": 2}).train)
    assert plan.rollouts == 64
    assert plan.rollouts_per_process == 32
    assert plan.passes_per_epoch == 8
    assert plan.accumulated == 2
    assert plan.steps_per_round == 8
    assert plan.steps == 24


def test_tokens_are_counted_for_the_longest_threads() -> None:
    plan = token_budget(
        recipe(
            rollout={"turn_tokens": 10, "max_turns": 3, "max_tokens": 100},
            train={"rounds": 2, "questions": 2, "group_size": 4, "micro_batch": 8, "epochs": 3},
        )
    )
    assert plan.thread == 100
    assert plan.written_per_round == 8 * 30
    assert plan.learnt_per_round == 8 * 100 * 3
    assert plan.learnt == 2 * 8 * 100 * 3


QWEN = Shape(
    layers=28,
    hidden=3584,
    intermediate=18944,
    heads=28,
    key_value_heads=4,
    vocabulary=152064,
    biased=True,
)


def test_parameters_of_a_published_architecture_are_counted_exactly() -> None:
    assert parameters(QWEN) == 7_615_616_512


def test_memory_of_full_training_is_sixteen_bytes_a_weight_in_all() -> None:
    plan = memory_budget(recipe(model={"shape": QWEN.model_dump()}), QWEN)
    whole = plan.weights + plan.gradients + plan.optimiser
    assert whole == pytest.approx(7_615_616_512 * 16 / 2**30)
    assert plan.sampler == 0


def test_an_adapter_leaves_gradients_and_moments_to_itself() -> None:
    lora = {"rank": 8, "targets": ["q_proj"]}
    plan = memory_budget(recipe(model={"lora": lora}), QWEN)
    assert plan.trained == 28 * 8 * (3584 + 3584)
    assert plan.optimiser == pytest.approx(plan.trained * 8 / 2**30)


def test_weights_in_four_bits_take_an_eighth_of_float32_but_for_the_tables() -> None:
    lora = {"rank": 8, "targets": ["q_proj"]}
    plan = memory_budget(recipe(model={"lora": lora, "quantised": "nf4"}), QWEN)
    tables = 2 * 152_064 * 3584
    layers = 7_615_616_512 - tables
    assert plan.weights * 2**30 == pytest.approx(tables * 4 + layers * 4.127 / 8, rel=1e-3)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"model": {"quantised": "nf4"}}, "cannot be trained in 4 bits; set model.lora"),
        ({"rollout": {"sampler": "vllm", "url": "http://x"}}, "use the sampler local"),
        ({"model": {"quantised": "int3"}}, "'model.quantised': Input should be 'nf4'"),
    ],
)
def test_weights_in_four_bits_are_refused_where_they_cannot_be_trained(
    tables: dict[str, Any], words: str
) -> None:
    adapted = {"lora": {"rank": 8}, "quantised": "nf4"}
    assert recipe(model=adapted).model.quantised == "nf4"
    with pytest.raises(RecipeError, match=words):
        recipe(**{"model": adapted} | tables)


def test_weights_in_four_bits_without_their_package_are_refused_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl.recipes.requirements.find_spec", lambda name: None)
    needy = recipe(model={"lora": {"rank": 8}, "quantised": "nf4"})
    with pytest.raises(RecipeError, match=r"pip install 'inforce\[train,qlora\]'"):
        check_requirements(needy, tmp_path)


SOFT: Mapping[str, Any] = {"post": "soft_adv"}


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"objective": {}}, "soft_adv lets them count for less; use both or neither"),
        ({"labels": None}, "use both or neither"),
        ({"objective": {"post": ["soft_adv", "tiar"]}}, "soft_adv must be the last"),
        ({"warm_start": {"demonstrations": 9}}, "a warm start reads gold answers"),
        ({"objective": {**SOFT, "additives": "opd"}}, "opd adds to the advantage of questions"),
        ({"train": {"processes": 2}}, "in one process"),
        ({"labels": {"source": "file"}}, "labels.file is what the source file reads"),
        ({"labels": {"project": "fees"}}, "labels.project is the project of the source queue"),
        ({"labels": {"source": "queue", "policy": "oracle_cag"}}, "chooses by gold answers"),
        ({"labels": {"wait": True}}, "so train.checkpoint_every is 1 with it"),
        ({"labels": {"budget": 1.2}}, "'labels.budget': Input should be less than or equal to 1"),
    ],
)
def test_gold_read_past_the_source_of_labels_is_refused(
    tables: Mapping[str, Any], words: str
) -> None:
    told: dict[str, Any] = {"objective": SOFT, "labels": {}}
    assert recipe(**told).labels is not None
    with pytest.raises(RecipeError, match=words):
        recipe(**{key: value for key, value in {**told, **tables}.items() if value is not None})


def test_a_recipe_without_families_of_its_demonstrations_is_written_as_before() -> None:
    """The digests of finished runs are taken over a recipe's JSON."""
    assert "families" not in load_recipe("tiny-grpo").model_dump(mode="json")["warm_start"]
    hard = load_recipe("tiny-grpo-hard")
    assert hard.warm_start is not None
    left = set(hard.data.families) - set(hard.warm_start.families)
    assert left == {Family.DISTRACTOR, Family.CASE_FACTS}
    again = read_recipe(tomllib.loads(dump(hard.model_dump(mode="json", exclude_none=True))), "r")
    assert again == hard
