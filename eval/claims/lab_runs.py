"""Runs of the laboratory: a warm start, then rounds of the objective (:mod:`eval.claims.lab`)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from corpus.model import Frozen
from eval.claims.lab import (
    HIDDEN,
    TOKENS,
    VOCABULARY,
    LabQuestion,
    Policy,
    Score,
    Scored,
    Written,
    ask,
    expert,
    judge,
    score,
    write,
)
from eval.claims.lab_labels import Labelling
from eval.claims.lab_pairs import KeptRollouts, prefer
from rl.objective.compose import (
    Objective,
    ShapedAdvantages,
    bounds,
    build_objective,
    penalty,
    shape,
)
from rl.objective.methods.opd import jensen_shannon
from rl.objective.slots import Batch, TopK
from rl.recipes.label_settings import LabelSettings
from rl.recipes.recipe import ObjectiveSettings
from rl.rewards.outcome import Outcome

GROUPS, GROUP_SIZE = 8, 8
TRAIN, SELECTION, TEST = 1_000_000, 2_000_000, 3_000_000
"""First seed of each split's works; no two splits share a seed."""
HELD_OUT = 300
LOW, HIGH = 0.2, 0.28
MEASURED = 5
"""Rounds between two measurements on held-out works, in a run that chooses its labels."""


