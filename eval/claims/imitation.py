"""``inforce eval claims imitation``: rewards against more imitation, from a careful start.

All seeds share one start: the recipe's warm start on demonstrations of a careful expert without the
harder families, and then some demonstrations of these. Each seed goes on from there in three ways
for the same processor time: with rewards; with the demonstrations again; and with the right
rollouts of the run with rewards (rejection sampling). All are scored on the same questions about
held-out works. What is finished stays in its folder.
"""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle, islice
from pathlib import Path
from statistics import fmean
from typing import Any

from agent.library import Library
from agent.models.token_sequence import episode
from corpus.questions import HARDER_FAMILIES, Question, Split, make_questions
from corpus.whole_file import write_whole
from eval.claims.imitation_scores import (
    DEMONSTRATIONS,
    REJECTION,
    REWARDS,
    START,
    ArmOfSeed,
    BeyondImitation,
    grouped,
    together,
)
from rl.questions.synthetic_environment import choose
from rl.questions.training_questions import draw, open_library
from rl.recipes.load import load_recipe
from rl.recipes.recipe import Recipe
from rl.rewards import right
from rl.rewards.scored_trace import ScoredTrace, read_scored
from rl.rollouts.cached_library import cached_library
from rl.rollouts.greedy import answers
from rl.rollouts.rollout import Rollout
from rl.rollouts.trl_adapter import question_order
from rl.run.checkpoints import checkpoints
from rl.run.progress import NoProgress
from rl.run.run_directory import Run, runs_home
from rl.training.assemble import train
from rl.training.model_loading import TrainedModel, load_model, reopened, warmed_up, whole
from rl.training.warm_start import Imitation, demonstrate, imitate

RECIPE = "tiny-grpo-hard"
SHORTER = (
    "train.rounds=8",
    "train.questions=6",
    "train.micro_batch=12",
    "train.minibatches=4",
    "train.checkpoint_every=8",
    "train.keep=1",
    "train.learning_rate=5e-4",
    "rollout.resample=0",
    "rollout.max_turns=4",
)
"""Overrides of the recipe: eight rounds of four steps, with room for one recovery."""
HARDER, OTHERS, DRAWN = 700, 200, 100
"""Questions of the harder families and of the others of which the start imitates demonstrations
after the warm start, and the seed by which they are drawn."""
AGAIN = 500
"""Demonstrations of the warm start that continued imitation has beside those."""
MORE = Imitation(epochs=3, learning_rate=3e-3, batch=6, device="cpu", seed=DRAWN)
"""How the start is trained on them."""
LONGER = Imitation(learning_rate=2e-3, batch=6, device="cpu")
"""How imitation goes on with the demonstrations; the learning rate falls to 0."""
FEWER = LONGER.model_copy(update={"learning_rate": 5e-4})
"""The same with right rollouts, of which there are few: the learning rate of the rewards. With that
of :data:`LONGER` the first seed ended far below its start."""
PER_FAMILY = 20
"""Test questions of each family."""
TIMED = 12
"""Optimiser steps by which the time of one is measured."""


