"""``inforce eval run``: score the checkpoints of training runs on held-out works.

The initial model, the warm-started model and the trained model answer the same questions of the
test split, with greedy decoding, through the same graph as the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.library import Library
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.questions import Family, Question
from eval.metrics import Score
from eval.suites.abstention import abstention_scores
from eval.suites.temporal import temporal_scores
from eval.trivial import TrivialScores, trivial_scores
from rl.questions.training_questions import held_out
from rl.recipes.recipe import Recipe
from rl.rewards.scored_trace import ScoredTrace
from rl.rollouts.greedy import answers
from rl.run.run_directory import Run, check_corpus

BEFORE, STARTED, TRAINED = "before", "warm start", "trained"

Say = Callable[[str], None]


class CheckpointScores(Frozen):
    """Scores of one stage on the held-out questions; over several runs, of all answers together.

    Intervals are 95 %, from resampled works. ``paired_dates`` counts a pair as right if both dates
    are. ``anachronisms_drafted`` and ``anachronisms_shipped`` are shares of citations that were not
    in force on the governing date, ``unresolved_drafted`` of those that name no stored version;
    ``None`` without citations. ``void`` runs are left out.

    Attributes:
        paired_dates: share of pairs right on both dates.
        right: share of questions answered or declined rightly.
        right_when_answerable: share of answerable questions answered rightly.
        right_when_due: share of questions to be declined that were, with the reason found.
        anachronisms_drafted: share of drafted citations not in force on the governing date.
        unresolved_drafted: share of drafted citations that name no stored version.
        anachronisms_raw: share of the citations of first drafts to answerable questions, before the
            verifier objected, not in force on the governing date.
        unresolved_raw: the same, of those that name no stored version.
        misled_raw: share of answerable questions whose first draft has a citation of either kind.
        anachronisms_shipped: share of shipped citations not in force on the governing date.
        by_family: share right per question family, with Wilson intervals; pairs as in
            ``paired_dates``.
        questions: number of questions.
        void: runs with an infrastructure failure, which are left out.
    """

    paired_dates: Score | None
    right: Score | None
    right_when_answerable: Score | None
    right_when_due: Score | None
    anachronisms_drafted: Score | None
    unresolved_drafted: Score | None
    anachronisms_raw: Score | None
    unresolved_raw: Score | None
    misled_raw: Score | None
    anachronisms_shipped: Score | None
    by_family: dict[str, Score]
    questions: int
    void: int


@dataclass(frozen=True)
class CheckpointEvaluation:
    """Answers of one run on the held-out questions, by stage, and scores of trivial policies."""

    run: str
    seed: int
    answered: Mapping[str, list[ScoredTrace]]
    trivial: Mapping[str, TrivialScores]


def evaluate(
    run: Run,
    library: Library,
    limit: int | None = None,
    families: Sequence[Family] = (),
    say: Say = lambda _: None,
) -> CheckpointEvaluation:
    """Let every stage of a run answer the held-out questions.

    Args:
        run: a run that has a checkpoint.
        library: the library that the run was trained on.
        limit: approximate number of questions, drawn evenly.
        families: question families; empty: the recipe's.
        say: called with progress messages.

    Raises:
        BadInputError: the run has no checkpoint yet.
        ModelError: a model is missing or damaged.
    """
    from rl.training.model_loading import load_model

    recipe = run.recipe()
    check_corpus(run, library.corpus_hash)
    questions = held_out(recipe, library, limit, families)
    codec = load_model(recipe.model, recipe.train.seed).codec
    found = {}
    for stage, model in _models(run, recipe):
        say(f"{run.name}, {stage}: {len(questions)} questions")
        found[stage] = answers(recipe, library, codec, model, questions)
    trivial = trivial_scores(library, questions)
    return CheckpointEvaluation(run.name, recipe.train.seed, found, trivial)


def scores(runs: Sequence[CheckpointEvaluation], stage: str) -> CheckpointScores:
    """Return the scores of a stage, over the answers of all runs."""
    answered = _apart(runs, stage)
    found, declined = temporal_scores(answered), abstention_scores(answered)
    return CheckpointScores(
        paired_dates=found.paired_dates,
        right=found.right,
        right_when_answerable=declined.right_when_answerable,
        right_when_due=declined.right_when_due,
        anachronisms_drafted=found.anachronisms_drafted,
        unresolved_drafted=found.unresolved_drafted,
        anachronisms_raw=found.anachronisms_raw,
        unresolved_raw=found.unresolved_raw,
        misled_raw=found.misled_raw,
        anachronisms_shipped=found.anachronisms_shipped,
        by_family=found.by_family,
        questions=len(answered),
        void=sum(one.void is not None for one in answered),
    )


def _apart(runs: Sequence[CheckpointEvaluation], stage: str) -> list[ScoredTrace]:
    """Return the answers of all runs, with the pairs of different runs kept distinct."""
    return [
        one.model_copy(update={"question": _of_run(one.question, run.run)})
        for run in runs
        for one in run.answered[stage]
    ]


def _of_run(question: Question, run: str) -> Question:
    return question.model_copy(update={"pair": question.pair and f"{run}:{question.pair}"})


def _models(run: Run, recipe: Recipe) -> Iterator[tuple[str, Any]]:
    """Yield each stage with its model, one in memory at a time."""
    from rl.run.checkpoints import checkpoints
    from rl.training.model_loading import load_model, reopened

    done = checkpoints(run.checkpoints)
    if not done:
        raise BadInputError(f"{run.name} has no checkpoint yet.")
    student = load_model(recipe.model.model_copy(update={"lora": None}), recipe.train.seed)
    yield BEFORE, student.model
    if run.warm_start.is_dir():
        yield STARTED, reopened(recipe.model, run.warm_start)
    yield TRAINED, reopened(recipe.model, done[-1])
