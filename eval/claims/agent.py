"""``inforce eval claims METHOD --agent``: train and score arms on the legal agent.

Every arm is the recipe :data:`BASE`, shortened, with its own methods: the same warm start, the same
questions in the same order, the same number of rollouts. The trained model then answers questions
about held-out works, with greedy decoding. Runs stay in their folders: an interrupted one is
resumed, and a finished one is not trained again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import Field

from agent.library import Library
from agent.models.sampling import Sampling
from agent.models.token_sequence import episode
from agent.policies.language_model import ModelPolicy
from corpus.model import Frozen
from corpus.questions import Question, Split
from eval.claims.lab import Score
from eval.claims.lab_runs import Curve, Result
from eval.suites.abstention import abstention_scores
from eval.suites.temporal import temporal_scores
from rl.journal import Journal
from rl.questions.training_questions import held_out, open_library, questions_of
from rl.recipes.label_settings import LabelSettings
from rl.recipes.load import load_recipe, read_recipe
from rl.recipes.recipe import Recipe
from rl.rewards import answer_key, right
from rl.rewards.claims import dated
from rl.rewards.scored_trace import (
    RolloutRecord,
    ScoredTrace,
    append_scored,
    read_rollouts,
    scored,
)
from rl.rollouts.cached_library import cached_library
from rl.rollouts.greedy import answers
from rl.rollouts.rollout import Limits, roll_out
from rl.rollouts.samplers.local import BatchedSampler
from rl.rollouts.trl_adapter import question_order
from rl.run.checkpoints import checkpoints
from rl.run.progress import ProgressWatcher
from rl.run.run_directory import Run, runs_home
from rl.training.assemble import train
from rl.training.model_loading import load_model, reopened, warmed_up, whole
from rl.training.state_drift import StateDriftProbe, visited_states

BASE = "tiny-grpo"
SHORT = (
    "train.rounds=22",
    "train.micro_batch=16",
    "train.minibatches=4",
    "train.checkpoint_every=22",
    "train.keep=1",
)
"""Overrides of the recipe for every arm: fewer rounds, of four steps each so that the ratio moves.
"""
CAREFUL = "warm_start.misdated=0.0"
SELECTION, TEST = 150, 300
"""Approximate number of questions asked after training, of the selection and the test split."""
COMPARED = 64
"""Number of answers on whose states the policy is compared with its start."""

REWARDS = Path(__file__).parent / "rewards"
"""Folder of the reward files of published systems."""

Watching = Callable[[str], ProgressWatcher]


class AgentTrial(Frozen):
    """One arm: its changes of the recipe; everything else is equal between arms."""

    name: str
    rewards: dict[str, float] = Field(default_factory=dict)
    """Reward channels and weights; empty: the recipe's."""
    plugins: tuple[str, ...] = ()
    """Files of ``eval/claims/rewards`` that define further rewards."""
    objective: dict[str, Any] = Field(default_factory=dict)
    """Changes of the recipe's ``[objective]``."""
    epochs: int = Field(default=1, ge=1)
    """Passes over a round's rollouts."""
    foreign: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of each group that is sampled by a model trained on correctly dated demonstrations."""
    taught: float = Field(default=0.0, ge=0.0)
    """Weight of the teacher (``opd``), a model trained on correctly dated demonstrations."""
    asking: LabelSettings | None = None
    """The recipe's ``[labels]``, whose source is gold; left out, all gold answers are read. Each
    kept checkpoint of such an arm is scored on the test split."""
    train: dict[str, Any] = Field(default_factory=dict)
    """Changes of the recipe's ``[train]``."""
    start: int | None = None
    """Seed of the warm start; left out, that of the run."""
    questions: int | None = None
    """Approximate number of questions of the test split, and of half as many of the
    selection split; left out, :data:`TEST` and :data:`SELECTION`."""

    def begun(self, seed: int) -> int:
        """Return the seed of the warm start of a run."""
        return seed if self.start is None else self.start


