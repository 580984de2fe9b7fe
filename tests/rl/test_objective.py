"""The slots in their order: weights before additives, masks last, faults named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")

from rl.objective.compose import Objective, bounds, build_objective, penalty, shape  # noqa: E402
from rl.objective.methods.settings import (  # noqa: E402
    SETTINGS,
    ChannelSettings,
    FtisFilterSettings,
    MethodSettings,
    slot_of,
)
from rl.objective.methods.stock import Grpo, Ppo  # noqa: E402
from rl.objective.slots import (  # noqa: E402
    AdditiveSlot,
    Batch,
    ChannelSlot,
    PostSlot,
    RegulariserSlot,
    WeightSlot,
)
from rl.recipes.recipe import ObjectiveSettings  # noqa: E402

MASK = torch.tensor([[1.0, 1, 0, 1], [1, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
REWARDS = torch.tensor([[0.0], [1.0], [2.0], [4.0]])


def batch(**more: Any) -> Batch:
    return Batch(
        group_size=2,
        channels=("task",),
        channel_weights_F=torch.ones(1),
        rewards_N_F=REWARDS,
        completion_ids_N_T=torch.zeros(4, 4, dtype=torch.long),
        mask_N_T=MASK,
        outcomes_N=torch.zeros(4, dtype=torch.long),
        answer_keys_N=torch.zeros(4, dtype=torch.long),
        own_N=torch.ones(4, dtype=torch.bool),
        **more,
    )


@dataclass(frozen=True)
class Double(WeightSlot):
    settings: MethodSettings = field(default_factory=lambda: MethodSettings(kind="double"))

    def weigh(self, batch: Batch, advantages_N: Any) -> Any:
        return torch.full_like(batch.mask_N_T, 2.0)


@dataclass(frozen=True)
class Plus(AdditiveSlot):
    settings: MethodSettings = field(default_factory=lambda: MethodSettings(kind="plus"))

    def add(self, batch: Batch, advantages_N_T: Any) -> Any:
        return torch.where(batch.mask_N_T > 0, 0.5, torch.nan)


@dataclass(frozen=True)
class Flip(PostSlot):
    settings: MethodSettings = field(default_factory=lambda: MethodSettings(kind="flip"))

    def adjust(self, batch: Batch, advantages_N: Any) -> Any:
        return -advantages_N


@dataclass(frozen=True)
class Negative(WeightSlot):
    settings: MethodSettings = field(default_factory=lambda: MethodSettings(kind="negative"))

    def weigh(self, batch: Batch, advantages_N: Any) -> Any:
        return -torch.ones_like(batch.mask_N_T)


@dataclass(frozen=True)
class Ones(ChannelSlot):
    settings: ChannelSettings = field(
        default_factory=lambda: ChannelSettings(kind="ones", weight=3.0)
    )

    def reward(self, batch: Batch) -> Any:
        return torch.tensor([1.0, float("nan"), 1.0, 2.0])


@dataclass(frozen=True)
class FirstToken(RegulariserSlot):
    settings: MethodSettings = field(default_factory=lambda: MethodSettings(kind="first_token"))

    def select(self, batch: Batch, advantages_N_T: Any) -> Any:
        return torch.arange(4).expand(4, 4) == 0

    def penalty(self, logps_N_T: Any, old_logps_N_T: Any, selected_N_T: Any) -> Any:
        return (logps_N_T - old_logps_N_T).abs() * selected_N_T


def test_plain_grpo_gives_every_own_token_its_rollout_s_advantage() -> None:
    shaped = shape(Objective(), batch())
    expected = Grpo().estimate(batch())
    assert torch.equal(shaped.advantages_N, expected)
    assert torch.equal(shaped.advantages_N_T, expected[:, None] * MASK)


def test_additives_come_after_weights_so_that_weights_commute_with_the_clip() -> None:
    shaped = shape(Objective(post=(Flip(),), weights=(Double(),), additives=(Plus(),)), batch())
    expected = (-2.0 * Grpo().estimate(batch())[:, None] + 0.5) * MASK
    assert torch.allclose(shaped.advantages_N_T, expected)


def test_a_weight_folds_into_the_advantage_and_a_negative_one_does_not() -> None:
    ratio, advantage = torch.tensor([0.5, 0.9, 1.1, 2.0]), torch.tensor([1.0, -1.0, 1.0, -1.0])

    def loss(a: Any) -> Any:
        return -torch.minimum(ratio * a, ratio.clamp(0.8, 1.28) * a)

    for weight, same in ((1.7, True), (0.0, True), (-1.0, False)):
        folded = torch.allclose(weight * loss(advantage), loss(weight * advantage), atol=1e-6)
        assert folded is same


def test_a_negative_weight_is_refused_by_the_name_of_its_method() -> None:
    with pytest.raises(ValueError, match="negative gives a weight"):
        shape(Objective(weights=(Negative(),)), batch())


def test_what_stands_outside_the_mask_never_enters_even_as_nan() -> None:
    shaped = shape(Objective(additives=(Plus(),)), batch())
    assert torch.equal(shaped.advantages_N_T[MASK == 0], torch.zeros(7))
    assert torch.isfinite(shaped.advantages_N_T).all()


@dataclass(frozen=True)
class Endless(AdditiveSlot):
    settings: MethodSettings = field(default_factory=lambda: MethodSettings(kind="endless"))

    def add(self, batch: Batch, advantages_N_T: Any) -> Any:
        return torch.full_like(advantages_N_T, torch.inf)


def test_an_advantage_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not a finite number; the methods are grpo, endless"):
        shape(Objective(additives=(Endless(),)), batch())


def test_channels_of_tensors_join_those_of_traces_with_their_weights() -> None:
    shaped = shape(Objective(channels=(Ones(),)), batch())
    assert shaped.batch.channels == ("task", "ones")
    assert shaped.batch.channel_weights_F.tolist() == [1.0, 3.0]
    totals = torch.tensor([[3.0, 1.0], [5.0, 10.0]])
    centred = totals - totals.mean(1, keepdim=True)
    expected = (centred / (totals.std(1, keepdim=True) + 1e-4)).flatten()
    assert torch.allclose(shaped.advantages_N, expected, atol=1e-5)


def test_tokens_of_a_regulariser_are_never_clipped_and_never_masked_ones() -> None:
    objective = Objective(regularisers=(FirstToken(),))
    shaped = shape(objective, batch())
    (selected,) = shaped.selected_R_N_T
    assert selected[:, 0].tolist() == [True, True, True, False]
    chance = torch.Generator()
    low, high = bounds(Ppo(), 0.2, 0.28, shaped.selected_R_N_T, MASK, chance)
    assert isinstance(low, torch.Tensor)
    assert isinstance(high, torch.Tensor)
    assert torch.isinf(low[selected]).all()
    assert torch.isinf(high[selected]).all()
    assert torch.equal(low[~selected], torch.full((13,), 0.2))
    assert bounds(Ppo(), 0.2, 0.28, (), MASK, chance) == (0.2, 0.28)


def test_penalties_have_a_gradient_on_their_own_tokens_alone() -> None:
    logps = torch.zeros(4, 4, requires_grad=True)
    selected = (shape(Objective(regularisers=(FirstToken(),)), batch()).selected_R_N_T)[0]
    penalty((FirstToken(),), logps, torch.ones(4, 4), (selected,)).sum().backward()
    assert logps.grad is not None
    assert torch.equal(logps.grad != 0, selected)


@pytest.mark.parametrize(("slot", "kind"), [(slot_of(kind), kind) for kind in SETTINGS])
def test_every_method_fills_the_slot_that_its_settings_are_declared_for(
    slot: str, kind: str
) -> None:
    objective = build_objective(ObjectiveSettings.model_validate({slot: kind}))
    filled = getattr(objective, slot)
    (one,) = filled if isinstance(filled, tuple) else (filled,)
    assert one.kind == kind
    assert one.settings == SETTINGS[kind]()


def test_an_objective_says_which_tensors_it_needs() -> None:
    filled = build_objective(ObjectiveSettings(post=(FtisFilterSettings(),)))
    assert filled.needs == {"old_logps"}
    assert Objective().needs == frozenset()
