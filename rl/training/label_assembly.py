"""Connects a run with its source of labels, its probes and its journals of labels."""

from __future__ import annotations

from collections.abc import Sequence

from corpus.questions import Question
from corpus.settings import Settings
from rl.annotation.ledger import Ledger
from rl.annotation.probes.care import Care
from rl.annotation.probes.features import width_of
from rl.annotation.queue.label_queue import labels_url
from rl.annotation.sources.file import FileSource
from rl.annotation.sources.gold import GoldSource
from rl.annotation.sources.queue import QueueSource
from rl.annotation.sources.source import LabelSource
from rl.recipes.budget import batch_budget
from rl.recipes.label_settings import LabelSettings
from rl.recipes.recipe import Recipe
from rl.rewards.plugins import reward_scorers
from rl.run.run_directory import Run
from rl.training.labelled_rounds import LabelledRounds
from rl.training.model_loading import TrainedModel


def label_source(
    settings: LabelSettings, run: Run, questions: Sequence[Question], corpus_hash: str
) -> LabelSource:
    """Return the source of labels that the settings name.

    Args:
        settings: the table ``[labels]``.
        run: the run, which names the project of the source ``queue`` by default.
        questions: the questions with their gold answers; only the source ``gold`` keeps them.
        corpus_hash: the corpus of the run.
    """
    if settings.source == "gold":
        return GoldSource(questions)
    if settings.file is not None:
        return FileSource(settings.file, corpus_hash)
    return QueueSource(labels_url(Settings.load()), settings.project or run.name, corpus_hash)


def labelled_rounds(
    recipe: Recipe,
    run: Run,
    questions: Sequence[Question],
    corpus_hash: str,
    student: TrainedModel,
) -> LabelledRounds | None:
    """Return what scores the rounds of a run that learns from labels; ``None`` for another run.

    Call it when the journals of the run were cut back to the checkpoint that it goes on from.

    Raises:
        SourceError: a journal of labels is damaged; names line and field.
        InForceError: the source of labels cannot be read.
    """
    settings, train = recipe.labels, recipe.train
    if settings is None:
        return None
    source = label_source(settings, run, questions, corpus_hash)
    probed = settings.policy == "care" or (settings.pseudo and settings.gate > 0)
    width = width_of(student.model)
    return LabelledRounds(
        settings=settings,
        run=run.name,
        ledger=Ledger(source, run.asked, run.labels),
        scorers=reward_scorers(recipe.rewards, recipe.reward_plugins, recipe.judge),
        group_size=train.group_size,
        steps_per_round=batch_budget(train).steps_per_round,
        seed=train.seed,
        care=Care(settings, width, train.group_size, train.seed) if probed else None,
    )