@dataclass(frozen=True)
class HardGround:
    """The library, the questions of both splits, and the folder of everything that is finished."""

    home: Path
    library: Library
    every: Sequence[Question]
    say: Callable[[str], None]

    def of(self, split: Split) -> list[Question]:
        """Return the questions of a split that the recipe asks."""
        data = self.recipe(0).data
        return choose(self.every, split, data.families, data.longest)

    @cached_property
    def training(self) -> list[Question]:
        """Return the training questions."""
        return self.of("train")

    @cached_property
    def test(self) -> list[Question]:
        """Return as many test questions of each family, drawn evenly."""
        asked = self.of("test")
        families = self.recipe(0).data.families
        return [
            question
            for family in families
            for question in draw([one for one in asked if one.family is family], PER_FAMILY)
        ]

    def recipe(self, seed: int) -> Recipe:
        """Return the recipe of a seed."""
        return load_recipe(RECIPE, (*SHORTER, f"train.seed={seed}"))

    @cached_property
    def shared(self) -> Path:
        """Return the folder of the warm start that all seeds share; made where it is missing."""
        folder, recipe = self.home / "hard-start", self.recipe(0)
        run = Run(folder)
        if not (folder / "run.json").is_file():
            run = Run.create(folder, recipe, self.training, self.library.corpus_hash)
        if not run.warm_start.is_dir():
            self.say("the warm start of all seeds")
            with run.held():
                warmed_up(recipe, run, self.library, self.training, NoProgress())
        return run.warm_start

    @cached_property
    def student(self) -> TrainedModel:
        """Return the model before any training, for its tokenizer."""
        return load_model(self.recipe(0).model, 0)

    def demonstrations(self, asked: Sequence[Question]) -> list[Rollout]:
        """Return the expert's right answers."""
        context = int(self.student.model.config.max_position_embeddings)
        return demonstrate(self.library, self.student.codec, asked, context=context)

    @cached_property
    def more(self) -> list[Rollout]:
        """Return the demonstrations by which the start differs from the warm start."""
        harder = [one for one in self.training if one.family in HARDER_FAMILIES]
        others = [one for one in self.training if one.family not in HARDER_FAMILIES]
        return self.demonstrations([*draw(harder, HARDER, DRAWN), *draw(others, OTHERS, DRAWN)])

    @cached_property
    def shown(self) -> list[Rollout]:
        """Return the demonstrations of the start: these, and :data:`AGAIN` of the warm start."""
        settings = self.recipe(0).warm_start
        assert settings is not None  # the recipe has one
        known = {one.id: one for one in self.training if one.family in settings.families}
        order = question_order(list(known), settings.demonstrations, 0)[:AGAIN]
        return [*self.more, *self.demonstrations([known[one] for one in order])]

    @cached_property
    def start(self) -> Path:
        """Return the folder of the start's weights; made where it is missing."""
        folder = self.home / "hard-start" / "start"
        if not folder.is_dir():
            model, tokenizer = reopened(self.recipe(0).model, self.shared), self.student.tokenizer
            self.say("the start of all seeds")
            with whole(folder) as draft:
                imitate(model, tokenizer, self.more, MORE, draft)
                model.save_pretrained(draft)
                tokenizer.save_pretrained(draft)
        return folder

    def scored(self, seed: int, model: Any, seconds: float, learnt: int) -> ArmOfSeed:
        """Score a model on the test questions."""
        found = answers(self.recipe(seed), self.library, self.student.codec, model, self.test)
        by_family: defaultdict[str, list[bool]] = defaultdict(list)
        for one in found:
            by_family[one.question.family].append(
                one.trace is not None and right(one.trace, one.question)
            )
        shares = {name: fmean(values) for name, values in by_family.items()}
        return ArmOfSeed(right=shares, seconds=seconds, learnt=learnt)


