"""Write trained weights as a checkpoint or adapter that opens as a policy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rl.recipes.recipe import Lora, Recipe
from rl.training.model_loading import load_model

EXACT = 1e-6
"""Singular values below this share of the largest are left out of an adapter."""


def save_weights(recipe: Recipe, weights: Iterable[tuple[str, Tensor]], folder: Path) -> None:
    """Write a model folder, or an adapter folder where the recipe trains an adapter.

    Args:
        recipe: the recipe of the run.
        weights: as :func:`rl.training.weight_snapshots.trained_weights` returns them.
        folder: an existing folder.

    Raises:
        ModelError: the model of the recipe is missing or damaged.
    """
    lora = recipe.model.lora
    plain = recipe.model.model_copy(update={"lora": None})
    student = load_model(plain, recipe.train.seed)
    if lora is not None:
        _save_adapter(student.model, lora, dict(weights), folder)
    else:
        parameters = dict(student.model.named_parameters())
        with torch.no_grad():
            for name, weight in weights:
                parameters[name].copy_(weight)
        student.model.save_pretrained(folder)
    student.tokenizer.save_pretrained(folder)


def factors(change: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``B (out, r)`` and ``A (r, in)`` whose product is a merged change.

    ``r`` is the number of singular values that are not negligible, at least 1.
    """
    left, values, right = torch.linalg.svd(change.double(), full_matrices=False)
    rank = max(1, int((values > EXACT * values[0]).sum()))
    roots = values[:rank].sqrt()
    return (left[:, :rank] * roots).float(), (roots.unsqueeze(1) * right[:rank]).float()


def _save_adapter(model: Any, lora: Lora, changes: dict[str, Tensor], folder: Path) -> None:
    from peft import LoraConfig, get_peft_model

    parts = {name.removesuffix(".weight"): factors(change) for name, change in changes.items()}
    rank = max(down.shape[0] for _, down in parts.values())
    config = LoraConfig(
        r=rank,
        lora_alpha=rank,
        target_modules=list(lora.targets),
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    layers = dict(adapted.base_model.model.named_modules())
    with torch.no_grad():
        for name, (up, down) in parts.items():
            _fill(layers[name].lora_B["default"].weight, up)
            _fill(layers[name].lora_A["default"].weight, down)
    adapted.save_pretrained(folder)


def _fill(weight: Tensor, values: Tensor) -> None:
    weight.zero_()
    weight[: values.shape[0], : values.shape[1]].copy_(values)