class Trial(Frozen):
    """One arm of a comparison: its training settings; everything else is equal between arms."""

    name: str
    objective: dict[str, Any] = Field(default_factory=dict)
    """The ``[objective]`` table of a recipe."""
    epochs: int = Field(default=2, ge=1)
    """Passes over a round's rollouts."""
    rounds: int = Field(default=60, ge=0)
    """Number of rounds, of 64 rollouts each."""
    preferring: float | None = Field(default=None, gt=0)
    """Learning rate of one pass of DPO that ends the run, on pairs of its rollouts and of one more
    round of them (G2D); left out, there is none."""
    step: float = Field(default=3e-3, gt=0)
    """Learning rate."""
    abstaining: float | None = None
    """Reward of abstaining, where wrong is -1 and right is 1; left out, an abstention is scored
    right or wrong like any answer."""
    labels: bool = True
    """Whether rewards use the gold answer."""
    foreign: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of each group that another policy samples."""
    widened: float = Field(default=1.0, gt=0)
    """Factor on both clip bounds."""
    kl: float = Field(default=0.0, ge=0.0)
    """Weight of the KL penalty to the start."""
    distil: Literal["student", "expert"] | None = None
    """Full-vocabulary distillation on the student's or the expert's states, without rewards."""
    spoilt: bool = False
    """Whether training starts from the teacher."""
    asking: LabelSettings | None = None
    """The ``[labels]`` table of a recipe, whose source is gold; left out, all answers are known."""
    warm: int = Field(default=120, ge=1)
    """Warm-start steps; after 600 most answers are right, which voting and abstention need."""


@dataclass(frozen=True)
class Curve:
    """Metrics of each round."""

    reward: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    agreement: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    clipped: list[float] = field(default_factory=list)
    labels: list[float] = field(default_factory=list)
    """Labels consumed so far, where a run chooses them."""
    held_out: list[float] = field(default_factory=list)
    """Accuracy on the test works, after each round at which it was measured, else empty."""


@dataclass(frozen=True)
class Result:
    """Scores of a run on held-out works, and its metric curves."""

    start: Score
    selection: Score
    test: Score
    curve: Curve
    retained: float | None = None
    """Accuracy on the second skill, where it was measured."""


@cache
def warmed(seed: int, steps: int = 120, *, latest: float = 0.5, noise: float = 0.35) -> Policy:
    """Return a policy trained on noisy demonstrations; cached, so do not train it in place."""
    policy = Policy(seed)
    optimiser = torch.optim.Adam(policy.parameters(), lr=3e-3)
    chance = torch.Generator().manual_seed(seed)
    for step in range(steps):
        kind = bool(torch.rand((), generator=chance) < latest)
        asked = ask(64, TRAIN + 10_000 * seed + step, latest=kind)
        shown = expert(asked)
        wrong = torch.rand(64, generator=chance) < noise
        ids = shown.ids.clone()
        ids[wrong, 0] = torch.randint(4, (int(wrong.sum()),), generator=chance)
        logps = _chosen(policy(asked, ids), ids)
        own = shown.mask.clone()
        own[wrong, 1:] = 0
        _step(optimiser, -(logps * own).sum() / own.sum())
    return policy


@cache
def taught(seed: int) -> Policy:
    """Return a teacher, trained long on dated questions only, which loses the second skill."""
    policy = copy.deepcopy(warmed(seed))
    optimiser = torch.optim.Adam(policy.parameters(), lr=3e-3)
    for step in range(250):
        asked = ask(64, TRAIN + 10_000 * seed + 5_000 + step)
        shown = expert(asked)
        logps = _chosen(policy(asked, shown.ids), shown.ids)
        _step(optimiser, -(logps * shown.mask).sum() / shown.mask.sum())
    return policy


@dataclass(frozen=True)
class _Run:
    """State of a running arm; ``policy``, ``optimiser``, ``chance`` and ``curve`` change."""

    trial: Trial
    seed: int
    objective: Objective
    start: Policy
    policy: Policy
    optimiser: torch.optim.Optimizer
    chance: torch.Generator
    curve: Curve
    labelling: Labelling | None
    kept: KeptRollouts


def run(trial: Trial, seed: int, keep: Callable[[int, Policy], None] | None = None) -> Result:
    """Train one arm with one seed. A seed gives every arm the same start and questions.

    ``keep`` is called with the number of rounds done and the policy, before the first and after
    each.
    """
    torch.set_num_threads(1)
    this = _begun(trial, seed)
    for number in range(trial.rounds):
        if keep is not None:
            keep(number, this.policy)
        asked = _groups(seed, 1_000 + number)
        if trial.distil:
            _distil(this, asked)
        else:
            _round(this, asked)
        if trial.asking and (number + 1) % MEASURED == 0:
            found = score(this.policy, held_out(TEST, seed), this.start)
            this.curve.held_out.append(found.accuracy)
    if keep is not None:
        keep(trial.rounds, this.policy)
    if trial.preferring is not None:
        _round(this, _groups(seed, 1_000 + trial.rounds), epochs=0)
        prefer(this.policy, this.kept, trial.preferring, seed)
    held = {split: held_out(split, seed) for split in (SELECTION, TEST)}
    other = ask(HELD_OUT, TEST + seed, latest=True)
    return Result(
        start=score(this.start, held[TEST], this.start),
        selection=score(this.policy, held[SELECTION], this.start),
        test=score(this.policy, held[TEST], this.start),
        retained=score(this.policy, other, this.start).accuracy,
        curve=this.curve,
    )


def held_out(split: int, seed: int) -> LabQuestion:
    """Return the questions of a split on which a run of a seed is scored."""
    return ask(HELD_OUT, split + seed)


def gradient_noise(trial: Trial, seed: int, draws: int = 48) -> float:
    """Return the variance of the gradient over resampled rounds, divided by its squared mean."""
    this, asked = _begun(trial, seed), _groups(seed, 0)
    found = []
    for _ in range(draws):
        written, own = _written(this, asked)
        batch = _batch(this, asked, written, judge(asked, written.ids), own)
        advantages = shape(this.objective, batch).advantages_N_T
        logps = _chosen(this.policy(asked, written.ids), written.ids)
        loss = -(logps * advantages * written.mask).sum() / written.mask.sum()
        grads = torch.autograd.grad(loss, list(this.policy.parameters()))
        found.append(torch.cat([g.flatten() for g in grads]))
    drawn = torch.stack(found)
    return float(drawn.var(dim=0).sum() / drawn.mean(dim=0).square().sum())


def _begun(trial: Trial, seed: int) -> _Run:
    start = taught(seed) if trial.spoilt else warmed(seed, trial.warm)
    policy = copy.deepcopy(start)
    objective = build_objective(ObjectiveSettings.model_validate(trial.objective))
    return _Run(
        trial=trial,
        seed=seed,
        objective=objective,
        start=start,
        policy=policy,
        optimiser=torch.optim.Adam(policy.parameters(), lr=trial.step),
        chance=torch.Generator().manual_seed(seed),
        curve=Curve(),
        labelling=Labelling(trial.asking, HIDDEN, GROUP_SIZE, seed) if trial.asking else None,
        kept=KeptRollouts(GROUP_SIZE),
    )


def _groups(seed: int, number: int) -> LabQuestion:
    """Return the questions of a round, each repeated for its group."""
    asked = ask(GROUPS, TRAIN + 10_000 * seed + number)
    return asked.take(torch.arange(GROUPS).repeat_interleave(GROUP_SIZE))


def _round(this: _Run, asked: LabQuestion, epochs: int | None = None) -> None:
    """Run one round: sample, score, compute advantages, take a step an epoch, record."""
    written, own = _written(this, asked)
    judged = judge(asked, written.ids)
    if this.trial.preferring is not None:
        this.kept.keep(asked, written, judged)
    batch = _batch(this, asked, written, judged, own)
    if this.labelling is not None:
        batch = this.labelling.labelled(batch, judged)
        this.curve.labels.append(this.labelling.handed_out)
    shaped = shape(this.objective, batch)
    clipped = 0.0
    for _ in range(this.trial.epochs if epochs is None else epochs):
        clipped = _learn(this, asked, shaped)
    keys = judged.keys.reshape(-1, GROUP_SIZE)
    entropies = shaped.batch.entropies_N_T
    assert entropies is not None
    this.curve.reward.append(float(torch.nan_to_num(shaped.batch.rewards_N_F).sum(1).mean()))
    this.curve.accuracy.append(float(judged.task.mean()))
    this.curve.agreement.append(float((keys.unsqueeze(2) == keys.unsqueeze(1)).float().mean()))
    this.curve.entropy.append(float(entropies[:, 0].mean()))
    this.curve.clipped.append(clipped)


def _written(this: _Run, asked: LabQuestion) -> tuple[Written, Tensor]:
    """Return the completions (the last of each group by another policy) and which are our own."""
    mine = write(this.policy, asked, this.chance)
    if not this.trial.foreign:
        return mine, torch.ones(len(asked), dtype=torch.bool)
    theirs = write(warmed(this.seed + 500), asked, this.chance)
    place = torch.arange(len(asked)) % GROUP_SIZE
    own = place < round((1 - this.trial.foreign) * GROUP_SIZE)
    pick = own.unsqueeze(1)
    return Written(
        torch.where(pick, mine.ids, theirs.ids),
        torch.where(pick, mine.mask, theirs.mask),
        torch.where(pick, mine.logps, theirs.logps),
    ), own


def _batch(this: _Run, asked: LabQuestion, written: Written, judged: Scored, own: Tensor) -> Batch:
    teacher = taught(this.seed) if "teacher_logps" in this.objective.needs else None
    with torch.no_grad():
        hidden = this.policy.hidden(asked, written.ids)
        logps, before = this.policy.head(hidden).log_softmax(-1), this.start(asked, written.ids)
        taught_by = teacher(asked, written.ids) if teacher else None

    def chunks() -> Iterator[tuple[slice, Tensor]]:
        yield slice(0, len(hidden)), hidden

    ids = torch.arange(VOCABULARY).expand(len(asked), TOKENS, -1)
    table = torch.nn.functional.normalize(this.start.head.weight.detach(), dim=1)
    rewards = _rewards(this.trial, judged)
    return Batch(
        group_size=GROUP_SIZE,
        channels=("task", "temporal", "form")[: rewards.shape[1]],
        channel_weights_F=torch.tensor([1.0, 0.5, 0.1])[: rewards.shape[1]],
        rewards_N_F=rewards,
        completion_ids_N_T=written.ids,
        mask_N_T=written.mask,
        outcomes_N=judged.outcomes,
        answer_keys_N=judged.keys,
        own_N=own,
        sampling_logps_N_T=written.logps,
        old_logps_N_T=_chosen(logps, written.ids),
        entropies_N_T=-(logps.exp() * logps).sum(-1),
        certainty_N_T=-math.log(VOCABULARY) - logps.mean(-1),
        teacher_logps_N_T=None if taught_by is None else _chosen(taught_by, written.ids),
        top_k=TopK(ids, logps, ids, before, table),
        hidden_chunks=chunks,
        generator=torch.Generator().manual_seed(this.seed),
    )


def _rewards(trial: Trial, judged: Scored) -> Tensor:
    """Return the reward channels ``(N, F)``."""
    if not trial.labels:
        return torch.zeros(len(judged.task), 1)
    if trial.abstaining is None:
        return torch.stack([judged.task, judged.temporal, judged.form], dim=1)
    ternary = torch.where(judged.outcomes == Outcome.CORRECT.value, 1.0, -1.0)
    abstained = judged.outcomes == Outcome.ABSTAINED.value
    return torch.where(abstained, trial.abstaining, ternary).unsqueeze(1)


def _learn(this: _Run, asked: LabQuestion, shaped: ShapedAdvantages) -> float:
    """Take one optimiser step; return the share of tokens whose clip was active."""
    batch, advantages, trial = shaped.batch, shaped.advantages_N_T, this.trial
    ids, old, mask = batch.completion_ids_N_T, batch.old_logps_N_T, batch.mask_N_T
    assert old is not None
    logps = _chosen(this.policy(asked, ids), ids)
    ratio = torch.exp(logps - old)
    wide = trial.widened
    lower, upper = (
        torch.as_tensor(bound)
        for bound in bounds(
            this.objective.clip, wide * LOW, wide * HIGH, shaped.selected_R_N_T, logps, this.chance
        )
    )
    inside = torch.clamp(ratio, 1 - lower, 1 + upper)
    loss = -torch.min(ratio * advantages, inside * advantages)
    loss = loss + penalty(this.objective.regularisers, logps, old, shaped.selected_R_N_T)
    if trial.kl:
        with torch.no_grad():
            before = _chosen(this.start(asked, ids), ids)
        loss = loss + trial.kl * (torch.exp(before - logps) - (before - logps) - 1)
    _step(this.optimiser, (loss * mask).sum() / mask.sum().clamp(min=1))
    cut = ((ratio > 1 + upper) & (advantages > 0)) | ((ratio < 1 - lower) & (advantages < 0))
    return float((cut * mask).sum() / mask.sum().clamp(min=1))


def _distil(this: _Run, asked: LabQuestion) -> None:
    """Take one step of reverse KL to the teacher; arms differ in whose states they use."""
    own = this.trial.distil == "student"
    states = write(this.policy, asked, this.chance) if own else expert(asked)
    teacher = taught(this.seed)
    with torch.no_grad():
        opinion = teacher(asked, states.ids)
    logits = this.policy(asked, states.ids)
    _step(this.optimiser, jensen_shannon(logits, opinion, states.mask, beta=1.0))


def _chosen(logps_N_T_V: Tensor, ids_N_T: Tensor) -> Tensor:
    """Return the log-probabilities of the given tokens, ``(N, T)``."""
    return logps_N_T_V.gather(2, ids_N_T.unsqueeze(2)).squeeze(2)


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
