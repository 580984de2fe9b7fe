"""Configurations of ``accelerate launch``, checked against a recipe. Needs no torch.

Those that come with InForce are in ``rl/recipes/accelerate``.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from rl.recipes.budget import batch_budget
from rl.recipes.recipe import Recipe, RecipeError

AUTO = "auto"


class LaunchConfig(BaseModel):
    """What a recipe must agree with, of the fields that accelerate reads."""

    model_config = ConfigDict(frozen=True, extra="allow")

    distributed_type: Literal["NO", "MULTI_CPU", "MULTI_GPU", "FSDP", "DEEPSPEED"]
    num_processes: int
    mixed_precision: Literal["no", "bf16", "fp16"] = "no"
    fsdp_config: dict[str, Any] = {}
    deepspeed_config: dict[str, Any] = {}


def config_path(name: str) -> Path:
    """Return the file of a configuration: one that comes with InForce, or a ``.json`` file.

    Raises:
        RecipeError: there is none.
    """
    shipped = Path(str(files("rl"))) / "recipes" / "accelerate"
    path = Path(name).expanduser() if name.endswith(".json") else shipped / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in shipped.glob("*.json")))
        raise RecipeError(
            f"There is no configuration of accelerate '{name}': there are {known}, and .json files."
        )
    return path


def check_launch(recipe: Recipe, path: Path) -> None:
    """Check that a configuration of accelerate fits a recipe.

    Raises:
        RecipeError: the file is no configuration, or a field contradicts the recipe.
    """
    try:
        config = LaunchConfig.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise RecipeError(f"{path.name} cannot be read: {fault}.") from fault
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise RecipeError(f"{path.name}, {place}: {first['msg']}.") from fault
    for rule in (_processes, _precision, _sharded, _fsdp_config, _deepspeed):
        words = rule(recipe, config)
        if words is not None:
            raise RecipeError(f"{path.name} does not fit {recipe.name}: {words}")


def _processes(recipe: Recipe, config: LaunchConfig) -> str | None:
    wanted = recipe.train.processes
    if config.num_processes == wanted:
        return None
    return f"num_processes is {config.num_processes}, and train.processes is {wanted}."


def _precision(recipe: Recipe, config: LaunchConfig) -> str | None:
    wanted = "bf16" if recipe.model.autocast else "no"
    if config.mixed_precision == wanted:
        return None
    return f"mixed_precision is {config.mixed_precision}, and model.autocast asks for {wanted}."


def _sharded(recipe: Recipe, config: LaunchConfig) -> str | None:
    if config.distributed_type != "FSDP":
        return None
    if recipe.model.quantised is not None:
        return "FSDP shards weights of one number format, and model.quantised has two."
    if recipe.rollout.sampler == "local":
        return (
            "with FSDP every process takes part in each forward pass, and with the sampler local"
            " each needs another number of them; use vllm or colocated, or multi-gpu."
        )
    if recipe.snapshots is not None:
        return "[snapshots] copies whole weights, and FSDP leaves each process a shard."
    return None


def _fsdp_config(recipe: Recipe, config: LaunchConfig) -> str | None:
    if config.distributed_type != "FSDP":
        return None
    told = config.fsdp_config
    if told.get("fsdp_version", 1) != 2:
        return "fsdp_version is not 2; FSDP 1 flattens the weights that an adapter is saved from."
    if told.get("fsdp_activation_checkpointing") and recipe.model.gradient_checkpointing:
        return (
            "fsdp_activation_checkpointing and model.gradient_checkpointing do the same twice; keep"
            " one of them."
        )
    return None


def _deepspeed(recipe: Recipe, config: LaunchConfig) -> str | None:
    if config.distributed_type != "DEEPSPEED":
        return None
    told = config.deepspeed_config
    if told.get("zero_stage") not in {0, 1, 2}:
        return "zero_stage is not 0, 1 or 2: ZeRO-3 leaves no process with whole weights to probe."
    wanted = {
        "gradient_accumulation_steps": batch_budget(recipe.train).accumulated,
        "gradient_clipping": recipe.train.max_grad_norm,
    }
    for name, value in wanted.items():
        if told.get(name, AUTO) not in {AUTO, value}:
            return f"{name} is {told[name]}, and the recipe's is {value}; write '{AUTO}'."
    return None
