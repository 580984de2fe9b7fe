"""One pass of TRL's DPOTrainer on pairs of token ids, whose tool tokens are masked.

TRL counts every token of a completion. Here the tokens that tools wrote are excluded from the
log-probabilities of both rollouts, so they have no gradient.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from torch import Tensor
from transformers import PrinterCallback, ProgressCallback
from trl import DPOConfig, DPOTrainer
from trl.trainer.dpo_trainer import DataCollatorForPreference

from corpus.model import Frozen
from rl.after_run.g2d.pairs import Pair
from rl.run.checkpoints import SEAL, TrainingFault, checkpoints
from rl.training.atomic_checkpoints import AtomicCheckpoints

COLUMNS = ("prompt_ids", "chosen_ids", "chosen_mask", "rejected_ids", "rejected_mask")


class DpoSettings(Frozen):
    """Hyperparameters of the pass.

    Attributes:
        learning_rate: of AdamW, constant.
        beta: weight of the log-ratio to the start.
        batch: pairs of one optimiser step.
        checkpoint_every: optimiser steps between checkpoints.
        seed: seed of the order of pairs.
        device: ``cpu``; null for the GPU where there is one.
    """

    learning_rate: float
    beta: float = 0.1
    batch: int = 8
    checkpoint_every: int = 50
    seed: int = 0
    device: str | None = None


class DpoCurve(Frozen):
    """What the pass measured while it trained.

    Attributes:
        steps: optimiser steps.
        first_loss: loss before the first step; log 2, since nothing has moved.
        last_loss: loss of the last batch before its step.
        margin: mean difference of the log-ratios in the last batch, times beta.
    """

    steps: int
    first_loss: float
    last_loss: float
    margin: float


@dataclass
class MaskedPairs(DataCollatorForPreference):  # type: ignore[misc]
    """TRL's collator, with 0 in ``completion_mask`` for every token that a tool wrote."""

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Return a batch: the chosen rollouts, then the rejected ones, padded on the right."""
        batch: dict[str, Any] = super().torch_call(examples)
        mask: Tensor = batch["completion_mask"]
        sides = [(side, one) for side in ("chosen", "rejected") for one in examples]
        for row, (side, one) in enumerate(sides):
            start, own = len(one["prompt_ids"]), one[f"{side}_mask"]
            mask[row, start : start + len(own)] *= torch.tensor(own, dtype=mask.dtype)
        return batch


class PairTrainer(AtomicCheckpoints, DPOTrainer):  # type: ignore[misc]
    """TRL's DPOTrainer on pairs of token ids, with atomic checkpoints."""

    _keep = 1

    @staticmethod
    def _seal(folder: Path) -> None:
        (folder / SEAL).write_text("{}\n", encoding="utf-8")

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        return dataset


def prefer(
    model: Any, tokenizer: Any, pairs: Sequence[Pair], settings: DpoSettings, folder: Path
) -> DpoCurve:
    """Train a model in place for one pass over the pairs, from its newest checkpoint in ``folder``.

    The reference is the model as it is given. The same model, pairs and settings give the same
    weights on the same machine.

    Args:
        model: a causal language model, possibly wrapped by ``peft``.
        tokenizer: its tokenizer; used for padding only.
        pairs: the pairs, at least one.
        settings: hyperparameters.
        folder: folder of the pass's checkpoints.

    Raises:
        TrainingFault: the loss is not a finite number, or a checkpoint cannot be written.
    """
    trainer = pair_trainer(model, tokenizer, pairs, settings, folder)
    done = checkpoints(folder)
    trainer.train(resume_from_checkpoint=str(done[-1]) if done else None)
    logged = [row for row in trainer.state.log_history if "loss" in row]
    return _curve(logged)


def pair_trainer(
    model: Any, tokenizer: Any, pairs: Sequence[Pair], settings: DpoSettings, folder: Path
) -> PairTrainer:
    """Return the trainer of the pass."""
    rows = [{name: list(getattr(pair, name)) for name in COLUMNS} for pair in pairs]
    adapted = hasattr(model, "peft_config")
    filler = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    trainer = PairTrainer(
        model=model,
        ref_model=None if adapted else copy.deepcopy(model).eval(),
        args=DPOConfig(**_arguments(settings, folder)),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        data_collator=MaskedPairs(pad_token_id=filler),
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    return trainer


def _curve(logged: Sequence[Mapping[str, Any]]) -> DpoCurve:
    for row in logged:
        if not bool(torch.isfinite(torch.tensor(float(row["loss"])))):
            raise TrainingFault(f"The loss of step {row['step']} of DPO is not a finite number.")
    last = logged[-1]
    return DpoCurve(
        steps=int(last["step"]),
        first_loss=float(logged[0]["loss"]),
        last_loss=float(last["loss"]),
        margin=float(last["rewards/margins"]),
    )


def _arguments(settings: DpoSettings, folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "num_train_epochs": 1,
        "per_device_train_batch_size": settings.batch,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "constant",
        "beta": settings.beta,
        "max_length": None,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "remove_unused_columns": False,
        "use_cpu": settings.device == "cpu",
        "bf16": False,
        "gradient_checkpointing": False,
        "dataloader_pin_memory": False,
        "save_strategy": "steps",
        "save_steps": settings.checkpoint_every,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "disable_tqdm": True,
    }
