"""Runs of the laboratory (:mod:`rl.lab`): a warm start, then rounds of the product's objective."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor

from rl.config import ObjectiveSettings
from rl.lab import (
    TOKENS,
    VOCABULARY,
    Asked,
    Judged,
    Policy,
    Score,
    Written,
    ask,
    expert,
    judge,
    score,
    write,
)
from rl.methods.delta import Delta
from rl.methods.opd import jensen_shannon
from rl.objective import Objective, Shaped, bounds, build_objective, penalty, shape
from rl.outcome import Outcome
from rl.slots import Batch, TopK

GROUPS, GROUP_SIZE = 8, 8
TRAIN, SELECTION, TEST = 1_000_000, 2_000_000, 3_000_000
"""Seeds of works begin here, so that no split shares one."""
HELD_OUT = 300
LOW, HIGH = 0.2, 0.28


@dataclass(frozen=True)
class Trial:
    """One arm of a comparison: how to train, everything else being equal.

    Attributes:
        name: of the arm.
        objective: a recipe's ``[objective]``.
        epochs: times that a round is learnt from.
        rounds: of 64 rollouts.
        step: learning rate.
        abstaining: reward for abstaining where wrong is -1 and right is 1; ``None`` scores
            abstention as right or wrong like any answer.
        labels: whether rewards know the answer.
        foreign: share of each group that another policy samples.
        shuffled: DelTA's own weights, but dealt to tokens at random.
        widened: factor on both bounds of the clip.
        kl: weight of KL to the start.
        distil: full-vocabulary distillation on the student's or the expert's states, alone.
        spoilt: start from the teacher instead.
    """

    name: str
    objective: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 2
    rounds: int = 60
    step: float = 3e-3
    abstaining: float | None = None
    labels: bool = True
    foreign: float = 0.0
    shuffled: bool = False
    widened: float = 1.0
    kl: float = 0.0
    distil: Literal["student", "expert"] | None = None
    spoilt: bool = False


@dataclass(frozen=True)
class Curve:
    """What was noted of each round."""

    reward: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    agreement: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    clipped: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """How a run ended, on works held out, and how it went."""

    start: Score
    selection: Score
    test: Score
    retained: float
    curve: Curve


class _Shuffled(Delta):
    """The control of DelTA: its weights, each on a token that did not earn it."""

    def weigh(self, batch: Batch, advantages_N: Tensor) -> Tensor:
        """Return ``(N, T)``."""
        weights = super().weigh(batch, advantages_N)
        valid = batch.mask_N_T > 0
        earned = weights[valid]
        order = torch.randperm(len(earned), generator=batch.generator)
        return weights.masked_scatter(valid, earned[order])


@cache
def warmed(seed: int, steps: int = 120, *, latest: float = 0.5, noise: float = 0.35) -> Policy:
    """Return a policy that imitated noisy demonstrations; cached, so never train it in place."""
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
        logps = policy(asked, ids).gather(2, ids.unsqueeze(2)).squeeze(2)
        own = shown.mask.clone()
        own[wrong, 1:] = 0
        _step(optimiser, -(logps * own).sum() / own.sum())
    return policy


def taught(seed: int) -> Policy:
    """Return a teacher: much practice on dated questions alone, so the other skill suffers."""
    return _specialist(seed)


@cache
def _specialist(seed: int) -> Policy:
    policy = copy.deepcopy(warmed(seed))
    optimiser = torch.optim.Adam(policy.parameters(), lr=3e-3)
    for step in range(250):
        asked = ask(64, TRAIN + 10_000 * seed + 5_000 + step)
        shown = expert(asked)
        logps = policy(asked, shown.ids).gather(2, shown.ids.unsqueeze(2)).squeeze(2)
        _step(optimiser, -(logps * shown.mask).sum() / shown.mask.sum())
    return policy


def run(trial: Trial, seed: int) -> Result:
    """Train one arm with one seed. The same seed gives every arm the same start and questions."""
    torch.set_num_threads(1)
    start = taught(seed) if trial.spoilt else warmed(seed)
    policy, curve = copy.deepcopy(start), Curve()
    optimiser = torch.optim.Adam(policy.parameters(), lr=trial.step)
    objective = _objective(trial)
    chance = torch.Generator().manual_seed(seed)
    for number in range(trial.rounds):
        asked = ask(GROUPS, TRAIN + 10_000 * seed + 1_000 + number)
        asked = asked.take(torch.arange(GROUPS).repeat_interleave(GROUP_SIZE))
        if trial.distil:
            _distil(trial, policy, taught(seed), asked, optimiser, chance)
        else:
            _round(trial, objective, (policy, start, seed), asked, optimiser, chance, curve)
    held = {split: ask(HELD_OUT, split + seed) for split in (SELECTION, TEST)}
    other = ask(HELD_OUT, TEST + seed, latest=True)
    return Result(
        start=score(start, held[TEST], start),
        selection=score(policy, held[SELECTION], start),
        test=score(policy, held[TEST], start),
        retained=score(policy, other, start).accuracy,
        curve=curve,
    )


def _objective(trial: Trial) -> Objective:
    objective = build_objective(ObjectiveSettings.model_validate(trial.objective))
    return replace(objective, weights=(_Shuffled(),)) if trial.shuffled else objective


def _round(  # noqa: PLR0913
    trial: Trial,
    objective: Objective,
    who: tuple[Policy, Policy, int],
    asked: Asked,
    optimiser: torch.optim.Optimizer,
    chance: torch.Generator,
    curve: Curve,
) -> None:
    policy, start, seed = who
    written, own = _mixed(trial, policy, asked, seed, chance)
    judged = judge(asked, written.ids)
    batch = _batch(trial, objective, (policy, start, taught), asked, written, judged, own, seed)
    shaped = shape(objective, batch)
    clipped = 0.0
    for _ in range(trial.epochs):
        clipped = _learn(trial, objective, (policy, start), asked, shaped, optimiser, chance)
    curve.reward.append(float(torch.nan_to_num(shaped.batch.rewards_N_F).sum(1).mean()))
    curve.accuracy.append(float(judged.task.mean()))
    keys = judged.keys.reshape(-1, GROUP_SIZE)
    curve.agreement.append(float((keys.unsqueeze(2) == keys.unsqueeze(1)).float().mean()))
    assert batch.entropies_N_T is not None
    curve.entropy.append(float(batch.entropies_N_T[:, 0].mean()))
    curve.clipped.append(clipped)


def _mixed(
    trial: Trial, policy: Policy, asked: Asked, seed: int, chance: torch.Generator
) -> tuple[Written, Tensor]:
    """Return what was written, the last of each group by another policy, and by whom."""
    mine = write(policy, asked, chance)
    own = torch.ones(len(asked), dtype=torch.bool)
    if not trial.foreign:
        return mine, own
    theirs = write(warmed(seed + 500), asked, chance)
    place = torch.arange(len(asked)) % GROUP_SIZE
    own = place < round((1 - trial.foreign) * GROUP_SIZE)
    pick = own.unsqueeze(1)
    return Written(
        torch.where(pick, mine.ids, theirs.ids),
        torch.where(pick, mine.mask, theirs.mask),
        torch.where(pick, mine.logps, theirs.logps),
    ), own


def _batch(  # noqa: PLR0913
    trial: Trial,
    objective: Objective,
    who: tuple[Policy, Policy, Callable[[int], Policy]],
    asked: Asked,
    written: Written,
    judged: Judged,
    own: Tensor,
    seed: int,
) -> Batch:
    policy, start, teacher_of = who
    chosen = written.ids.unsqueeze(2)
    with torch.no_grad():
        hidden = policy.hidden(asked, written.ids)
        logps, before = policy.head(hidden).log_softmax(-1), start(asked, written.ids)
        taught_by = teacher_of(seed)(asked, written.ids) if _teaching(objective) else None

    def chunks() -> Iterator[tuple[slice, Tensor]]:
        yield slice(0, len(hidden)), hidden

    ids = torch.arange(VOCABULARY).expand(len(asked), TOKENS, -1)
    top = TopK(
        ids,
        logps,
        ids,
        before,
        torch.nn.functional.normalize(start.head.weight.detach(), dim=1),
    )
    rewards = _rewards(trial, judged)
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
        old_logps_N_T=logps.gather(2, chosen).squeeze(2),
        entropies_N_T=-(logps.exp() * logps).sum(-1),
        certainty_N_T=-torch.log(torch.tensor(float(VOCABULARY))) - logps.mean(-1),
        teacher_logps_N_T=None if taught_by is None else taught_by.gather(2, chosen).squeeze(2),
        top_k=top,
        hidden_chunks=chunks,
        generator=torch.Generator().manual_seed(seed),
    )


def _teaching(objective: Objective) -> bool:
    return "teacher_logps" in objective.needs


def _rewards(trial: Trial, judged: Judged) -> Tensor:
    """Return the channels ``(N, F)``."""
    if not trial.labels:
        return judged.form.unsqueeze(1) * 0.0
    if trial.abstaining is None:
        return torch.stack([judged.task, judged.temporal, judged.form], dim=1)
    ternary = torch.where(judged.outcomes == Outcome.CORRECT.value, 1.0, -1.0)
    abstained = judged.outcomes == Outcome.ABSTAINED.value
    return torch.where(abstained, trial.abstaining, ternary).unsqueeze(1)


def _learn(  # noqa: PLR0913
    trial: Trial,
    objective: Objective,
    who: tuple[Policy, Policy],
    asked: Asked,
    shaped: Shaped,
    optimiser: torch.optim.Optimizer,
    chance: torch.Generator,
) -> float:
    """Take one optimiser step; return the share of tokens whose clip was active."""
    policy, start = who
    batch, advantages = shaped.batch, shaped.advantages_N_T
    assert batch.old_logps_N_T is not None
    chosen = batch.completion_ids_N_T.unsqueeze(2)
    logps = policy(asked, batch.completion_ids_N_T).gather(2, chosen).squeeze(2)
    ratio = torch.exp(logps - batch.old_logps_N_T)
    low, high = bounds(
        objective.clip,
        trial.widened * LOW,
        trial.widened * HIGH,
        shaped.selected_R_N_T,
        logps,
        chance,
    )
    lower, upper = torch.as_tensor(low), torch.as_tensor(high)
    inside = torch.clamp(ratio, 1 - lower, 1 + upper)
    loss = -torch.min(ratio * advantages, inside * advantages)
    loss = loss + penalty(objective.regularisers, logps, batch.old_logps_N_T, shaped.selected_R_N_T)
    if trial.kl:
        with torch.no_grad():
            before = start(asked, batch.completion_ids_N_T).gather(2, chosen).squeeze(2)
        loss = loss + trial.kl * (torch.exp(before - logps) - (before - logps) - 1)
    mask = batch.mask_N_T
    _step(optimiser, (loss * mask).sum() / mask.sum().clamp(min=1))
    cut = ((ratio > 1 + upper) & (advantages > 0)) | ((ratio < 1 - lower) & (advantages < 0))
    return float((cut * mask).sum() / mask.sum().clamp(min=1))


def _distil(  # noqa: PLR0913
    trial: Trial,
    policy: Policy,
    teacher: Policy,
    asked: Asked,
    optimiser: torch.optim.Optimizer,
    chance: torch.Generator,
) -> None:
    """One step of reverse KL to the teacher; only whose states they are differs between arms."""
    states = write(policy, asked, chance) if trial.distil == "student" else expert(asked)
    with torch.no_grad():
        opinion = teacher(asked, states.ids)
    _step(optimiser, jensen_shannon(policy(asked, states.ids), opinion, states.mask, beta=1.0))


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def gradient_noise(trial: Trial, seed: int, draws: int = 48) -> float:
    """Return the variance of the gradient over resampled rounds, over its squared mean."""
    start = warmed(seed)
    objective = _objective(trial)
    asked = ask(GROUPS, TRAIN + 10_000 * seed)
    asked = asked.take(torch.arange(GROUPS).repeat_interleave(GROUP_SIZE))
    chance = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(draws):
        policy = copy.deepcopy(start)
        written, own = _mixed(trial, policy, asked, seed, chance)
        judged = judge(asked, written.ids)
        batch = _batch(trial, objective, (policy, start, taught), asked, written, judged, own, seed)
        advantages = shape(objective, batch).advantages_N_T
        logps = policy(asked, written.ids).gather(2, written.ids.unsqueeze(2)).squeeze(2)
        loss = -(logps * advantages * written.mask).sum() / written.mask.sum()
        grads = torch.autograd.grad(loss, list(policy.parameters()))
        found.append(torch.cat([g.flatten() for g in grads]))
    drawn = torch.stack(found)
    return float(drawn.var(dim=0).sum() / drawn.mean(dim=0).square().sum())
