"""An exported environment: a folder with the questions, and how they are asked and scored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Literal

from pydantic import Field, ValidationError

from agent.library import Library
from agent.models.rendering import Message
from agent.trace import Trace
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.questions import Question, Split, read_questions, write_questions
from corpus.settings import Settings
from eval.exports.step import next_step
from rl.recipes.load import load_recipe
from rl.rewards.plugins import reward_scorers
from rl.rewards.scored_trace import Scores, scores

Kind = Literal["verifiers", "inspect"]

QUESTIONS, ABOUT = "questions.jsonl", "export.json"


class ExportSettings(Frozen):
    """How the questions of an export are asked and scored.

    Attributes:
        corpus_hash: the corpus that the questions are about.
        max_turns: most messages of the model on one question.
        rewards: rewards and their weights.
    """

    corpus_hash: str
    max_turns: int = Field(default=8, ge=1)
    rewards: Mapping[str, float]


def write_export(
    kind: Kind, folder: Path, questions: Sequence[Question], settings: ExportSettings
) -> tuple[Path, ...]:
    """Write an environment into a new folder, and return its files.

    Raises:
        BadInputError: the folder exists or cannot be written, there is no question, or a reward
            does not exist.
    """
    if not questions:
        raise BadInputError("There is no question that a model is asked, so nothing to export.")
    reward_scorers(settings.rewards)
    values = {"corpus": settings.corpus_hash[:12], "questions": str(len(questions))}
    try:
        folder.mkdir(parents=True)
        for template in sorted((files("eval.exports") / "templates" / kind).iterdir(), key=str):
            name = template.name.removesuffix(".template")
            text = Template(template.read_text(encoding="utf-8")).substitute(values)
            (folder / name).write_text(text, encoding="utf-8")
        write_questions(questions, folder / QUESTIONS)
        told = json.dumps(settings.model_dump(mode="json"), indent=1) + "\n"
        (folder / ABOUT).write_text(told, encoding="utf-8")
    except OSError as fault:
        raise BadInputError(f"{folder} cannot be written: {fault.strerror}.") from fault
    return tuple(sorted(folder.iterdir()))


def askable(library: Library, questions: Iterable[Question]) -> list[Question]:
    """Return the questions that a model is asked; the graph ends others itself, without a day."""
    return [one for one in questions if not isinstance(next_step(library, one, (), 1), Trace)]


class Exported:
    """An export with the library that its tools read, which is that of ``INFORCE_HOME``.

    Raises:
        BadInputError: the folder is no export, or the library holds another corpus.
        InForceError: there is no library.
    """

    def __init__(self, folder: Path) -> None:
        self.settings = _settings(folder)
        self._folder = folder
        self.scorers = reward_scorers(self.settings.rewards)
        self.library = Library.open(Settings.load())
        if self.library.corpus_hash != self.settings.corpus_hash:
            self.library.close()
            raise BadInputError(
                f"{folder / ABOUT} is about the corpus {self.settings.corpus_hash[:12]}, and the "
                "library holds another one: ingest that corpus, or export again."
            )

    def questions(self, split: Split | None = None) -> list[Question]:
        """Return the questions of a split, or all."""
        found = read_questions(self._folder / QUESTIONS)
        return [one for one in found if split in (None, one.split)]

    def asked(self, split: Split | None = None) -> list[Question]:
        """Return the questions of a split, or all.

        Raises:
            BadInputError: there is none, or no such split.
        """
        found = self.questions(split)
        if not found:
            held = sorted({one.split for one in self.questions()})
            raise BadInputError(
                f"{self._folder / QUESTIONS} has no question of the split '{split}'; it has"
                f" {', '.join(held)}."
            )
        return found

    def prompt(self, question: Question) -> tuple[Message, ...]:
        """Return the messages that a model reads before its first one.

        Raises:
            BadInputError: the graph ends the run before a model is asked.
        """
        step = self.step(question, ())
        if isinstance(step, Trace):
            raise BadInputError(f"The question {question.id} ends before a model is asked.")
        return step

    def step(self, question: Question, replies: Sequence[str]) -> tuple[Message, ...] | Trace:
        """Return what follows the model's messages (:func:`eval.exports.step.next_step`)."""
        return next_step(self.library, question, replies, self.settings.max_turns)

    def scored(self, trace: Trace, question: Question) -> Scores:
        """Return the rewards of a finished run, with the reason of each that is missing."""
        return scores(trace, question, self.scorers)

    def reward(self, found: Scores) -> float:
        """Return the weighted sum of the rewards; one that is missing adds nothing."""
        weights = self.settings.rewards
        return sum(weights[name] * (value or 0.0) for name, value in found.rewards.items())


def usual_rewards() -> dict[str, float]:
    """Return the rewards of the recipe ``tiny-grpo`` and their weights."""
    return dict(load_recipe("tiny-grpo").rewards)


def gold(question: Question) -> str:
    """Return the right answer in one line, for logs."""
    if question.decline is not None:
        return f"[{question.decline.value}]"
    span = question.gold_span
    said = question.gold_version if span is None else span.text
    return " ".join(str(said).split())


def _settings(folder: Path) -> ExportSettings:
    try:
        return ExportSettings.model_validate_json((folder / ABOUT).read_text(encoding="utf-8"))
    except OSError as fault:
        raise BadInputError(f"{folder} is no export: {ABOUT} cannot be read.") from fault
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        raise BadInputError(f"{folder / ABOUT}, {first['loc']}: {first['msg']}.") from fault
