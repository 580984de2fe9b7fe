"""``inforce control eval``: a controller against its controls, judged by the gold answers.

The evaluator that a controller learnt from is not used to judge it: an answer is right by its gold
answer, and a citation in force by the store. It is used by best-of-n alone, which has at least as
many calls of the model as the controller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from statistics import fmean
from typing import Any

from agent.library import Library
from agent.models.sampling import Sampling
from agent.policies.controllers import Controller, FixedController, Strategy, controlled
from agent.policy import Policy, SampledPolicy
from agent.trace import Trace
from corpus.errors import BadInputError
from corpus.model import Frozen
from corpus.questions import Question
from corpus.store import Store
from eval.metrics import Score
from eval.suites.means import share_by_work
from retrieval.vectors.encoder import Encoder
from rl.control.explorers import RandomController
from rl.control.reward import RewardShape, reward_of
from rl.rewards import right
from rl.rewards.claims import declared, drafted, readable
from rl.rewards.scored_trace import ScoredTrace
from rl.rollouts.cached_library import cached_library
from rl.rollouts.rollout import Limits, graded_record, roll_out

TEMPERATURE = 0.7
"""Sampling temperature of the second and later samples of best-of-n."""

Say = Callable[[str], None]


class ArmScores(Frozen):
    """Scores of one arm on the test questions; intervals are 95 %, from resampled works.

    Attributes:
        arm: name of the arm.
        right: share of questions answered or declined rightly, by the gold answers.
        invalid: share of runs that end in no draft and no abstention, or in a draft with a sentence
            without citation or a citation that was not in force on the question's date.
        calls: mean calls of the model per question.
        void: runs with an infrastructure failure, which are left out.
    """

    arm: str
    right: Score | None
    invalid: Score | None
    calls: float
    void: int


class ControlScores(Frozen):
    """A controller and its controls.

    Attributes:
        policy: name of the policy.
        questions: number of test questions.
        selection: number of questions on which the best fixed strategy was chosen.
        best_fixed: the fixed strategy with the greatest share right on those.
        samples: samples of best-of-n.
        arms: scores by arm.
    """

    policy: str
    questions: int
    selection: int
    best_fixed: str
    samples: int
    arms: tuple[ArmScores, ...]


@dataclass(frozen=True)
class ControlEvaluation:
    """What is evaluated: a policy, a controller of it, and how runs are limited.

    ``encoder`` is that of best-of-n's evaluator; ``None``: words alone count. ``fixed`` is the best
    fixed strategy where it is known; ``None``: it is chosen on the selection questions.
    """

    library: Library
    policy: Policy
    controller: Controller
    limits: Limits
    encoder: Encoder | None = None
    seed: int = 0
    say: Say = lambda _: None
    fixed: Strategy | None = None

    def scores(self, selection: Sequence[Question], test: Sequence[Question]) -> ControlScores:
        """Return the scores of all arms on ``test``.

        Raises:
            BadInputError: there are no questions, or every run failed.
        """
        if not selection or not test:
            raise BadInputError("A controller is judged on questions of two splits: one has none.")
        fixed = self.fixed or self._best_fixed(selection)
        none = self._run("none", self.policy, test)
        learnt = self._run("learnt", controlled(self.policy, self.controller), test)
        arms = {
            "none": none,
            f"fixed:{fixed}": self._run(
                f"fixed:{fixed}", controlled(self.policy, FixedController(fixed)), test
            ),
            "random": self._run(
                "random", controlled(self.policy, RandomController(self.seed)), test
            ),
        }
        samples = max(2, ceil(calls_of(learnt) / max(calls_of(none), 1.0)))
        told = [arm_scores(name, records, self.library.store) for name, records in arms.items()]
        if isinstance(self.policy, SampledPolicy):
            told.append(self._best_of(samples, none, test))
        told.append(arm_scores("learnt", learnt, self.library.store))
        return ControlScores(
            policy=self.policy.name,
            questions=len(test),
            selection=len(selection),
            best_fixed=fixed.value,
            samples=samples,
            arms=tuple(told),
        )

    def _best_fixed(self, selection: Sequence[Question]) -> Strategy:
        """Return the strategy, other than none, with the greatest share right."""
        shares = {
            strategy: share_right(
                self._run(
                    f"selection, {strategy}",
                    controlled(self.policy, FixedController(strategy)),
                    selection,
                )
            )
            for strategy in Strategy
            if strategy is not Strategy.NONE
        }
        return max(shares, key=shares.__getitem__)

    def _best_of(
        self, samples: int, first: Sequence[ScoredTrace], test: Sequence[Question]
    ) -> ArmScores:
        """Return the scores of the best of several samples, by the evaluator."""
        base: Any = self.policy
        drawn = (base.sampling or Sampling()).model_copy(update={"temperature": TEMPERATURE})
        warmer = replace(base, sampling=drawn)
        tried = [list(first)]
        for number in range(1, samples):
            start = self.seed + number * len(test)
            tried.append(self._run(f"sample {number + 1}", warmer, test, start))
        chosen = [self._better(group) for group in zip(*tried, strict=True)]
        found = arm_scores(f"best-of-{samples}", chosen, self.library.store)
        return found.model_copy(update={"calls": sum(calls_of(records) for records in tried)})

    def _better(self, group: Sequence[ScoredTrace]) -> ScoredTrace:
        return max(group, key=self._reward)

    def _reward(self, record: ScoredTrace) -> float:
        if record.trace is None or record.void is not None:
            return -1.0
        found = reward_of(record.trace, self.encoder, RewardShape())
        return -1.0 if found is None else found

    def _run(
        self, name: str, policy: Policy, questions: Sequence[Question], start: int | None = None
    ) -> list[ScoredTrace]:
        self.say(f"{name}: {len(questions)} questions")
        seed = self.seed if start is None else start
        held = cached_library(self.library)
        found = roll_out(held, policy, questions, seed=seed, limits=self.limits)
        if all(one.void is not None for one in found):
            raise BadInputError(f"None of {len(found)} questions was answered: {found[0].void}")
        return [graded_record(one) for one in found]


def arm_scores(name: str, records: Sequence[ScoredTrace], store: Store) -> ArmScores:
    """Return the scores of an arm's runs."""

    def is_invalid(trace: Trace, question: Question) -> Iterator[float]:
        yield invalid(trace, question, store)

    def is_right(trace: Trace, question: Question) -> Iterator[float]:
        yield right(trace, question)

    kept = [one for one in records if one.trace is not None and one.void is None]
    return ArmScores(
        arm=name,
        right=share_by_work(kept, is_right),
        invalid=share_by_work(kept, is_invalid),
        calls=calls_of(records),
        void=len(records) - len(kept),
    )


def invalid(trace: Trace, question: Question, store: Store) -> bool:
    """Return whether a run ended in nothing that may be shown, by the store alone."""
    if not readable(trace):
        return True
    draft = drafted(trace)
    if draft is None or declared(trace) is not None:
        return False
    uncited = any(not one.citations and not one.reasoning for one in draft.sentences)
    cited = [citation for sentence in draft.sentences for citation in sentence.citations]
    return (
        uncited or not cited or not all(_in_force(one.version_id, question, store) for one in cited)
    )


def _in_force(version_id: str, question: Question, store: Store) -> bool:
    version = store.version(version_id, question.known_at)
    if version is None or question.as_at is None or version.valid_from is None:
        return False
    return question.as_at in version.valid


def calls_of(records: Sequence[ScoredTrace]) -> float:
    """Return the mean number of calls of the model."""
    return fmean(len(one.trace.turns) if one.trace else 0 for one in records)


def share_right(records: Sequence[ScoredTrace]) -> float:
    """Return the share of runs that are right; void ones count as wrong."""
    return fmean(
        float(one.trace is not None and one.void is None and right(one.trace, one.question))
        for one in records
    )
