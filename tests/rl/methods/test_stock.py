"""GRPO, GDPO, RLOO: by hand, and against TRL's own arithmetic (T19)."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rl.objective.methods.groups import grouped, nanstd  # noqa: E402
from rl.objective.methods.stock import (  # noqa: E402
    Gdpo,
    Grpo,
    channel_norm,
    group_norm,
    leave_one_out,
)
from tests.rl.methods.batches import a_batch  # noqa: E402


def test_two_right_of_four_by_hand() -> None:
    found = group_norm(torch.tensor([1.0, 1.0, 0.0, 0.0], dtype=torch.float64), 4)
    std = math.sqrt(4 * 0.25 / 3)
    expected = 0.5 / (std + 1e-4)
    torch.testing.assert_close(found, torch.tensor([1, 1, -1, -1], dtype=torch.float64) * expected)


def test_groups_are_neighbours() -> None:
    found = group_norm(torch.tensor([1.0, 0.0, 5.0, 5.0]), 2, scale="none")
    assert found.tolist() == [0.5, -0.5, 0.0, 0.0]


def test_the_batch_scale_divides_by_one_number() -> None:
    rewards = torch.tensor([1.0, 0.0, 9.0, 5.0], dtype=torch.float64)
    found = group_norm(rewards, 2, scale="batch")
    torch.testing.assert_close(
        found * (rewards.std() + 1e-4), torch.tensor([0.5, -0.5, 2, -2]).double()
    )


def test_each_is_compared_with_the_others_only() -> None:
    found = leave_one_out(torch.tensor([1.0, 0.0, 0.0, torch.nan]), 4)
    assert found.tolist() == [1.0, -0.5, -0.5, 0.0]


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(0.5, 1000), seed=st.integers(0, 99))
def test_gdpo_ignores_the_scale_of_a_channel(scale: float, seed: int) -> None:
    rewards = torch.nan_to_num(a_batch(4, 8, seed=seed).rewards_N_F, nan=0.2).double() * 10
    weights = torch.tensor([1.0, 0.5])
    scaled = rewards * torch.tensor([1.0, scale])
    torch.testing.assert_close(
        channel_norm(scaled, weights, 8), channel_norm(rewards, weights, 8), atol=1e-3, rtol=0
    )


def test_a_channel_that_says_the_same_of_all_adds_nothing() -> None:
    rewards = torch.nan_to_num(a_batch(2, 4).rewards_N_F, nan=0.2).double()
    flat = rewards.clone()
    flat[:, 1] = 7.0
    alone = channel_norm(rewards[:, :1], torch.ones(1), 4)
    torch.testing.assert_close(channel_norm(flat, torch.ones(2), 4), alone, atol=1e-3, rtol=0)


def test_a_number_of_rollouts_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(ValueError, match="7 rollouts do not divide into groups of 2"):
        grouped(torch.zeros(7), 2)


@pytest.mark.parametrize("seed", range(3))
def test_the_deviation_is_trls_to_the_last_bit(seed: int) -> None:
    pytest.importorskip("trl", reason="needs the extra train")
    from trl.trainer.utils import nanstd as trl_nanstd

    rewards = a_batch(3, 8, seed=seed).rewards_N_F[:, 0].reshape(3, 8)
    theirs = trl_nanstd(rewards, dim=1, keepdim=True)
    assert torch.equal(nanstd(rewards, 1), theirs)


def test_a_channel_of_weight_0_says_nothing_and_one_of_weight_2_decides() -> None:
    rewards = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    for method in (Grpo(), Gdpo()):
        for weights, sign in (([1.0, 0.0], 1), ([0.0, 1.0], -1), ([1.0, 2.0], -1)):
            batch = a_batch(1, 4, rewards_N_F=rewards, channel_weights_F=torch.tensor(weights))
            found = torch.sign(method.estimate(batch)).tolist()
            assert found == [sign, -sign, sign, -sign], (method.kind, weights)


def test_gdpo_is_whitened_over_the_batch() -> None:
    """Two channels that agree give groups twice as wide as one; the batch has deviation 1."""
    rewards = torch.tensor([[1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    batch = a_batch(2, 2, rewards_N_F=rewards, channel_weights_F=torch.ones(2))
    found = Gdpo().estimate(batch)
    assert float(found.std()) == pytest.approx(1.0, abs=1e-3)
    assert found.tolist() == pytest.approx([1.2247, -1.2247, 0.0, 0.0], abs=1e-3)
