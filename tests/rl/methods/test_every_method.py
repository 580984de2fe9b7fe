"""What holds of every method, whatever it does: shapes, masks, chance, precision and order."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from dataclasses import fields, replace  # noqa: E402

from hypothesis import assume, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch import Tensor  # noqa: E402

from rl.objective.methods.registry import METHODS as BY_SETTINGS  # noqa: E402
from rl.objective.methods.settings import SETTINGS  # noqa: E402
from rl.objective.slots import (  # noqa: E402
    AdditiveSlot,
    AdvantageSlot,
    Batch,
    ChannelSlot,
    ClipSlot,
    PostSlot,
    RegulariserSlot,
    Slot,
    WeightSlot,
)
from tests.rl.methods.batches import a_batch, permuted  # noqa: E402

METHODS = {kind: BY_SETTINGS[settings] for kind, settings in SETTINGS.items()}
KINDS = sorted(METHODS)
PER_TOKEN = (WeightSlot, AdditiveSlot, RegulariserSlot, ClipSlot)


def act(slot: Slot, batch: Batch) -> Tensor:
    """What the method makes of a batch, whichever slot it fills."""
    n, tokens = batch.mask_N_T.shape
    advantages = torch.linspace(-1, 1, n, dtype=batch.rewards_N_F.dtype)
    per_token = advantages.unsqueeze(1) * torch.linspace(0.5, 1.5, tokens) * batch.mask_N_T
    match slot:
        case ChannelSlot():
            return slot.reward(batch)
        case AdvantageSlot():
            return slot.estimate(batch)
        case PostSlot():
            return slot.adjust(batch, advantages)
        case WeightSlot():
            return slot.weigh(batch, advantages) * batch.mask_N_T
        case AdditiveSlot():
            return slot.add(batch, per_token)
        case RegulariserSlot():
            return slot.select(batch, per_token)
        case ClipSlot():
            bounds = slot.epsilons(0.2, 0.28, batch.mask_N_T, batch.generator)
            return torch.stack([torch.as_tensor(b).expand_as(batch.mask_N_T) for b in bounds]).sum(
                0
            )
    raise AssertionError(slot)


def made(kind: str) -> Slot:
    return METHODS[kind](SETTINGS[kind]())


shapes = st.tuples(st.integers(1, 3), st.sampled_from([1, 2, 4, 5]), st.sampled_from([1, 2, 9]))
floats = st.sampled_from([torch.float32, torch.float64, torch.float16, torch.bfloat16])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(shape=shapes, dtype=floats, seed=st.integers(0, 99))
def test_any_shape_and_precision_is_finite(kind: str, shape: tuple[int, ...], dtype, seed) -> None:
    batch = a_batch(*shape, seed=seed, dtype=dtype)
    found = act(made(kind), batch)
    slot = METHODS[kind]
    assert found.shape == (batch.mask_N_T.shape if issubclass(slot, PER_TOKEN) else (len(found),))
    assert len(found) == len(batch.mask_N_T)
    if not issubclass(slot, ChannelSlot):
        assert bool(torch.isfinite(found).all())
    if issubclass(slot, WeightSlot):
        assert bool((found >= 0).all())
    assert not found.requires_grad


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(shape=shapes, seed=st.integers(0, 99))
def test_tokens_of_tools_get_nothing_and_say_nothing(kind: str, shape, seed: int) -> None:
    """What stands where the mask is 0 may be anything at all; it changes no result."""
    batch = a_batch(*shape, seed=seed)
    found = act(made(kind), batch)
    tools = batch.mask_N_T == 0
    if issubclass(METHODS[kind], (WeightSlot, AdditiveSlot, RegulariserSlot)):
        assert bool((found[tools] == 0).all())
    absurd = {
        field.name: value.masked_fill(tools, -1e6)
        for field in fields(batch)
        if isinstance(value := getattr(batch, field.name), Tensor)
        and value.shape == tools.shape
        and value.is_floating_point()
        and field.name.endswith("_N_T")
        and field.name != "mask_N_T"
    }
    again = replace(batch, generator=torch.Generator().manual_seed(seed), **absurd)
    torch.testing.assert_close(act(made(kind), again), found, equal_nan=True)


@pytest.mark.parametrize("kind", [k for k in KINDS if not issubclass(METHODS[k], ClipSlot)])
@settings(max_examples=15, deadline=None)
@given(groups=st.integers(1, 3), size=st.integers(1, 5), seed=st.integers(0, 99))
def test_order_within_a_group_does_not_matter(kind: str, groups, size, seed) -> None:
    batch = a_batch(groups, size, seed=seed)
    chance = torch.Generator().manual_seed(seed)
    order = torch.cat([torch.randperm(size, generator=chance) + g * size for g in range(groups)])
    slot = made(kind)
    if isinstance(slot, ChannelSlot | AdvantageSlot):
        there, here = act(slot, permuted(batch, order)), act(slot, batch)[order]
    else:
        advantages = torch.randn(groups * size, generator=chance)
        there, here = (
            _with_advantages(slot, permuted(batch, order), advantages[order]),
            _with_advantages(slot, batch, advantages)[order],
        )
    torch.testing.assert_close(there, here, equal_nan=True, atol=1e-4, rtol=1e-4)


def _with_advantages(slot: Slot, batch: Batch, advantages: Tensor) -> Tensor:
    per_token = advantages.unsqueeze(1) * batch.mask_N_T
    match slot:
        case PostSlot():
            return slot.adjust(batch, advantages)
        case WeightSlot():
            return slot.weigh(batch, advantages)
        case AdditiveSlot():
            return slot.add(batch, per_token)
        case RegulariserSlot():
            return slot.select(batch, per_token)
    raise AssertionError(slot)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_valid_is_nothing_at_all(kind: str) -> None:
    """Every token a tool's, every reward unknown, every rollout excluded."""
    batch = a_batch()
    n = len(batch.mask_N_T)
    empty = replace(
        batch,
        mask_N_T=torch.zeros_like(batch.mask_N_T),
        rewards_N_F=torch.full_like(batch.rewards_N_F, torch.nan),
        outcomes_N=torch.full((n,), -1),
        answer_keys_N=torch.full((n,), -1),
    )
    slot = made(kind)
    found = act(slot, empty)
    match slot:
        case ChannelSlot():
            assert bool(torch.isnan(found).all())
        case AdvantageSlot() | WeightSlot() | AdditiveSlot() | RegulariserSlot():
            assert bool((found == 0).all())
        case PostSlot():
            torch.testing.assert_close(found, torch.linspace(-1, 1, n))


