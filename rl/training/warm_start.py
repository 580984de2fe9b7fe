"""Warm start: demonstrations through the serving graph, then supervised training.

A model that has never seen the protocol makes no move at all, and a reward that is always zero
teaches nothing. :mod:`rl.training.expert` therefore shows how it is done on works of the training
split. Its episodes hold the ids and the mask that a sampled one would hold, so imitation learns
from the model's own tokens and from nothing that was only shown to it.
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
from corpus.questions import Question
from rl.rollouts.cached_library import cached_library
from rl.rollouts.rollout import Limits, Rollout, roll_out_each
from rl.training.expert import Expert

IGNORED = -100
"""The label of a token that nothing is learnt from."""

_BETA_2 = 0.99
"""Of Adam. Some hundred steps are too few for the customary 0.999 to forget the first gradients."""


class Imitation(Frozen):
    """Hyperparameters of the supervised training: one step per ``batch`` demonstrations.

    The learning rate falls linearly to zero, after a rise over ``warmup`` of the steps.
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
    """Which demonstrations read the law of ``today`` instead of the governing day's.

    ``share`` of the questions, drawn from ``seed`` and the question.
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
    """Run the expert; return the rollouts that are right or deliberately misdated.

    Args:
        library: where it looks.
        codec: of the model that is to learn.
        questions: with gold answers, of the training split.
        context: tokens that the model takes.
        misdated: which questions it answers without care for the day; ``None``: none.
        advance: told the number of questions done.

    Raises:
        BadInputError: it was right in none, so there is nothing to learn.
    """
    works = library.works
    days = {one.id: misdated.of(one) if misdated else None for one in questions}
    asked = [(one, Expert(one, codec, context, works, days[one.id])) for one in questions]
    held, limits = cached_library(library), Limits(max_turns=3)
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

    The same weights, demonstrations and settings give the same weights again on the same machine.

    Args:
        model: a causal language model, or one that ``peft`` wraps.
        tokenizer: its tokenizer; nothing is tokenised, it only says how to pad.
        demonstrations: rollouts that have an episode.
        settings: how.
        folder: for what the trainer writes; no checkpoint is kept.
        advance: told the number of steps done, and of all.

    Returns:
        ``loss`` (mean over the steps, in nats per token), ``steps`` and ``tokens`` learnt from.
    """
    from datasets import Dataset
    from transformers import PrinterCallback, ProgressCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    class Told(TrainerCallback):  # type: ignore[misc]
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
    trainer.add_callback(Told())
    result = trainer.train()
    tokens = sum(label != IGNORED for one in rows for label in one["labels"])
    return {
        "loss": float(result.training_loss),
        "steps": float(result.global_step),
        "tokens": float(tokens * settings.epochs),
    }


def row(rollout: Rollout) -> dict[str, list[int]]:
    """Return the ids of a rollout and their labels: the model's own tokens, all others ignored.

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
    """Tell whether a demonstration gives the gold answer."""
    trace, gold = rollout.trace, rollout.question
    if trace is None:
        return False
    if gold.decline is not None:
        reason = trace.abstention.reason.value if trace.abstention else None
        return trace.stop is StopReason.ABSTAINED and reason == gold.decline.value
    cited = {citation.version_id for citation in trace.answer.citations} if trace.answer else set()
    return cited == {gold.gold_version}