@dataclass(frozen=True)
class OneSeed:
    """The arms of one seed; a finished one is read from its file."""

    ground: HardGround
    seed: int

    @property
    def folder(self) -> Path:
        """Return the folder of this seed."""
        return self.ground.home / f"imitation-s{self.seed}"

    def arms(self) -> dict[str, ArmOfSeed]:
        """Train and score every arm."""
        made: dict[str, Callable[[], ArmOfSeed]] = {
            REWARDS: self._rewards,
            REJECTION: lambda: self._imitating(right_ones(self._rollouts()), FEWER),
            DEMONSTRATIONS: lambda: self._imitating(self.ground.shown, LONGER),
        }
        return {name: self._kept(name, make) for name, make in made.items()}

    def groups(self) -> list[tuple[int, str, float]]:
        """Return round, family and share right of each group of the run with rewards."""
        return grouped(self._rollouts(), self.ground.recipe(self.seed).train.minibatches)

    def _kept(self, name: str, make: Callable[[], ArmOfSeed]) -> ArmOfSeed:
        self.ground.say(f"{name}, seed {self.seed}")
        return finished(self.folder / f"{name}.json", make)

    def _rewards(self) -> ArmOfSeed:
        recipe = self.ground.recipe(self.seed)
        shutil.rmtree(self._run.folder, ignore_errors=True)  # one that was interrupted
        run = Run.create(
            self._run.folder, recipe, self.ground.training, self.ground.library.corpus_hash
        )
        shutil.copytree(self.ground.start, run.warm_start)
        clock = time.process_time()
        train(recipe, run, self.ground.library, self.ground.training, NoProgress())
        seconds = time.process_time() - clock
        model = reopened(recipe.model, checkpoints(run.checkpoints)[-1])
        return self.ground.scored(self.seed, model, seconds, len(self._rollouts()))

    @property
    def _run(self) -> Run:
        return Run(self.folder / "run")

    def _rollouts(self) -> list[ScoredTrace]:
        return list(read_scored(self._run.traces.path))

    def _imitating(self, shown: Sequence[Rollout], how: Imitation) -> ArmOfSeed:
        """Imitate rollouts from the start for as long as the arm with rewards took."""
        seconds = self._kept(REWARDS, self._rewards).seconds
        settings = how.model_copy(update={"seed": self.seed})
        tokenizer, scratch = self.ground.student.tokenizer, self.folder / "scratch"
        timed = list(islice(cycle(shown), TIMED * settings.batch))
        marks: list[float] = []
        imitate(
            self._started(),
            tokenizer,
            timed,
            settings,
            scratch,
            advance=lambda *_: marks.append(time.process_time()),
        )
        steps = max(1, round(seconds * (len(marks) - 1) / (marks[-1] - marks[0])))
        model, clock = self._started(), time.process_time()
        again = list(islice(cycle(shown), steps * settings.batch))
        imitate(model, tokenizer, again, settings, scratch)
        took = time.process_time() - clock
        shutil.rmtree(scratch, ignore_errors=True)
        return self.ground.scored(self.seed, model, took, len(shown))

    def _started(self) -> Any:
        return reopened(self.ground.recipe(self.seed).model, self.ground.start)


def finished(file: Path, make: Callable[[], ArmOfSeed]) -> ArmOfSeed:
    """Return the scores in a file, which are made where it is missing."""
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, make().model_dump_json(indent=1).encode())
    return ArmOfSeed.model_validate_json(file.read_text(encoding="utf-8"))


def right_ones(rollouts: Iterable[ScoredTrace]) -> list[Rollout]:
    """Return the right rollouts of a run, with their tokens."""
    return [
        Rollout(question=one.question, trace=one.trace, episode=episode(one.trace.turns))
        for one in rollouts
        if one.trace is not None and one.void is None and one.trace.turns
        if right(one.trace, one.question)
    ]


@contextmanager
def hard_ground(say: Callable[[str], None]) -> Iterator[HardGround]:
    """Open the recipe's corpus, make its questions, and name the folder beside the runs.

    Raises:
        StoreError: the corpus cannot be opened.
    """
    data = load_recipe(RECIPE, SHORTER).data
    with open_library(data) as library:
        every = list(make_questions(library.store.histories(), 0, data.per_family, data.families))
        home = runs_home().with_name("claims")
        yield HardGround(home, cached_library(library), every, say)


def beyond_imitation(ground: HardGround, seeds: Iterable[int]) -> BeyondImitation:
    """Train and score every arm with every seed.

    Raises:
        BadInputError: every question failed.
        TrainingFault: training failed.
    """
    model = ground.recipe(0).model
    start = finished(
        ground.home / "hard-start" / "start.json",
        lambda: ground.scored(0, reopened(model, ground.start), 0.0, len(ground.more)),
    )
    made = [OneSeed(ground, seed) for seed in seeds]
    arms = [{START: start, **one.arms()} for one in made]
    groups = [group for one in made for group in one.groups()]
    return together(arms, groups, ground.recipe(0).train.rounds, len(ground.test))
