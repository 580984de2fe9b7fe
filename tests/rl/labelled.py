"""Rollouts that answer by the parity of what was sampled, and runs that learn from their labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import rl.training.assemble as training
from agent.models.token_sequence import TokenSequence
from agent.trace import (
    Answer,
    AnswerSentence,
    Draft,
    DraftCitation,
    Finding,
    GoverningDate,
    RunSettings,
    Sentence,
    StopReason,
    Trace,
    Turn,
)
from corpus.model import Citation
from corpus.questions import Posed, Question
from rl.recipes.load import read_recipe
from rl.rollouts.rollout import Rollout
from rl.rollouts.samplers.local import BatchedSampler
from rl.run.progress import NoProgress
from rl.run.run_directory import Run
from tests.rl.conftest import a_question
from tests.rl.forked import LIBRARY, model_folder, say, table

QUESTIONS = [a_question(number) for number in range(12)]
"""Each asks which version was in force; the gold one ends in the question's number plus 1."""


def replied(question: Posed, version: str, name: str = "t") -> Trace:
    """A trace that cites a version, accepted by the verifier."""

    def finding(check: Any) -> Finding:
        return Finding(check=check, passed=True, subject=version, explanation="It is so.")

    checks = tuple(finding(check) for check in ("resolves", "seen", "in_force", "verbatim"))
    cited = DraftCitation(version_id=version, quote="The text.", findings=checks)
    sentence = Sentence(text="This one.", citations=(cited,), verdict=finding("sentence"))
    assert question.as_at is not None
    quoted = Citation(
        version_id=version,
        provision_id="w#p",
        work_id="w",
        work_title="An Act",
        label="s 1",
        valid_from=question.as_at,
        as_at=question.as_at,
        quote="The text.",
        start=0,
        end=9,
    )
    return Trace(
        id=name,
        question=question.text,
        governing=GoverningDate(as_at=question.as_at, ground="It was given."),
        settings=RunSettings(max_turns=8),
        turns=(Turn(index=0, draft=Draft(sentences=(sentence,))),),
        answer=Answer(sentences=(AnswerSentence(text="This one.", citations=(quoted,)),)),
        stop=StopReason.ANSWERED,
        policy="fake",
        corpus_hash=LIBRARY.corpus_hash,
        started=datetime(2026, 1, 1, tzinfo=UTC),
    )


def version_of(question: Posed, right: bool) -> str:
    number = int(question.id.removeprefix("q")) + 1
    return f"w#p@2001-01-{number if right else number + 1:02d}"


def player(*_: Any) -> Callable[..., list[Rollout]]:
    """Sample from the trainer's weights; an even first token is the right answer."""

    def play(trainer: Any, questions: Sequence[Posed], seed: int) -> list[Rollout]:
        sampler = BatchedSampler(trainer.accelerator.unwrap_model(trainer.model))
        prompts = [(4 + int(question.id[1:]), 7, 9) for question in questions]
        found = []
        for place, (question, prompt, said) in enumerate(
            zip(questions, prompts, say(sampler, prompts, seed), strict=True)
        ):
            right = said.ids[0] % 2 == 0
            name = f"{trainer.state.global_step}-{place}"
            found.append(
                Rollout(
                    question=question,
                    trace=replied(question, version_of(question, right), name),
                    episode=TokenSequence(
                        prompt_ids=prompt,
                        completion_ids=said.ids,
                        mask=tuple(1 for _ in said.ids),
                        logprobs=said.logprobs,
                    ),
                )
            )
        return found

    return play


def recipe_of(model: Path, labels: dict[str, Any] | None, **train: Any) -> Any:
    """A recipe of 3 rounds of 4 questions, each asked 4 times."""
    made = table(model, **{"rounds": 3, "group_size": 4, "micro_batch": 16, "epochs": 1, **train})
    made["objective"] = {"advantage": "grpo"}
    made["rewards"] = {"task": 1.0, "temporal": 0.5}
    if labels is not None:
        made["objective"]["post"] = "soft_adv"
        made["labels"] = {"warmup": 0, "probe_rate": 0.01, **labels}
    return read_recipe(made, "labelled.toml")


def train(
    folder: Path,
    labels: dict[str, Any] | None,
    questions: Sequence[Question] = QUESTIONS,
    **more: Any,
) -> Run:
    """Train a run in a folder, or go on with the one that is there."""
    model = folder.parent / "model"
    if not model.exists():
        model_folder(model)
    recipe = recipe_of(model, labels, **more)
    run = Run(folder)
    if not (folder / "run.json").exists():
        run = Run.create(folder, recipe, questions, LIBRARY.corpus_hash)
    with patch.multiple(
        training, rollout_sampler_of=player, cached_library=lambda library: library
    ):
        training.train(recipe, run, LIBRARY, questions, NoProgress())
    return run
