"""A language model small enough to train in a test, and rollouts that nobody had to sample."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.models.token_sequence import TokenSequence
from corpus.questions import Family, Question

if TYPE_CHECKING:
    from rl.rollouts.rollout import Rollout

WORDS = 48
END = 1


def a_question(number: int) -> Question:
    return Question(
        id=f"q{number}",
        family=Family.WHICH_VERSION,
        language="en",
        text=f"Which version was in force on day {number}?",
        as_at=date(2001, 1, 1) + timedelta(days=number),
        jurisdiction="xx",
        work_id="w",
        provision_id="w#p",
        label="s 1",
        gold_version=f"w#p@2001-01-{number + 1:02d}",
        split="train",
    )


def an_episode(question: str, seed: int) -> TokenSequence:
    """Two turns of the model around one of a tool."""
    chance = random.Random(f"{question}:{seed}")
    prompt = [chance.randrange(3, WORDS) for _ in range(chance.randrange(3, 7))]
    turns = [[chance.randrange(3, WORDS) for _ in range(chance.randrange(2, 5))] for _ in range(2)]
    tool = [chance.randrange(3, WORDS) for _ in range(chance.randrange(1, 4))]
    ids = (*turns[0], END, *tool, *turns[1], END)
    mask = (*(1 for _ in turns[0]), 1, *(0 for _ in tool), *(1 for _ in turns[1]), 1)
    logprobs = tuple(-2.0 * one for one in mask)
    return TokenSequence(prompt_ids=tuple(prompt), completion_ids=ids, mask=mask, logprobs=logprobs)


def a_trace(question: Question) -> Any:
    from datetime import UTC, datetime

    from agent.trace import Abstention, AbstentionReason, RunSettings, StopReason, Trace

    return Trace(
        id="t",
        question=question.text,
        governing=None,
        settings=RunSettings(max_turns=8),
        abstention=Abstention(reason=AbstentionReason.NOT_FOUND, explanation="Nothing is found."),
        stop=StopReason.ABSTAINED,
        policy="fake",
        corpus_hash="0",
        started=datetime(2026, 1, 1, tzinfo=UTC),
    )


def a_rollout(number: int, seed: int, void: str | None = None) -> Rollout:
    from rl.rollouts.rollout import Rollout

    question = a_question(number)
    tokens = None if void else an_episode(question.id, seed)
    trace = None if void else a_trace(question)
    return Rollout(question=question, trace=trace, episode=tokens, void=void)


def tiny_model(seed: int = 0) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)  # nothing to share out, and other threads are waited for
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=WORDS,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
            max_position_embeddings=128,
            bos_token_id=0,
            eos_token_id=END,
            pad_token_id=2,
        )
    )


def tiny_tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    words = {"<s>": 0, "</s>": END, "<pad>": 2} | {f"w{n}": n for n in range(3, WORDS)}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token="w3")),
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
    )


@dataclass
class Fake:
    """Rollouts drawn from the question and the step alone; remembers what it gave."""

    alter: Callable[[Rollout, int], Rollout] = lambda rollout, _place: rollout
    given: list[list[Rollout]] = field(default_factory=list)

    def __call__(self, prompts: Sequence[str], trainer: Any) -> dict[str, list[Any]]:
        from rl.rollouts.trl_adapter import columns

        step = trainer.state.global_step
        rollouts = [
            self.alter(a_rollout(int(prompt.removeprefix("q")), 100 * step + place), place)
            for place, prompt in enumerate(prompts)
        ]
        self.given.append(rollouts)
        return columns(rollouts, filler=END)


def even_share(rollout: Rollout) -> float | None:
    """A reward that differs within a group."""
    if rollout.void or rollout.episode is None:
        return None
    tokens = rollout.episode
    own = [i for i, m in zip(tokens.completion_ids, tokens.mask, strict=True) if m]
    return sum(1 for i in own if i % 2 == 0) / len(own)


def length(rollout: Rollout) -> float | None:
    if rollout.void or rollout.episode is None:
        return None
    return len(rollout.episode.completion_ids) / 10


def channel(name: str, score: Callable[[Rollout], float | None]) -> Callable[..., list[Any]]:
    def scored(*, rollout: list[Rollout], **_: Any) -> list[float | None]:
        return [score(one) for one in rollout]

    scored.__name__ = name
    return scored


def trl_arguments(folder: Any, **more: Any) -> Any:
    from trl import GRPOConfig

    settings: dict[str, Any] = {
        "output_dir": str(folder),
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,
        "steps_per_generation": 2,
        "num_iterations": 3,
        "num_generations": 4,
        "max_steps": 6,
        "learning_rate": 0.05,
        "lr_scheduler_type": "constant",
        "epsilon": 0.2,
        "epsilon_high": 0.28,
        "shuffle_dataset": False,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "bf16": False,
        "use_cpu": True,
        "gradient_checkpointing": False,
        "seed": 7,
        "remove_unused_columns": False,
        "loss_type": "dapo",
    }
    return GRPOConfig(**{**settings, **more})


def trl_pieces(folder: Any, fake: Fake, **more: Any) -> dict[str, Any]:
    from datasets import Dataset

    return {
        "model": tiny_model(),
        "args": trl_arguments(folder, **more),
        "train_dataset": Dataset.from_dict({"prompt": [f"q{n}" for n in range(12)]}),
        "processing_class": tiny_tokenizer(),
        "reward_funcs": [channel("even", even_share), channel("length", length)],
        "rollout_func": fake,
    }


@pytest.fixture
def fake() -> Fake:
    return Fake()