@pytest.mark.parametrize("kind", [k for k in KINDS if issubclass(METHODS[k], AdvantageSlot)])
@settings(max_examples=25, deadline=None)
@given(
    shift=st.floats(-5, 5),
    scale=st.floats(0.5, 20),
    size=st.integers(1, 6),
    seed=st.integers(0, 99),
)
def test_advantages_ignore_a_shift_and_follow_a_scale(kind, shift, scale, size, seed) -> None:
    batch = a_batch(2, size, seed=seed, dtype=torch.float64)
    rewards = torch.nan_to_num(batch.rewards_N_F, nan=0.5)
    # The 1e-4 beside a group's deviation shows where the deviation is as small.
    deviations = rewards.unflatten(0, (-1, size)).std(dim=1, correction=0)
    assume(size == 1 or bool((deviations > 0.02).all()))
    slot = made(kind)
    plain = slot.estimate(replace(batch, rewards_N_F=rewards))
    shifted = slot.estimate(replace(batch, rewards_N_F=rewards + shift))
    torch.testing.assert_close(shifted, plain, atol=1e-7, rtol=1e-7)
    scaled = slot.estimate(replace(batch, rewards_N_F=rewards * scale))
    normed = kind in {"grpo", "gdpo"}
    close = {"atol": 2e-2, "rtol": 2e-2} if normed else {"atol": 1e-7, "rtol": 1e-7}
    torch.testing.assert_close(scaled, plain if normed else plain * scale, **close)


@pytest.mark.parametrize("kind", [k for k in KINDS if issubclass(METHODS[k], AdvantageSlot)])
def test_equal_rewards_give_no_advantage(kind: str) -> None:
    batch = a_batch()
    equal = replace(batch, rewards_N_F=torch.full_like(batch.rewards_N_F, 0.3))
    torch.testing.assert_close(made(kind).estimate(equal), torch.zeros(8), atol=1e-3, rtol=0)
    alone = replace(batch, group_size=1)
    if kind != "gdpo":
        assert bool((made(kind).estimate(alone) == 0).all())


@pytest.mark.parametrize("kind", [k for k in KINDS if issubclass(METHODS[k], AdvantageSlot)])
def test_an_unscored_rollout_moves_nobody(kind: str) -> None:
    """NaN is not 0: the others' advantages are those of the group without it."""
    rewards = torch.tensor([[1.0], [0.0], [0.5], [torch.nan]])
    batch = a_batch(1, 4, channel_weights_F=torch.ones(1), rewards_N_F=rewards)
    found = made(kind).estimate(batch)
    assert found[3] == 0
    three = permuted(batch, torch.tensor([0, 1, 2, 3]))
    fewer = replace(
        three,
        group_size=3,
        rewards_N_F=rewards[:3],
        mask_N_T=batch.mask_N_T[:3],
        old_logps_N_T=batch.old_logps_N_T[:3],
    )
    torch.testing.assert_close(found[:3], made(kind).estimate(fewer))
