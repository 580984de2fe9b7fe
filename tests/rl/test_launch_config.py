"""Configurations of accelerate: what contradicts the recipe is refused before anything starts."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inforce import app
from rl.recipes.launch_config import check_launch, config_path
from rl.recipes.load import load_recipe
from rl.recipes.recipe import RecipeError, SnapshotSettings

SHIPPED = ("multi-gpu", "fsdp2", "deepspeed-zero2")
BIG = load_recipe("qwen2.5-7b-grpo")


def written(folder: Path, name: str, **changed: Any) -> Path:
    """A shipped configuration with fields changed; a nested one is updated."""
    told = json.loads(config_path(name).read_text(encoding="utf-8"))
    for key, value in changed.items():
        told[key] = {**told.get(key, {}), **value} if isinstance(value, dict) else value
    path = folder / "mine.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_fits_the_recipe_of_several_gpus(name: str) -> None:
    said = CliRunner().invoke(app, ["train", "qwen2.5-7b-grpo", "--dry-run", "--accelerate", name])
    assert said.exit_code == 0, said.output
    assert f"accelerate launch --config_file {config_path(name)} -m inforce train" in said.stdout


def test_the_command_starts_the_run_that_was_checked(tmp_path: Path) -> None:
    changed = ["--set", "train.seed=3", "--set", 'model.lora.targets=["q_proj"]']
    said = CliRunner().invoke(
        app,
        ["train", "qwen2.5-7b-grpo", "--dry-run", "--accelerate", "fsdp2", *changed,
         "--runs", str(tmp_path / "my runs")],
    )  # fmt: skip
    command = shlex.split(said.stdout.rpartition("Start: ")[2])
    assert command[-len(changed) - 3 :] == [
        "qwen2.5-7b-grpo",
        *changed,
        "--runs",
        str(tmp_path / "my runs"),
    ]


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("multi-gpu", {"num_processes": 4}, "num_processes is 4, and train.processes is 8"),
        ("multi-gpu", {"mixed_precision": "no"}, "model.autocast asks for bf16"),
        ("multi-gpu", {"distributed_type": "TPU"}, "mine.json, distributed_type: "),
        ("fsdp2", {"fsdp_config": {"fsdp_version": 1}}, "fsdp_version is not 2"),
        ("fsdp2", {"fsdp_config": {"fsdp_activation_checkpointing": True}}, "the same twice"),
        ("deepspeed-zero2", {"deepspeed_config": {"zero_stage": 3}}, "zero_stage is not 0, 1 or 2"),
        ("deepspeed-zero2", {"deepspeed_config": {"gradient_accumulation_steps": 1}},
         r"gradient_accumulation_steps is 1, and the recipe's is \d+"),
        ("deepspeed-zero2", {"deepspeed_config": {"gradient_clipping": 0.5}},
         "gradient_clipping is 0.5, and the recipe's is 1.0"),
    ],
)  # fmt: skip
def test_a_contradiction_is_named(
    tmp_path: Path, name: str, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        check_launch(BIG, written(tmp_path, name, **changed))


def test_weights_in_four_bits_are_not_sharded() -> None:
    held = BIG.model.model_copy(update={"quantised": "nf4"})
    quantised = BIG.model_copy(update={"model": held})
    check_launch(quantised, config_path("multi-gpu"))
    with pytest.raises(RecipeError, match="FSDP shards weights of one number format"):
        check_launch(quantised, config_path("fsdp2"))


def test_what_needs_whole_weights_in_each_process_is_not_sharded() -> None:
    near = BIG.model_copy(
        update={"rollout": BIG.rollout.model_copy(update={"sampler": "local", "url": None})}
    )
    check_launch(near, config_path("multi-gpu"))
    with pytest.raises(RecipeError, match="each needs another number of them; use vllm"):
        check_launch(near, config_path("fsdp2"))
    kept = BIG.model_copy(update={"snapshots": SnapshotSettings()})
    with pytest.raises(RecipeError, match=r"\[snapshots\] copies whole weights"):
        check_launch(kept, config_path("fsdp2"))


def test_a_missing_file_and_a_run_without_accelerate_are_said(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="there are deepspeed-zero2, fsdp2, multi-gpu"):
        config_path("fsdp3")
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"broken.json, the file: Invalid JSON"):
        check_launch(BIG, broken)
    with pytest.raises(RecipeError, match=r"num_processes is 8, and train.processes is 1"):
        check_launch(load_recipe("tiny-grpo"), config_path("multi-gpu"))
    said = CliRunner().invoke(app, ["train", "qwen2.5-7b-grpo", "--accelerate", "fsdp2"])
    assert "--accelerate needs --dry-run; the run is started by: accelerate" in str(said.exception)


@pytest.mark.torch
@pytest.mark.parametrize("name", SHIPPED)
def test_accelerate_reads_what_is_shipped(name: str) -> None:
    pytest.importorskip("accelerate", reason="needs the extra train")
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    found = load_config_from_file(str(config_path(name)))
    told = json.loads(config_path(name).read_text(encoding="utf-8"))
    assert (found.num_processes, found.mixed_precision) == (8, "bf16")
    assert found.distributed_type.value == told["distributed_type"]
    assert found.fsdp_config == told.get("fsdp_config", {})
    assert found.deepspeed_config == told.get("deepspeed_config", {})
    options = {action.dest for action in launch_command_parser()._actions}
    assert {*found.fsdp_config, *found.deepspeed_config} <= options
