"""``inforce eval claims safectrl --agent``: learnt controllers over frozen policies of the agent.

Each seed has its own policy (the misdated warm start of the base recipe, with which every arm of
the claims on the agent begins) and its own controller. Its controls are those of ``inforce control
eval``; all are judged by gold answers about held-out works. What is finished stays in its folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from agent.library import Library
from agent.models.sampling import Sampling
from agent.policies.control.learnt import read_controller
from agent.policies.controllers import Strategy
from agent.policies.language_model import ModelPolicy
from agent.policy import Policy
from corpus.model import Frozen
from corpus.questions import Question
from corpus.whole_file import write_whole
from eval.claims.agent import AgentEnvironment
from eval.claims.verdict import Effect, paired
from eval.control import ArmScores, ControlEvaluation, ControlScores
from rl.control.train import ControlSettings, train_controller
from rl.rollouts.rollout import Limits
from rl.rollouts.samplers.local import BatchedSampler
from rl.training.model_loading import load_model, reopened

TRAINED = ControlSettings(rounds=10, questions=24, max_turns=3, concurrency=32)
SELECTION, TEST = 40, 120
"""Approximate number of questions that choose the fixed strategy, and that all arms answer."""
LEARNT = "learnt"
SCORES = "scores.json"


@dataclass(frozen=True)
class Asked:
    """Questions that a controller is trained on, that choose the fixed strategy, and that all arms
    answer."""

    train: Sequence[Question]
    selection: Sequence[Question]
    test: Sequence[Question]


class SteeredArm(Frozen):
    """An arm over all seeds.

    Attributes:
        right: mean share of questions answered or declined rightly.
        invalid: mean share of invalid runs.
        calls: mean calls of the model per question.
        right_gained: the learnt controller's share right less this arm's, paired by seed; null for
            the learnt controller itself.
        invalid_gained: the same of invalid runs; below 0 the learnt controller has fewer.
    """

    right: float
    invalid: float
    calls: float
    right_gained: Effect | None
    invalid_gained: Effect | None


class Steered(Frozen):
    """Learnt controllers and their controls.

    Attributes:
        seeds: number of seeds.
        questions: number of test questions of each.
        fixed: best fixed strategy of each seed.
        arms: scores by arm.
    """

    seeds: int
    questions: int
    fixed: tuple[str, ...]
    arms: dict[str, SteeredArm]


def steered(ground: AgentEnvironment, seeds: Iterable[int], say: Callable[[str], None]) -> Steered:
    """Train a controller for every seed and judge all.

    Raises:
        BadInputError: a folder holds a controller of other settings, or every run failed.
    """
    return together([_of_seed(ground, seed, say) for seed in seeds])


def together(found: Sequence[ControlScores]) -> Steered:
    """Return the scores over all seeds.

    Raises:
        ValueError: there are fewer than two seeds.
    """
    arms = [{_arm(one.arm): one for one in scores.arms} for scores in found]
    return Steered(
        seeds=len(found),
        questions=found[0].questions,
        fixed=tuple(scores.best_fixed for scores in found),
        arms={name: _over_seeds(name, arms) for name in arms[0]},
    )


def _over_seeds(name: str, arms: Sequence[Mapping[str, ArmScores]]) -> SteeredArm:
    own, learnt = [by[name] for by in arms], [by[LEARNT] for by in arms]
    rights, invalids = [_right(one) for one in own], [_invalid(one) for one in own]
    other = name != LEARNT
    return SteeredArm(
        right=fmean(rights),
        invalid=fmean(invalids),
        calls=fmean(one.calls for one in own),
        right_gained=paired([_right(one) for one in learnt], rights) if other else None,
        invalid_gained=paired([_invalid(one) for one in learnt], invalids) if other else None,
    )


def _right(arm: ArmScores) -> float:
    return arm.right.mean if arm.right else 0.0


def _invalid(arm: ArmScores) -> float:
    return arm.invalid.mean if arm.invalid else 1.0


def _arm(name: str) -> str:
    """Return the name of an arm without what differs between seeds."""
    return "best-of-n" if name.startswith("best-of-") else name.partition(":")[0]


def _of_seed(ground: AgentEnvironment, seed: int, say: Callable[[str], None]) -> ControlScores:
    asked = Asked(
        ground.questions, ground.drawn("selection", SELECTION), ground.drawn("test", TEST)
    )
    folder, policy = ground.home / f"control-s{seed}", _policy(ground, seed)
    return controller_scores(ground.library, policy, asked, TRAINED, folder, seed, say)


def controller_scores(  # noqa: PLR0913
    library: Library,
    policy: Policy,
    asked: Asked,
    settings: ControlSettings,
    folder: Path,
    seed: int,
    say: Callable[[str], None],
    fixed: Strategy | None = None,
) -> ControlScores:
    """Train a controller in a folder and judge it; what the folder holds already is read.

    ``fixed`` is the best fixed strategy where another seed has found it for the same questions.

    Raises:
        BadInputError: the folder holds a controller of other settings, or every run failed.
    """
    learner = settings.learner.model_copy(update={"seed": seed})
    settings = settings.model_copy(update={"learner": learner})
    train_controller(library, policy, asked.train, settings, folder, None, say)
    done = folder / SCORES
    if done.is_file():
        return ControlScores.model_validate_json(done.read_text(encoding="utf-8"))
    limits = Limits(max_turns=settings.max_turns, concurrency=settings.concurrency)
    judged = ControlEvaluation(
        library, policy, read_controller(folder), limits, None, seed, say, fixed
    )
    found = judged.scores(asked.selection, asked.test)
    write_whole(done, f"{found.model_dump_json(indent=1)}\n".encode())
    return found


def _policy(ground: AgentEnvironment, seed: int) -> ModelPolicy:
    recipe, start = ground.started(seed)
    student = load_model(recipe.model, recipe.train.seed)
    sampler = BatchedSampler(reopened(recipe.model, start), TRAINED.concurrency)
    sampling = Sampling(max_tokens=recipe.rollout.turn_tokens)
    return ModelPolicy(f"start-s{seed}", student.codec, sampler, sampling)
