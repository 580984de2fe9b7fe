"""The trained weights of a model in float32, and a callback that keeps them during a run.

Of a LoRA adapter the merged change ``s B A`` of each layer is kept, never ``A`` and ``B`` apart: a
product of two lines is not a line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor
from transformers import TrainerCallback

from rl.recipes.recipe import SnapshotSettings
from rl.run.checkpoints import TrainingFault
from rl.run.snapshots import snapshot_path, snapshot_steps

ADAPTED = "base_model.model."
"""Prefix of the layers of a model that is wrapped by ``peft``."""


def trained_weights(model: Any) -> dict[str, Tensor]:
    """Return the trained weights of a model by name, float32 and on the CPU.

    For a LoRA model these are the merged changes ``(out, in)``, by the name of the weight that they
    are added to; otherwise every parameter that is trained, tied ones once.
    """
    layers = {name: part for name, part in model.named_modules() if hasattr(part, "lora_A")}
    if layers:
        return {
            f"{name.removeprefix(ADAPTED)}.weight": merged_change(layer)
            for name, layer in layers.items()
        }
    parameters = ((name, one) for name, one in model.named_parameters() if one.requires_grad)
    return {name: _copied(one) for name, one in parameters}


def merged_change(layer: Any) -> Tensor:
    """Return ``s B A`` of a LoRA layer, ``(out, in)``, multiplied in float32."""
    (name,) = layer.active_adapters
    down, up = layer.lora_A[name].weight, layer.lora_B[name].weight
    return layer.scaling[name] * (_copied(up) @ _copied(down))


def write_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    """Write tensors to a ``.safetensors`` file, aside and renamed.

    Raises:
        TrainingFault: the file cannot be written.
    """
    draft = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(dict(weights), draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.rename(path)
    except (OSError, SafetensorError) as fault:
        draft.unlink(missing_ok=True)
        raise TrainingFault(f"The snapshot {path} could not be written ({fault}).") from fault


class SnapshotKeeper(TrainerCallback):  # type: ignore[misc]
    """Keeps snapshots during a run; a ``TrainerCallback``.

    Args:
        folder: the run directory.
        settings: when and how many.
        steps: optimiser steps of the run.
        say: called once if the budget lets fewer snapshots be kept than the settings want.
    """

    def __init__(
        self, folder: Path, settings: SnapshotSettings, steps: int, say: Callable[[str], None]
    ) -> None:
        self._folder, self._settings, self._steps, self._say = folder, settings, steps, say
        self._due: frozenset[int] = frozenset()

    def on_train_begin(
        self, _args: Any, state: Any, _control: Any, *, model: Any, **_: Any
    ) -> None:
        """Decide which steps to keep, and keep the start.

        Raises:
            RecipeError: too few snapshots fit the budget or the share of the run.
        """
        weights = trained_weights(model)
        size = sum(one.numel() * one.element_size() for one in weights.values())
        due = snapshot_steps(self._settings, self._steps, size)
        self._due = frozenset(due)
        if state.global_step == 0 and state.is_world_process_zero:
            if due[1] > self._settings.every:
                self._say(
                    f"snapshots.most_mib = {self._settings.most_mib:g} holds {len(due)} snapshots"
                    f" of {size / 2**20:.3g} MiB: one is kept every {due[1]} steps, not every"
                    f" {self._settings.every}."
                )
            write_weights(snapshot_path(self._folder, 0), weights)

    def on_step_end(self, _args: Any, state: Any, _control: Any, *, model: Any, **_: Any) -> None:
        """Keep the weights after a step that is due."""
        if state.global_step in self._due and state.is_world_process_zero:
            write_weights(snapshot_path(self._folder, state.global_step), trained_weights(model))


def _copied(one: Tensor) -> Tensor:
    return one.detach().to("cpu", torch.float32, copy=True).contiguous()
