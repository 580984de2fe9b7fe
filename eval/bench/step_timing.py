"""Time optimiser steps of TRL's trainer and ours on the same made-up rollouts."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal

import torch
from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    PrinterCallback,
    TrainerCallback,
)
from trl import GRPOConfig, GRPOTrainer

from agent.models.token_sequence import TokenSequence
from agent.trace import Abstention, AbstentionReason, RunSettings, StopReason, Trace
from corpus.model import Frozen
from corpus.questions import Family, Question
from rl.objective.compose import build_objective
from rl.objective.forward_passes import ForwardPasses
from rl.objective.methods.settings import slot_of
from rl.objective.methods.teachers import ModelTeacher
from rl.recipes.recipe import ObjectiveSettings
from rl.rewards.outcome import Outcome
from rl.rollouts.rollout import Rollout
from rl.rollouts.trl_adapter import columns
from rl.training.trainer import PolicyTrainer

WORDS = 512
END = 1


class Load(Frozen):
    """Size of a step: ``rollouts`` sequences of ``tokens`` each, a third of them tool results."""

    rollouts: int = 16
    group_size: int = 8
    tokens: int = 192
    hidden: int = 192
    layers: int = 4


class _Clock(TrainerCallback):  # type: ignore[misc]
    """Records the processor time of every step, without generation."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._since = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._since = time.process_time()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(time.process_time() - self._since)


def step_seconds(
    whose: Literal["stock", "ours"],
    load: Load,
    steps: int,
    methods: Sequence[str] = (),
    *,
    kl: float = 0.0,
) -> list[float]:
    """Return the processor seconds of each optimiser step, each with its own forward pass.

    Args:
        whose: TRL's GRPOTrainer, or our subclass.
        load: size of a step.
        steps: number of steps, two per round.
        methods: kinds of additional methods, for ours only. The teacher of ``opd`` is the model.
        kl: weight of the KL penalty, which evaluates the reference once per round.
    """
    clock = _Clock()
    with tempfile.TemporaryDirectory(prefix="inforce-bench-") as folder:
        pieces = _pieces(load, steps, folder, kl)
        if whose == "stock":
            trainer: Any = GRPOTrainer(**pieces)
        else:
            objective = build_objective(_settings(methods))
            passes = ForwardPasses(objective.needs, ModelTeacher(pieces["model"], lambda _: ()))
            trainer = PolicyTrainer(
                objective=objective, judge=_judge, passes=passes, max_gap=1e9, **pieces
            )
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(clock)
        trainer.train()
    return clock.seconds


def _settings(methods: Sequence[str]) -> ObjectiveSettings:
    chosen: dict[str, Any] = {}
    for kind in methods:
        field = slot_of(kind)
        one = field in ("advantage", "clip")
        chosen[field] = kind if one else [*chosen.get(field, []), kind]
    return ObjectiveSettings.model_validate(chosen)


def _judge(_: Rollout) -> tuple[Outcome, str | None]:
    return Outcome.WRONG, None


def _pieces(load: Load, steps: int, folder: str, kl: float) -> dict[str, Any]:
    return {
        "model": _model(load, folder),
        "args": GRPOConfig(
            output_dir=folder,
            per_device_train_batch_size=load.rollouts,
            num_generations=load.group_size,
            num_iterations=2,
            max_steps=steps,
            learning_rate=1e-4,
            loss_type="dapo",
            beta=kl,
            shuffle_dataset=False,
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            bf16=False,
            use_cpu=True,
            gradient_checkpointing=False,
            remove_unused_columns=False,
        ),
        "train_dataset": Dataset.from_dict({"prompt": [f"q{n}" for n in range(steps * 64)]}),
        "processing_class": _tokenizer(),
        "reward_funcs": [_reward],
        "rollout_func": _Rollouts(load),
    }


class _Rollouts:
    """Rollouts made from the prompt's index, at almost no cost."""

    def __init__(self, load: Load) -> None:
        self._made = [_rollout(n, load.tokens) for n in range(load.rollouts)]

    def __call__(self, prompts: Sequence[str], _: Any) -> dict[str, list[Any]]:
        return columns(self._made[: len(prompts)], END)


def _reward(rollout: Sequence[Rollout], **_: Any) -> list[float]:
    return [float(one.question.id) for one in rollout]


def _rollout(number: int, tokens: int) -> Rollout:
    chance = random.Random(number)
    ids = [chance.randrange(3, WORDS) for _ in range(tokens)]
    mask = [0 if tokens // 3 <= place < 2 * tokens // 3 else 1 for place in range(tokens)]
    question = Question(
        id=str(number),
        family=Family.WHICH_VERSION,
        language="en",
        text="?",
        as_at=date(2001, 1, 1),
        jurisdiction="xx",
        work_id="w",
        provision_id="w#p",
        label="s 1",
        gold_version="w#p@2001-01-01",
        split="train",
    )
    trace = Trace(
        id="t",
        question="?",
        governing=None,
        settings=RunSettings(max_turns=8),
        abstention=Abstention(reason=AbstentionReason.NOT_FOUND, explanation="Made up."),
        stop=StopReason.ABSTAINED,
        policy="made up",
        corpus_hash="0",
        started=datetime(2026, 1, 1, tzinfo=UTC),
    )
    made = TokenSequence(
        prompt_ids=tuple(ids[:16]),
        completion_ids=(*ids, END),
        mask=(*mask, 1),
        logprobs=(*(-6.0 * one for one in mask), -6.0),
    )
    return Rollout(question=question, trace=trace, episode=made)


def _model(load: Load, folder: str) -> Any:
    """Return a random model loaded from a folder, from which TRL loads its reference again."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=WORDS,
            hidden_size=load.hidden,
            intermediate_size=3 * load.hidden,
            num_hidden_layers=load.layers,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=2048,
            bos_token_id=0,
            eos_token_id=END,
            pad_token_id=2,
        )
    )
    place = f"{folder}/model"
    model.save_pretrained(place)
    return LlamaForCausalLM.from_pretrained(place)


def _tokenizer() -> Any:
    words = {"<s>": 0, "</s>": END, "<pad>": 2} | {f"w{n}": n for n in range(3, WORDS)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, "w3")),
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
    )
