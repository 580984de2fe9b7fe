"""``inforce control train``: learn a controller over a frozen policy.

Rounds of questions are answered under an exploring controller; the transitions of all rounds so far
are learnt from. They are journalled by round, and learning depends on them and the seed alone, so a
killed training goes on from its last finished round and ends as if it had not been killed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.library import Library
from agent.policies.control.features import FEATURES
from agent.policies.control.learnt import CARD, ControllerCard, write_controller
from agent.policies.controllers import Strategy, controlled
from agent.policies.language_model import ModelPolicy
from agent.policy import Policy
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.questions import Question
from retrieval.vectors.encoder import Encoder
from rl.after_run.guard import opened_folder
from rl.control.explorers import EXPLORERS, ExplorerName, ExploringController
from rl.control.learner import Learner, LearnerSettings, widths
from rl.control.reward import RewardShape, reward_of
from rl.control.transitions import Transition, transitions
from rl.journal import Journal
from rl.rollouts.cached_library import cached_library
from rl.rollouts.rollout import Limits, Rollout, roll_out
from rl.rollouts.trl_adapter import question_order, voided

ROUNDS = "rounds.jsonl"

Say = Callable[[str], None]


class ControlSettings(Frozen):
    """How a controller is trained.

    Attributes:
        rounds: rounds of questions.
        questions: questions of a round.
        explorer: how strategies are tried out.
        learner: the network and its optimiser.
        shape: exponents and threshold of the reward.
        max_turns: most turns of a run.
        concurrency: questions answered at once.
        max_void: the training stops if a greater share of a round's runs failed.
    """

    rounds: int = 10
    questions: int = 32
    explorer: ExplorerName = "epsilon_greedy"
    learner: LearnerSettings = LearnerSettings()
    shape: RewardShape = RewardShape()
    max_turns: int = 8
    concurrency: int = 32
    max_void: float = 0.5


class ControlSetting(Frozen):
    """Everything that a training in a folder depends on."""

    settings: ControlSettings
    policy: str
    corpus_hash: str
    questions: int
    encoder: str | None


class ControlReport(Frozen):
    """What a training did.

    Attributes:
        card: what the controller was trained for, and its size.
        rewards: mean reward of each round.
        losses: mean loss of each round.
        folder: where the controller was written.
    """

    card: ControllerCard
    rewards: tuple[float, ...]
    losses: tuple[float, ...]
    folder: str


class _Round(Frozen):
    """A line of the journal: the transitions of one round."""

    round: int
    transitions: tuple[Transition, ...]
    rewards: tuple[float, ...]
    dropped: int


def train_controller(  # noqa: PLR0913
    library: Library,
    policy: Policy,
    questions: Sequence[Question],
    settings: ControlSettings,
    folder: Path,
    encoder: Encoder | None = None,
    say: Say = lambda _: None,
) -> ControlReport:
    """Train a controller over a policy, whose weights are not touched, and write it.

    Args:
        library: the corpus and its index.
        policy: any policy with prompts.
        questions: training questions; their gold answers are not used.
        settings: how it is trained.
        folder: where the controller goes; an interrupted training in it is continued.
        encoder: scores quotations for the reward; ``None``: words alone count.
        say: called with progress messages.

    Raises:
        BadInputError: there is no question, too many runs of a round failed, or the folder holds
            another training.
    """
    if not questions:
        raise BadInputError("There is no question to train a controller on.")
    setting = ControlSetting(
        settings=settings,
        policy=policy.name,
        corpus_hash=library.corpus_hash,
        questions=len(questions),
        encoder=None if encoder is None else encoder.identity,
    )
    opened_folder(folder, setting)
    return _Training(library, policy, questions, settings, folder, encoder, say).run()


@dataclass(frozen=True)
class _Training:
    """One training of a controller in a folder."""

    library: Library
    policy: Policy
    questions: Sequence[Question]
    settings: ControlSettings
    folder: Path
    encoder: Encoder | None
    say: Say

    def run(self) -> ControlReport:
        journal = Journal(self.folder / ROUNDS)
        journal.cut_unfinished()
        done = [_Round.model_validate(row) for row in journal.rows()]
        learner, seen, losses = Learner(self.settings.learner), list[Transition](), list[float]()
        rounds: list[_Round] = []
        for number in range(self.settings.rounds):
            if number < len(done):
                found = done[number]
            else:
                found = self._played(number, learner)
                journal.append([found.model_dump(mode="json")])
            rounds.append(found)
            seen += found.transitions
            losses.append(learner.learn(seen))
            self._tell(found, losses[-1])
        card = self._card(learner, rounds)
        self._write(card, learner)
        return ControlReport(
            card=card,
            rewards=tuple(_mean(one.rewards) for one in rounds),
            losses=tuple(losses),
            folder=str(self.folder),
        )

    def _played(self, number: int, learner: Learner) -> _Round:
        settings = self.settings
        progress = number / max(settings.rounds - 1, 1)
        seed = settings.learner.seed * 1_000_003 + number
        explorer = EXPLORERS[settings.explorer]()
        steering = ExploringController(learner.frozen(), explorer, progress, seed)
        rollouts = roll_out(
            cached_library(self.library),
            controlled(self.policy, steering),
            self._asked(number),
            seed=seed,
            limits=Limits(max_turns=settings.max_turns, concurrency=settings.concurrency),
        )
        check_void(rollouts, settings.max_void)
        return self._judged(number, rollouts)

    def _asked(self, number: int) -> list[Question]:
        by_id = {question.id: question for question in self.questions}
        count = self.settings.questions
        order = question_order(list(by_id), count * (number + 1), self.settings.learner.seed)
        return [by_id[one] for one in order[-count:]]

    def _judged(self, number: int, rollouts: Sequence[Rollout]) -> _Round:
        found, rewards, dropped = list[Transition](), list[float](), 0
        for rollout in rollouts:
            trace = rollout.trace if rollout.void is None else None
            if trace is None:
                dropped += 1
                continue
            got = reward_of(trace, self.encoder, self.settings.shape)
            if got is None:
                dropped += 1
                continue
            rewards.append(got)
            found += transitions(trace, got)
        return _Round(
            round=number, transitions=tuple(found), rewards=tuple(rewards), dropped=dropped
        )

    def _card(self, learner: Learner, rounds: Sequence[_Round]) -> ControllerCard:
        base = self.policy
        learnt = isinstance(base, ModelPolicy) and base.codec.prompt_format == "learnt"
        return ControllerCard(
            strategies=tuple(Strategy),
            features=FEATURES,
            widths=widths(self.settings.learner),
            bottleneck=self.settings.learner.bottleneck,
            parameters=learner.parameters,
            policy=base.name,
            prompt_format="learnt" if learnt else "full",
            explorer=self.settings.explorer,
            questions=sum(len(one.rewards) + one.dropped for one in rounds),
            dropped=sum(one.dropped for one in rounds),
            seed=self.settings.learner.seed,
        )

    def _write(self, card: ControllerCard, learner: Learner) -> None:
        draft = self.folder / ".draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        write_controller(draft, card, learner.frozen())
        for path in sorted(draft.iterdir(), key=lambda one: one.name == CARD):
            path.rename(self.folder / path.name)  # the card last: without it there is no controller
        draft.rmdir()

    def _tell(self, found: _Round, loss: float) -> None:
        self.say(
            f"round {found.round + 1}/{self.settings.rounds}: mean reward"
            f" {_mean(found.rewards):.3f}, loss {loss:.4f}, {found.dropped} dropped"
        )


def check_void(rollouts: Sequence[Rollout], most: float) -> None:
    """Stop the training if too many runs of a round failed.

    Raises:
        BadInputError: a greater share than ``most`` did; says why.
    """
    share, why = voided(rollouts)
    if share > most:
        raise BadInputError(
            f"{share:.0%} of a round's {len(rollouts)} runs failed (at most {most:.0%} may): {why}"
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(len(values), 1)
