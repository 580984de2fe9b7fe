"""Warm start: demonstrations from the scripted expert, then supervised training.

A model that does not know the protocol makes no valid move, and a reward that is always zero
teaches nothing. :mod:`rl.training.expert` therefore demonstrates on works of the training split.
Demonstrations have the token ids and mask of sampled rollouts, so the loss covers the model's own
tokens only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from agent.library import Library
from agent.models.codec import Codec
from agent.trace import StopReason
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.questions import HARDER_FAMILIES, Question
from rl.rollouts.cached_library import cached_library
from rl.rollouts.rollout import Limits, Rollout, roll_out_each
from rl.training.expert import Expert

IGNORED = -100
"""Label of a token that is left out of the loss."""

_BETA_2 = 0.99
"""Adam's beta 2. The usual 0.999 averages over more steps than a warm start has."""


_TURNS = 3
"""Most turns of a demonstration; one more with questions that take two readings."""


class Imitation(Frozen):
    """Hyperparameters of the supervised training: one optimiser step per ``batch`` demonstrations.

    The learning rate rises over the share ``warmup`` of the steps, then falls linearly to zero.
    """

    epochs: int = 1
    learning_rate: float = 1e-3
    batch: int = 8
    warmup: float = 0.05
    max_grad_norm: float = 1.0
    bf16: bool = False
    device: str | None = None
    seed: int = 0


class MisdatedDemonstrations(Frozen):
    """Selects the demonstrations that use the law of ``today`` instead of the governing date.

    ``share`` is the share of questions selected, by a random draw from ``seed`` and the question
    id.
    """

    share: float
    today: date
    seed: int = 0

    def of(self, question: Question) -> date | None:
        """Return the wrong date that the expert uses; ``None`` where it uses the right one."""
        drawn = Random(f"{self.seed}:{question.id}").random()  # noqa: S311 - no secret
        return self.today if drawn < self.share else None


def demonstrate(  # noqa: PLR0913
    library: Library,
    codec: Codec,
    questions: Sequence[Question],
    *,
    context: int,
    misdated: MisdatedDemonstrations | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Rollout]:
    """Run the expert on questions; return the rollouts that are right or deliberately misdated.

    Args:
        library: the corpus and index that tools read.
        codec: tokenizer and chat format of the model to train.
        questions: questions with gold answers, of the training split.
        context: context length of the model in tokens.
        misdated: selects the misdated demonstrations; ``None``: none.
        advance: called with the number of finished questions.

    Raises:
        BadInputError: the expert answered none right, so there is nothing to train on.
    """
    works = library.works
    days = {one.id: misdated.of(one) if misdated else None for one in questions}
    asked = [(one, Expert(one, codec, context, works, days[one.id])) for one in questions]
    harder = any(one.family in HARDER_FAMILIES for one in questions)
    held, limits = cached_library(library), Limits(max_turns=_TURNS + harder)
    rollouts = roll_out_each(held, asked, limits=limits, advance=advance)
    kept = [one for one in rollouts if _whole(one) and (days[one.question.id] or _right(one))]
    if not kept:
        raise BadInputError(f"The expert answers none of {len(asked)} questions: no warm start.")
    return kept


def imitate(  # noqa: PLR0913
    model: Any,
    tokenizer: Any,
    demonstrations: Sequence[Rollout],
    settings: Imitation,
    folder: Path,
    *,
    advance: Callable[[int, int], None] = lambda _done, _of: None,
) -> dict[str, float]:
    """Train ``model`` in place on the model's tokens of the demonstrations, with ``SFTTrainer``.

    The same weights, demonstrations and settings give the same result on the same machine.

    Args:
        model: a causal language model, possibly wrapped by ``peft``.
        tokenizer: its tokenizer; used for padding only.
        demonstrations: rollouts that have token ids.
        settings: hyperparameters.
        folder: where the trainer writes its files; no checkpoint is kept.
        advance: called with the number of steps done, and the total.

    Returns:
        ``loss`` (mean over the steps, in nats per token), ``steps`` and ``tokens`` (trained on).
    """
    from datasets import Dataset
    from transformers import PrinterCallback, ProgressCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    class StepProgress(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            advance(state.global_step, state.max_steps)

    rows = [row(rollout) for rollout in demonstrations]
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(**_arguments(settings, folder)),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    trainer.add_callback(StepProgress())
    result = trainer.train()
    tokens = sum(label != IGNORED for one in rows for label in one["labels"])
    return {
        "loss": float(result.training_loss),
        "steps": float(result.global_step),
        "tokens": float(tokens * settings.epochs),
    }


def row(rollout: Rollout) -> dict[str, list[int]]:
    """Return the ids of a rollout and their labels, :data:`IGNORED` outside the model's tokens.

    Raises:
        ValueError: the rollout has no tokens.
    """
    whole = rollout.episode
    if whole is None:
        raise ValueError(f"the rollout of {rollout.question.id} has no tokens to learn from")
    labels = [
        token if own else IGNORED
        for token, own in zip(whole.completion_ids, whole.mask, strict=True)
    ]
    return {
        "input_ids": [*whole.prompt_ids, *whole.completion_ids],
        "labels": [IGNORED] * len(whole.prompt_ids) + labels,
    }


def _arguments(settings: Imitation, folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder),
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": settings.batch,
        "learning_rate": settings.learning_rate,
        "warmup_steps": settings.warmup,
        "max_grad_norm": settings.max_grad_norm,
        "adam_beta2": _BETA_2,
        "bf16": settings.bf16,
        "use_cpu": settings.device == "cpu",
        "seed": settings.seed,
        "data_seed": settings.seed,
        "max_length": None,
        "gradient_checkpointing": False,
        "dataset_kwargs": {"skip_prepare_dataset": True},
        "dataloader_pin_memory": False,
        "save_strategy": "no",
        "report_to": "none",
        "logging_steps": 10,
        "disable_tqdm": True,
    }


def _whole(rollout: Rollout) -> bool:
    return rollout.void is None and rollout.episode is not None


def _right(rollout: Rollout) -> bool:
    """Return whether a demonstration gives the gold answer."""
    trace, gold = rollout.trace, rollout.question.with_answer()
    if trace is None:
        return False
    if gold.decline is not None:
        reason = trace.abstention.reason.value if trace.abstention else None
        return trace.stop is StopReason.ABSTAINED and reason == gold.decline.value
    cited = {citation.version_id for citation in trace.answer.citations} if trace.answer else set()
    return cited == {gold.gold_version}
