"""Trains one tiny run straight, and again with a kill -9 in it, each in a process of its own.

``python -m tests.rl.forked FOLDER`` leaves ``FOLDER/straight`` and one folder per place where it
was killed. A program and not a fixture, because a process that has trained must not be forked.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import rl.training.assemble as training
from agent.models.sampling import Sampling
from agent.models.token_sequence import TokenSequence
from rl.recipes.load import read_recipe
from rl.rollouts.rollout import Rollout
from rl.rollouts.samplers import SamplingRequest
from rl.rollouts.samplers.local import BatchedSampler
from rl.run.checkpoints import TrainingFault
from rl.run.progress import NoProgress
from rl.run.run_directory import Run
from rl.training.trainer import PolicyTrainer
from tests.rl.conftest import (
    END,
    a_question,
    a_trace,
    channel,
    even_share,
    length,
    tiny_model,
    tiny_tokenizer,
)

KILLED = {"within_a_round": 3, "before_the_checkpoint_was_begun": 8, "while_it_was_written": 6}
LIBRARY: Any = SimpleNamespace(corpus_hash="0" * 64)
QUESTIONS = [a_question(number) for number in range(10)]


class Assassin(NoProgress):
    """Kills this process, as a power cut would, once a step was noted."""

    def __init__(self, step: int | None) -> None:
        self._step = step

    def stepped(self, step: int, steps: int, metrics: Mapping[str, float | None]) -> None:
        if step == self._step:
            os.kill(os.getpid(), signal.SIGKILL)


def table(model: Path, **train: Any) -> dict[str, Any]:
    return {
        "name": "fake",
        "model": {"name": str(model)},
        "rewards": {"task": 1.0, "temporal": 0.5},
        "objective": {"advantage": "gdpo", "clip": "ppo", "entropy": 0.01},
        "train": {
            "rounds": 5,
            "questions": 4,
            "group_size": 2,
            "micro_batch": 4,
            "learning_rate": 0.02,
            "schedule": "linear",
            "checkpoint_every": 1,
            "keep": 1,
            "device": "cpu",
            **train,
        },
    }


def player(*_: Any) -> Callable[..., list[Rollout]]:
    """Sample from the trainer's own weights, with a tool's tokens between two turns."""

    def play(trainer: Any, questions: Sequence[Any], seed: int) -> list[Rollout]:
        sampler = BatchedSampler(trainer.accelerator.unwrap_model(trainer.model))
        prompts = [(4 + ord(question.id[-1]) % 40, 7, 9) for question in questions]
        firsts = say(sampler, prompts, seed)
        tool = (11, 12)
        longer = [(*p, *one.ids, *tool) for p, one in zip(prompts, firsts, strict=True)]
        seconds = say(sampler, longer, seed + 1)
        episodes = [
            TokenSequence(
                prompt_ids=prompt,
                completion_ids=(*a.ids, *tool, *b.ids),
                mask=(*(1 for _ in a.ids), 0, 0, *(1 for _ in b.ids)),
                logprobs=(*a.logprobs, 0.0, 0.0, *b.logprobs),
            )
            for prompt, a, b in zip(prompts, firsts, seconds, strict=True)
        ]
        return [
            Rollout(question=question, trace=a_trace(question), episode=one)
            for question, one in zip(questions, episodes, strict=True)
        ]

    return play


def say(sampler: BatchedSampler, prompts: Sequence[tuple[int, ...]], seed: int) -> list[Any]:
    drawn = [Sampling(temperature=1.0, max_tokens=5, seed=seed + n) for n in range(len(prompts))]
    asked = zip(prompts, drawn, strict=True)
    return sampler.sample_many([SamplingRequest(p, s, frozenset({END})) for p, s in asked])


def fake_rewards(_: Any) -> list[Any]:
    return [channel("task", even_share), channel("temporal", length)]


def patched() -> Any:
    return patch.multiple(
        training,
        rollout_sampler_of=player,
        reward_functions=fake_rewards,
        cached_library=lambda library: library,
    )


def model_folder(folder: Path) -> Path:
    tiny_model().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def train(folder: Path, model: Path, watch: Any, **settings: Any) -> None:
    recipe = read_recipe(table(model, **settings), "fake.toml")
    run = Run(folder)
    if not folder.exists():
        run = Run.create(folder, recipe, QUESTIONS, LIBRARY.corpus_hash)
    with patched():
        training.train(recipe, run, LIBRARY, QUESTIONS, watch)


def in_a_child(do: Callable[[], None]) -> int:
    """Run in a fork of this process; return how it ended."""
    child = os.fork()
    if child == 0:
        do()
        os._exit(0)
    return os.waitpid(child, 0)[1]


def main(folder: Path) -> None:
    model = folder / "model"
    assert in_a_child(lambda: model_folder(model) and None) == 0
    assert in_a_child(lambda: train(folder / "straight", model, NoProgress())) == 0
    for name, step in KILLED.items():
        assert in_a_child(lambda: killed(folder / name, model, name, step)) == signal.SIGKILL  # noqa: B023
        assert in_a_child(lambda: train(folder / name, model, NoProgress())) == 0  # noqa: B023
    assert in_a_child(lambda: out_of_space(folder / "disk_full", model, 6)) == 0
    assert in_a_child(lambda: train(folder / "disk_full", model, NoProgress())) == 0


def out_of_space(folder: Path, model: Path, step: int) -> None:
    """Let no file grow beyond a few bytes while one checkpoint is written."""
    whole = PolicyTrainer._save_checkpoint

    def cramped(self: Any, *rest: Any) -> None:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        if self.state.global_step == step:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        try:
            whole(self, *rest)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    with patch.object(PolicyTrainer, "_save_checkpoint", cramped):
        try:
            train(folder, model, NoProgress())
        except TrainingFault as fault:
            left = [path.name for path in (folder / "checkpoints").iterdir()]
            (folder / "said.json").write_text(json.dumps({"words": str(fault), "left": left}))


def killed(folder: Path, model: Path, name: str, step: int) -> None:
    if name != "while_it_was_written":
        return train(folder, model, Assassin(step))
    whole = training.RunLogger.seal

    def seal(self: Any, checkpoint: Path) -> None:
        if checkpoint.name == f"checkpoint-{step}":
            os.kill(os.getpid(), signal.SIGKILL)
        whole(self, checkpoint)

    with patch.object(training.RunLogger, "seal", seal):
        return train(folder, model, NoProgress())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
