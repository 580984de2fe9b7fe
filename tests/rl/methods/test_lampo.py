"""LamPO's four properties (T7)."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rl.objective.methods.lampo import Lampo, pair_weights, pairwise  # noqa: E402
from rl.objective.methods.settings import LampoSettings  # noqa: E402
from rl.objective.methods.stock import leave_one_out  # noqa: E402
from tests.rl.methods.batches import a_batch  # noqa: E402


def group(seed: int, size: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    chance = torch.Generator().manual_seed(seed)
    rewards, confidences = (
        torch.randn(2 * size, generator=chance, dtype=torch.float64) for _ in range(2)
    )
    return rewards, confidences


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), size=st.integers(2, 9))
def test_uniform_weights_are_rloo_and_a_cold_sigmoid_half_of_it(seed: int, size: int) -> None:
    rewards, confidences = group(seed, size)
    rloo = leave_one_out(rewards, size)
    uniform = pairwise(rewards, confidences, size, "uniform")
    torch.testing.assert_close(uniform, rloo, atol=1e-9, rtol=0)
    for mode in ("lampo", "lambdarank"):
        flat = pairwise(rewards, confidences, size, mode, tau=1e12)
        torch.testing.assert_close(flat, rloo / 2, atol=1e-9, rtol=0)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999), size=st.integers(1, 9), tau=st.floats(0.05, 5))
def test_symmetric_weights_sum_to_zero_in_every_group(seed: int, size: int, tau: float) -> None:
    rewards, confidences = group(seed, size)
    found = pairwise(rewards, confidences, size, "lambdarank", tau).reshape(-1, size)
    torch.testing.assert_close(found.sum(1), torch.zeros(2).double(), atol=1e-9, rtol=0)
    gaps = (rewards[:, None] - rewards[None])[None]
    weights = pair_weights(confidences[None], gaps, "lambdarank", tau)
    torch.testing.assert_close(weights, weights.transpose(1, 2), atol=1e-12, rtol=0)


def test_the_reported_sign_leaves_a_net_push() -> None:
    rewards, confidences = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([1.0, 0.0, -1.0])
    assert float(pairwise(rewards, confidences, 3, "lampo").sum()) > 0.1


@pytest.mark.parametrize("mode", ["lampo", "lambdarank", "uniform"])
def test_equal_rewards_give_exactly_nothing(mode) -> None:
    found = pairwise(torch.full((4,), 0.7), torch.randn(4), 4, mode)
    assert torch.equal(found, torch.zeros(4))


def test_two_by_hand() -> None:
    confidences = torch.tensor([0.0, 1.0], dtype=torch.float64)
    rewards = torch.tensor([1.0, 0.0], dtype=torch.float64)
    up = torch.sigmoid(torch.tensor(1.0, dtype=torch.float64))
    lampo = pairwise(rewards, confidences, 2, "lampo")
    torch.testing.assert_close(lampo, torch.stack([1 - up, -up]))
    rank = pairwise(rewards, confidences, 2, "lambdarank")
    torch.testing.assert_close(rank, torch.stack([up, -up]))


def test_a_long_rollout_is_as_likely_as_a_short_one_of_the_same_mean() -> None:
    """Confidences are means over the own tokens: a sum would call the long one unlikely."""
    logps = torch.tensor([[-1.0, -1.0, -1.0, -1.0], [-1.0, -9.0, 0.0, 0.0]])
    mask = torch.tensor([[1.0, 1, 1, 1], [1.0, 0, 0, 0]])
    batch = a_batch(
        1,
        2,
        4,
        old_logps_N_T=logps,
        mask_N_T=mask,
        rewards_N_F=torch.tensor([[1.0], [0.0]]),
        channel_weights_F=torch.ones(1),
        channels=("task",),
    )
    assert Lampo(LampoSettings(tau=1.0)).estimate(batch).tolist() == [0.5, -0.5]
    scaled = Lampo(LampoSettings(tau=1.0, scaled=True)).estimate(batch)
    std = 2**-0.5  # of the rewards 1 and 0
    torch.testing.assert_close(scaled, torch.tensor([0.5, -0.5]) / (std + 1e-4))