@dataclass(frozen=True)
class AgentEnvironment:
    """Environment of the arms: library, questions and folder of runs."""

    home: Path
    library: Library
    questions: Sequence[Question]
    watching: Watching
    _asked: dict[tuple[Split, int], list[Question]] = field(default_factory=dict)
    _starts: dict[tuple[int, int], Score] = field(default_factory=dict)

    def run(self, trial: AgentTrial, seed: int) -> Result:
        """Train one arm with one seed and score it.

        Raises:
            RecipeError: the arm is not a valid recipe.
            TrainingFault: training failed.
        """
        recipe = self._recipe(trial, seed)
        run = self._opened(trial.name, recipe)
        with self._watch(f"{trial.name}, seed {seed}") as watch:
            if recipe.warm_start is not None and not run.warm_start.is_dir():
                start = self.start(trial.begun(seed), watch)
                with whole(run.warm_start) as draft:
                    shutil.copytree(start, draft, dirs_exist_ok=True)
            train(recipe, run, self.library, self.questions, watch)
        before = reopened(recipe.model, self._start_folder(recipe, run))
        model = reopened(recipe.model, checkpoints(run.checkpoints)[-1])
        curve = _curve(run, {question.id: question for question in self.questions})
        selection, test = self._held_out(trial)
        scored = self._score(recipe, model, before, test, curve.entropy[-1])
        if trial.asking is not None:
            curve = replace(curve, held_out=[*self._on_the_way(recipe, run, test), scored.accuracy])
        return Result(
            start=self._start_score(recipe, trial.begun(seed), before, test, curve.entropy[0]),
            selection=self._score(recipe, model, before, selection, curve.entropy[-1]),
            test=scored,
            curve=curve,
        )

    def start(self, seed: int, watch: ProgressWatcher, *overrides: str) -> Path:
        """Return the folder of the warm start shared by all arms of a seed.

        Raises:
            StoreError: another process is making it.
        """
        recipe = load_recipe(BASE, (*SHORT, f"train.seed={seed}", *overrides))
        run = self._opened("start", recipe)
        if not run.warm_start.is_dir():
            with run.held():
                warmed_up(recipe, run, self.library, self.questions, watch)
        return run.warm_start

    @cached_property
    def careful(self) -> Path:
        """Return the folder of a model trained on correctly dated demonstrations only."""
        with self._watch("a careful expert's pupil") as watch:
            return self.start(0, watch, CAREFUL)

    def _on_the_way(self, recipe: Recipe, run: Run, asked: Sequence[Question]) -> list[float]:
        """Return the accuracy of every kept checkpoint but the last."""
        return [
            _accuracy(self._answered(recipe, reopened(recipe.model, checkpoint), asked))
            for checkpoint in checkpoints(run.checkpoints)[:-1]
        ]

    def started(self, seed: int) -> tuple[Recipe, Path]:
        """Return the recipe of a seed, and the folder of the warm start that its arms share."""
        recipe = load_recipe(BASE, (*SHORT, f"train.seed={seed}"))
        with self._watch(f"the start of seed {seed}") as watch:
            return recipe, self.start(seed, watch)

    def _start_folder(self, recipe: Recipe, run: Run) -> Path:
        return Path(recipe.model.name) if recipe.warm_start is None else run.warm_start

    def _recipe(self, trial: AgentTrial, seed: int) -> Recipe:
        base = load_recipe(BASE, (*SHORT, f"train.seed={seed}", f"train.epochs={trial.epochs}"))
        table = base.model_dump(mode="json", exclude_none=True)
        table["objective"] |= trial.objective
        table["train"] |= trial.train
        table["rewards"] = trial.rewards or table["rewards"]
        table["reward_plugins"] = [str(REWARDS / name) for name in trial.plugins]
        if trial.taught:
            teacher = {"teacher": str(self.careful), "shows_governing_text": False}
            table["objective"]["additives"] = [{"kind": "opd", "lam": trial.taught, **teacher}]
        if trial.asking is not None:
            table["labels"] = trial.asking.model_dump(mode="json", exclude_none=True)
            table["model"]["name"] = str(self.started(trial.begun(seed))[1])
            del table["warm_start"]
        if trial.foreign:
            pool = {"pool": str(self._foreign(base)), "pool_share": trial.foreign}
            table["rollout"] |= pool
        return read_recipe(table, f"the arm {trial.name}")

    def _foreign(self, recipe: Recipe) -> Path:
        """Return a file of that model's rollouts on the questions of a seed; made if missing."""
        train = recipe.train
        file = self.home / f"foreign-s{train.seed}.jsonl"
        if file.exists():
            return file
        ids = question_order(
            [question.id for question in self.questions],
            train.questions * train.rounds,
            train.seed,
        )
        by_id = {question.id: question for question in self.questions}
        asked = [by_id[one] for one in dict.fromkeys(ids) for _ in range(train.group_size)]
        found = self._sampled(recipe, reopened(recipe.model, self.careful), asked)
        draft = file.with_suffix(".part")
        draft.unlink(missing_ok=True)
        append_scored(Journal(draft), found)
        return draft.replace(file)

    def _sampled(self, recipe: Recipe, model: Any, asked: Sequence[Question]) -> list[ScoredTrace]:
        settings = recipe.rollout
        sampling = Sampling(temperature=settings.temperature, max_tokens=settings.turn_tokens)
        codec = load_model(recipe.model, recipe.train.seed).codec
        sampler = BatchedSampler(model, settings.concurrency)
        policy = ModelPolicy(recipe.model.name, codec, sampler, sampling)
        limits = Limits(settings.max_turns, settings.max_tokens, settings.concurrency)
        found = roll_out(self.library, policy, asked, limits=limits)
        return [scored(0, one.question.with_answer(), one.trace, one.void) for one in found]

    def _opened(self, name: str, recipe: Recipe) -> Run:
        told = recipe.model_dump_json(exclude_none=True).encode()
        digest = hashlib.blake2b(told, digest_size=4).hexdigest()
        words = "".join(char if char.isalnum() else "-" for char in name)
        folder = self.home / f"{words}-s{recipe.train.seed}-{digest}"
        if (folder / "run.json").is_file():
            return Run(folder)
        shutil.rmtree(folder, ignore_errors=True)
        return Run.create(folder, recipe, self.questions, self.library.corpus_hash)

    @contextmanager
    def _watch(self, title: str) -> Iterator[ProgressWatcher]:
        watch = self.watching(title)
        try:
            yield watch
        finally:
            watch.close()

    def _start_score(
        self, recipe: Recipe, begun: int, start: Any, asked: Sequence[Question], entropy: float
    ) -> Score:
        key = (begun, len(asked))
        if key not in self._starts:
            self._starts[key] = self._score(recipe, start, start, asked, entropy)
        return self._starts[key]

    def _score(
        self, recipe: Recipe, model: Any, start: Any, asked: Sequence[Question], entropy: float
    ) -> Score:
        answered = self._answered(recipe, model, asked)
        temporal, abstention = temporal_scores(answered), abstention_scores(answered)
        return Score(
            accuracy=_mean(temporal.right),
            abstention=_mean(abstention.f1),
            anachronism=_mean(temporal.anachronisms_drafted),
            entropy=entropy,
            divergence=_divergence(model, start, answered),
            consistency=_mean(temporal.temporal),
            dated=_dated(answered),
        )

    def _answered(self, recipe: Recipe, model: Any, asked: Sequence[Question]) -> list[ScoredTrace]:
        codec = load_model(recipe.model, recipe.train.seed).codec
        return answers(recipe, self.library, codec, model, asked)

    def _held_out(self, trial: AgentTrial) -> tuple[list[Question], list[Question]]:
        """Return the questions of the selection and of the test split that an arm is scored on."""
        if trial.questions is None:
            return self.drawn("selection", SELECTION), self.drawn("test", TEST)
        return self.drawn("selection", trial.questions // 2), self.drawn("test", trial.questions)

    def drawn(self, split: Split, count: int) -> list[Question]:
        """Return about ``count`` questions about works of a split, drawn evenly."""
        if (split, count) not in self._asked:
            recipe = load_recipe(BASE, SHORT)
            self._asked[split, count] = held_out(recipe, self.library, count, split=split)
        return self._asked[split, count]


@contextmanager
def agent_environment(watching: Watching) -> Iterator[AgentEnvironment]:
    """Open the environment: the base recipe's corpus and questions, and a folder beside the runs.

    Raises:
        StoreError: the corpus cannot be opened.
    """
    data = load_recipe(BASE, SHORT).data
    with open_library(data) as library:
        home = runs_home().with_name("claims")
        kept = cached_library(library)  # shared by the runs, which ask nearly the same
        yield AgentEnvironment(home, kept, questions_of(data, library), watching)


def _divergence(model: Any, start: Any, answered: Sequence[ScoredTrace]) -> float:
    """Return KL(policy || start) in nats per token that the policy wrote."""
    threads = [one.trace.turns for one in answered if one.trace and one.trace.turns]
    probe = StateDriftProbe(start, (), sequences=COMPARED)
    seen = [visited_states(episode(turns)) for turns in threads]
    return probe.measure(model, seen).get("states/kl_base_own", 0.0) if seen else 0.0


def _curve(run: Run, known: Mapping[str, Question]) -> Curve:
    """Return the metric curves of a run, read from its journals, with the gold answers ``known``.

    Labels consumed are those after each round; accuracy on held-out works is measured at the end.
    """
    steps: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in run.metrics.rows():
        steps[row["round"]].append(row)
    rounds: defaultdict[int, list[RolloutRecord]] = defaultdict(list)
    for record in read_rollouts(run.traces.path):
        rounds[record.step].append(record)
    told = [steps[number] for number in sorted(steps)]
    kept = [rounds[step] for step in sorted(rounds)]
    return Curve(
        reward=[_noted(rows, "reward") for rows in told],
        accuracy=[fmean(_is_right(one, known) for one in records) for records in kept],
        agreement=[_agreement(records) for records in kept],
        entropy=[_noted(rows, "entropy") for rows in told],
        clipped=[_noted(rows, "clip_ratio/region_mean") for rows in told],
        labels=[row["labels/handed_out"] for rows in told for row in rows if _labelled(row)],
    )


def _noted(rows: Sequence[Mapping[str, Any]], name: str) -> float:
    found = [row[name] for row in rows if row.get(name) is not None]
    return fmean(found) if found else 0.0


def _labelled(row: Mapping[str, Any]) -> bool:
    return row.get("labels/handed_out") is not None


def _is_right(record: RolloutRecord, known: Mapping[str, Question]) -> bool:
    return record.trace is not None and right(record.trace, known[record.question.id])


def _agreement(records: Sequence[RolloutRecord]) -> float:
    """Return how often two rollouts of a group give the same parseable answer."""
    groups: defaultdict[str, list[str | None]] = defaultdict(list)
    for record in records:
        groups[record.question.id].append(answer_key(record.trace))
    return fmean(
        float(one is not None and one == other)
        for keys in groups.values()
        for one in keys
        for other in keys
    )


def _dated(answered: Sequence[ScoredTrace]) -> float:
    """Return the share of runs with a dated call whose first one had the governing date."""
    told = [dated(one.trace) for one in answered if one.trace is not None]
    found = [one for one in told if one is not None]
    return fmean(found) if found else 0.0


def _accuracy(answered: Sequence[ScoredTrace]) -> float:
    return _mean(temporal_scores(answered).right)


def _mean(score: Any) -> float:
    return float(score.mean) if score else 0.0
